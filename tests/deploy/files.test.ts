/** The recipes, read as closely as can be: on every machine, also where the tests that follow them cannot run. */
import { execFileSync } from 'node:child_process';
import { access, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { onPath } from '../helpers/programs.ts';
import { commandsOf, NOT_RUN, PAGES } from './printed.ts';
import { recipe } from './recipes.ts';

const root = join(import.meta.dirname, '../..');

/** Options of a command line that the server does not know make it end with 1. */
function knows(args: readonly string[]): void {
  execFileSync(process.execPath, [join(root, 'demo-server/main.ts'), ...args, '--help'], { stdio: 'pipe' });
}

test.skipIf(!onPath(['systemd-analyze']))('systemd takes the unit', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pushlab-unit-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'pushlab@4321.service');
  await writeFile(file, await recipe('pushlab@.service'));
  // It says nothing of a unit that it has nothing against.
  const said = execFileSync('sh', ['-c', 'systemd-analyze verify "$0" 2>&1', file], { encoding: 'utf8' });
  expect(said.trim()).toBe('');
});

test('the image is built from files that there are, by scripts that there are, and runs a server that knows its options', async () => {
  const lines = (await recipe('Dockerfile')).replaceAll('\\\n', ' ').split('\n');
  const of = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  for (const copy of of('COPY').filter((line) => !line.startsWith('--from'))) {
    for (const path of copy.split(' ').slice(0, -1)) await access(join(root, path));
  }
  const copied = of('COPY').flatMap((line) => /^--from=build \/app\/(\S+)/.exec(line)?.[1] ?? []);
  for (const path of copied.filter((path) => path !== 'dist')) await access(join(root, path));
  expect(copied).toContain('dist');
  const [, ...entry] = JSON.parse(of('ENTRYPOINT')[0] ?? '[]') as string[];
  expect(entry[0]).toBe('demo-server/main.ts');
  knows(entry.slice(1));
  expect(of('USER')).toEqual(['node']);
  expect(of('HEALTHCHECK')[0]).toContain('GET /healthz HTTP/1.1');
});

test('the image is built with everything, and keeps all that the server imports', async () => {
  const lines = (await recipe('Dockerfile')).split('\n');
  // The bundler's machine code comes in packages that npm calls optional.
  expect(lines).toContain('RUN npm ci');
  const remove = /^RUN (npm pkg delete .*?) && npm prune/m.exec(lines.join('\n'))?.[1] ?? '';
  const folder = await mkdtemp(join(tmpdir(), 'pushlab-packages-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await copyFile(join(root, 'package.json'), join(folder, 'package.json'));
  execFileSync('sh', ['-c', remove], { cwd: folder, stdio: 'pipe' });
  const packagesIn = async (path: string) =>
    (JSON.parse(await readFile(join(path, 'package.json'), 'utf8')) as { dependencies: object }).dependencies;
  const kept = Object.keys(await packagesIn(folder));
  const removed = Object.keys(await packagesIn(root)).filter((name) => !kept.includes(name));
  expect(removed).toEqual(['@astrojs/starlight', 'astro', 'chart.js']);
  // To npm a dot is a step into an object: a name that has one would leave an empty one behind, and npm prune stops at it.
  expect(await packagesIn(root)).toMatchObject(await packagesIn(folder));
  const imports = execFileSync('git', ['grep', '-hoE', "from '[@a-z][^':]*'", '--', 'demo-server'], {
    cwd: root,
    encoding: 'utf8',
  });
  const packages = new Set([...imports.matchAll(/'([^']+)'/g)].map(([, name]) => name as string));
  for (const name of packages) {
    const own = name
      .split('/')
      .slice(0, name.startsWith('@') ? 2 : 1)
      .join('/');
    // Types alone are gone before it runs.
    if (own !== 'ws') expect(kept, own).toContain(own);
  }
});

test('compose starts two servers that find their Redis, behind the recipe for nginx', async () => {
  const { services } = parse(await recipe('compose.yaml'), { merge: true }) as {
    services: Record<string, { command?: string[]; environment?: Record<string, string>; depends_on?: object }>;
  };
  expect(Object.keys(services)).toEqual(['redis', 'server-1', 'server-2', 'nginx']);
  for (const name of ['server-1', 'server-2']) {
    expect(services[name]?.environment).toEqual({ REDIS_URL: 'redis://redis:6379' });
    knows((services[name]?.command ?? []).map((one) => one.replace(/\$\{.*\}/, 'pushlab.example')));
    expect(services.nginx?.depends_on).toMatchObject({ [name]: { condition: 'service_healthy' } });
  }
  const script = services.nginx?.command?.at(-1) ?? '';
  // A container that starts again runs it again.
  expect(script).not.toMatch(/>>|sed -i/);
  const conf = await recipe('nginx.conf');
  const replaced = [...script.matchAll(/s\/((?:# server )?[\d.:]+)\/(?:server )?([\w-]+):\d+\//g)];
  expect(replaced.map(([, , name]) => name)).toEqual(['server-1', 'server-2']);
  for (const [, address] of replaced) expect(conf).toContain(address);
});

/** Each page whose commands a test runs, and the test. */
const FOLLOWED: Readonly<Record<string, string>> = {
  'hosting/service': 'service-nginx.test.ts',
  'hosting/update-and-backup': 'service-nginx.test.ts',
  'hosting/logs-and-metrics': 'service-nginx.test.ts',
  'hosting/nginx': 'service-nginx.test.ts',
  'hosting/several-servers': 'service-nginx.test.ts',
  'hosting/static-host': 'service-nginx.test.ts',
  'hosting/caddy': 'caddy-page.test.ts',
};

test('every command of the pages on hosting is run as printed, or named with the reason why it is not', async () => {
  const unknown: string[] = [];
  let run = 0;
  const named = new Set<string>();
  for (const page of PAGES) {
    const follower = FOLLOWED[page];
    if (follower)
      expect(await readFile(join(import.meta.dirname, follower), 'utf8')).toContain(`follow(place, '${page}'`);
    for (const block of commandsOf(page)) {
      const reason = Object.keys(NOT_RUN).find((beginning) => block.startsWith(beginning));
      if (reason !== undefined) named.add(reason);
      else if (follower) run += 1;
      else unknown.push(`${page}: ${block}`);
    }
  }
  expect(unknown).toEqual([]);
  expect([...named].sort()).toEqual(Object.keys(NOT_RUN).sort());
  expect(run).toBeGreaterThan(named.size);
  // Those that run until they are stopped: their options at least are known.
  for (const [, options = ''] of PAGES.flatMap(commandsOf)
    .join('')
    .matchAll(/demo-server\/main\.ts (.*)$/gm))
    knows(options.split(' '));
});
