/** The repository is built as it says: five files for a technique, rooms that know nothing of each other. */
import { execFile } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { clients } from '../../demo-server/clients/index.ts';
import { LADDER, TECHNIQUES } from '../../demo-server/protocol.ts';
import { techniques as serverRooms } from '../../demo-server/techniques/index.ts';
import { techniques as browserRooms } from '../../site/techniques/index.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const lessons = readdirSync(join(root, 'content/docs/lessons'));

describe.each(TECHNIQUES)('%s', (id) => {
  test('has its five files: server, browser, program, lesson, test', () => {
    for (const path of [
      `demo-server/techniques/${id}.ts`,
      `site/techniques/${id}.ts`,
      `demo-server/clients/${id}.ts`,
      `tests/techniques/${id}.test.ts`,
    ]) {
      expect(existsSync(join(root, path)), path).toBe(true);
    }
    expect(lessons.filter((name) => name.replace(/^\d\d-/, '') === `${id}.mdx`)).toHaveLength(1);
  });

  test('runs the contract that all of them keep, in its own name', () => {
    const caller = read(`tests/techniques/${id}.test.ts`);
    expect(caller).toMatch(new RegExp(`^contract\\(\\{[^}]*id: '${id}'`, 'm'));
  });

  test('is served on the route of its name, and its lesson is that of its name', () => {
    expect(read(`demo-server/techniques/${id}.ts`)).toContain(`/push/${id}'`);
    const [lesson] = lessons.filter((name) => name.endsWith(`-${id}.mdx`));
    expect(read(`content/docs/lessons/${lesson}`)).toContain(id);
  });
});

test('the lists and the lessons are in the order of the techniques', () => {
  expect(serverRooms.map(({ id }) => id)).toEqual([...TECHNIQUES]);
  expect(browserRooms.map(({ id }) => id)).toEqual([...TECHNIQUES]);
  expect(clients.map(({ id }) => id)).toEqual([...TECHNIQUES]);
  const rungs = lessons.filter((name) => TECHNIQUES.some((id) => name.endsWith(`-${id}.mdx`))).sort();
  expect(rungs.map((name) => name.replace(/^\d\d-|\.mdx$/g, ''))).toEqual([...TECHNIQUES]);
});

test('the rooms hold techniques, their list, and what they share, and nothing else', () => {
  const files = (folder: string): string[] =>
    readdirSync(join(root, folder))
      .filter((name) => name !== 'README.md')
      .sort();
  const rooms = TECHNIQUES.map((id) => `${id}.ts`);
  expect(files('demo-server/techniques')).toEqual([...rooms, 'index.ts'].sort());
  expect(files('site/techniques')).toEqual([...rooms, 'index.ts', 'requests.ts'].sort());
  expect(files('demo-server/clients')).toEqual([...rooms, 'index.ts', 'client.ts', 'uplink.ts'].sort());
});

describe('lint', () => {
  /** For one file: what it may import, and what it may not. */
  const boundaries: { file: string; may: string[]; mayNot: string[] }[] = [
    {
      file: 'demo-server/protocol.ts',
      may: ['./protocol/events.ts', './protocol/ledger.ts'],
      mayNot: ['./feed.ts', './limits.ts', '../site/locales.ts', 'node:crypto', 'fastify', 'ws'],
    },
    {
      file: 'demo-server/protocol/settings.ts',
      may: ['./faults.ts', './techniques.ts'],
      mayNot: ['../feed.ts', '../limits.ts', '../protocol.ts', '../../site/locales.ts', 'node:crypto', 'fastify', 'ws'],
    },
    {
      file: 'demo-server/feed.ts',
      may: ['./protocol.ts', 'node:crypto'],
      mayNot: ['../site/locales.ts', '../tests/helpers/raw.ts'],
    },
    ...TECHNIQUES.map((id) => ({
      file: `demo-server/techniques/${id}.ts`,
      may: [
        '../protocol.ts',
        '../feed.ts',
        '../push.ts',
        '../refusal.ts',
        '../schemas/push.ts',
        'node:http',
        'fastify',
      ],
      mayNot: [
        './other.ts',
        './index.ts',
        '../techniques/other.ts',
        '../wire/ledger.ts',
        '../wire/tap.ts',
        '../runs.ts',
        '../app.ts',
        '../../site/techniques/other.ts',
      ],
    })),
    ...[...TECHNIQUES, 'client'].map((id) => ({
      file: `demo-server/clients/${id}.ts`,
      may: ['../protocol.ts', '../measure/lane.ts', './client.ts', './uplink.ts', 'node:http'],
      mayNot: ['./other.ts', './index.ts', '../techniques/other.ts', '../feed.ts', '../app.ts', 'fastify', 'ws'],
    })),
    {
      file: 'demo-server/classroom/protocol.ts',
      may: ['../protocol.ts'],
      mayNot: ['./state.ts', '../feed.ts', 'node:crypto', '../../site/locales.ts'],
    },
    ...['log/state', 'seats/pictures', 'run/tally', 'run/measured', 'seats/export'].map((name) => ({
      file: `demo-server/classroom/${name}.ts`,
      may: ['../protocol.ts', '../../protocol.ts'],
      mayNot: [
        '../socket.ts',
        './log.ts',
        '../../feed.ts',
        '../../runs/runs.ts',
        'node:sqlite',
        'node:crypto',
        'fastify',
      ],
    })),
    {
      file: 'demo-server/measure/recording.ts',
      may: ['../protocol.ts', './store.ts', './run-schema.json'],
      mayNot: ['../feed.ts', '../runs/runs.ts', '../../site/kit/words.ts', 'node:crypto', 'fastify', 'chart.js'],
    },
    { file: 'demo-server/techniques/index.ts', may: ['./sse.ts', '../protocol.ts'], mayNot: ['../../site/locales.ts'] },
    ...['meter', 'sink', 'frames', 'events', 'head', 'chunks', 'hold', 'scan'].map((name) => ({
      file: `demo-server/wire/${name}.ts`,
      may: ['./hold.ts', './meter.ts', './sink.ts', './head.ts', './chunks.ts', './frames.ts', './events.ts'],
      mayNot: [
        './ledger.ts',
        './tap.ts',
        './transcript.ts',
        '../protocol.ts',
        '../feed.ts',
        '../techniques/sse.ts',
        'node:buffer',
        'node:net',
        'fastify',
        'ws',
      ],
    })),
    ...['ledger', 'transcript', 'account', 'connection', 'one-that-comes-later'].map((name) => ({
      file: `demo-server/wire/${name}.ts`,
      may: ['./meter.ts', '../protocol.ts'],
      mayNot: [
        '../feed.ts',
        '../runs.ts',
        '../techniques/sse.ts',
        'node:net',
        'node:fs',
        'fastify',
        '../../site/locales.ts',
      ],
    })),
    {
      file: 'demo-server/wire/tap.ts',
      may: ['./ledger.ts', 'node:net', 'node:http'],
      mayNot: ['node:fs', '../runs.ts', '../techniques/sse.ts', 'fastify', 'ws'],
    },
    ...[...TECHNIQUES, 'requests'].map((id) => ({
      file: `site/techniques/${id}.ts`,
      may: ['../../demo-server/protocol.ts', '../../demo-server/measure/lane.ts', './requests.ts'],
      mayNot: [
        './other.ts',
        './index.ts',
        '../techniques/other.ts',
        '../lab/charts.ts',
        '../../demo-server/feed.ts',
        '../../demo-server/techniques/other.ts',
        'chart.js',
        'node:http',
      ],
    })),
    ...['site/lab/a.ts', 'site/components/a.ts', 'site/pages/a.ts', 'site/build.ts', 'site/components/A.astro'].map(
      (file) => ({
        file,
        may: [
          '../../demo-server/protocol.ts',
          '../../demo-server/classroom/protocol.ts',
          '../../demo-server/measure/clock.ts',
          './other.ts',
          'chart.js',
        ],
        mayNot: [
          '../../demo-server/feed.ts',
          '../../demo-server/protocol/ledger.ts',
          '../../demo-server/classroom/log/state.ts',
          '../../demo-server/wire/ledger.ts',
          '../demo-server/app.ts',
          '../../tests/helpers/raw.ts',
        ],
      }),
    ),
  ];
  const refused = new Map<string, Set<string>>();

  /** Every kind of import there is, of each of these. */
  function importing(specifiers: string[]): string {
    const lines = specifiers.flatMap((specifier, n) => [
      `import { a${n} } from '${specifier}';`,
      `import type { B${n} } from '${specifier}';`,
      `export { c${n} } from '${specifier}';`,
      `export const d${n} = [a${n}, (await import('${specifier}')) as B${n}];`,
    ]);
    return `${lines.join('\n')}\n`;
  }

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pushlab-'));
    try {
      const config = JSON.parse(read('biome.json'));
      await writeFile(join(folder, 'biome.json'), JSON.stringify({ ...config, $schema: undefined }));
      for (const { file, may, mayNot } of boundaries) {
        await mkdir(dirname(join(folder, file)), { recursive: true });
        const code = importing([...may, ...mayNot]);
        await writeFile(join(folder, file), file.endsWith('.astro') ? `---\n${code}---\n` : code);
      }
      const lint = ['lint', '--vcs-enabled=false', '--max-diagnostics=none', '--reporter=json', '.'];
      const biome = join(root, 'node_modules/.bin/biome');
      // It ends with 1, as it has found something.
      const { stdout } = await promisify(execFile)(biome, lint, { cwd: folder, maxBuffer: 64 * 1024 * 1024 }).catch(
        (error: { stdout: string }) => error,
      );
      for (const { category, severity, location } of JSON.parse(stdout).diagnostics) {
        if (category !== 'lint/style/noRestrictedImports') continue;
        expect(severity).toBe('error');
        const { path, start, end } = location;
        const line = readFileSync(join(folder, path), 'utf8').split('\n')[start.line - 1] ?? '';
        const kind = line.split(' ', 2).join(' ');
        const specifier = line.slice(start.column, end.column - 2);
        const known = refused.get(path) ?? new Set();
        refused.set(path, known.add(`${kind} ${specifier}`));
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test.each(boundaries)('keeps $file within its room', ({ file, may, mayNot }) => {
    const found = [...(refused.get(file) ?? [])].sort();
    const every = mayNot.flatMap((one) =>
      ['import {', 'import type', 'export {', 'export const'].map((kind) => `${kind} ${one}`),
    );
    expect(found).toEqual(every.sort());
    expect(may.length + mayNot.length).toBeGreaterThan(0);
  });

  test('is not told to look away', () => {
    const sources = globSync('{demo-server,site,content,tests}/**/*.{ts,astro,mjs}', { cwd: root });
    expect(sources.length).toBeGreaterThan(100);
    for (const path of sources) {
      if (path === 'tests/server/structure.test.ts') continue;
      expect(read(path), path).not.toMatch(/biome-ignore.*noRestrictedImports|biome-ignore-all/);
    }
  });
});

test('lessons hold prose and tags: they import components and nothing else', () => {
  const pages = globSync('content/docs/**/*.{md,mdx}', { cwd: root });
  expect(pages.length).toBeGreaterThanOrEqual(TECHNIQUES.length);
  for (const path of pages) {
    const prose = read(path).replace(/^(`{3,})[^\n]*\n[\s\S]*?^\1\s*$/gm, '');
    for (const [line, from] of prose.matchAll(/^(?:import|export)\b[^\n]*?(?:from\s+)?['"]([^'"]+)['"];?\s*$/gm)) {
      expect(from, `${path}: ${line}`).toMatch(
        /^@components\/[A-Z]\w+\.astro$|^@kit\/TechniqueMark\.astro$|^@astrojs\/starlight\/components$/,
      );
    }
    expect(prose, path).not.toMatch(/^export\b/m);
  }
});

describe('the README', () => {
  const readme = read('README.md');

  test('names files and folders that exist', () => {
    const paths = [...readme.matchAll(/`((?:content|demo-server|site|tests|\.ci)\/[^\s`]*)`/g)].map(
      ([, path = '']) => path,
    );
    expect(paths.length).toBeGreaterThan(8);
    for (const path of paths) expect(existsSync(join(root, path)), path).toBe(true);
    for (const [, path = ''] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      expect(existsSync(join(root, path)), path).toBe(true);
    }
  });

  test('names every folder of the top level that is ours', () => {
    const ours = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const ignored = read('.gitignore').split('\n');
    for (const { name } of ours) {
      if (name.startsWith('.') || ignored.includes(`${name}/`)) continue;
      expect(readme, name).toContain(`\`${name}/`);
    }
  });

  test('names every folder that a newcomer meets in them', () => {
    for (const room of ['content', 'demo-server', 'site']) {
      const folders = readdirSync(join(root, room), { withFileTypes: true }).filter((entry) => entry.isDirectory());
      for (const { name } of folders) expect(readme).toContain(`\`${room}/${name}/`);
    }
  });

  test('names scripts that exist, and the ladder as it is', () => {
    const { scripts } = JSON.parse(read('package.json'));
    const named = [...readme.matchAll(/npm (?:run )?(start|test|[a-z:]+)(?=[`\s])/g)].map(([, name = '']) => name);
    for (const name of named) {
      if (name === 'ci') continue;
      expect(Object.keys(scripts), name).toContain(name);
    }
    const rungs = [...readme.matchAll(/^\| `([a-z0-9-]+)` \| [^|]+ \| [^|]+ \|$/gm)].map(([, id]) => id);
    expect(rungs).toEqual([...LADDER]);
  });
});
