/** A folder is a subject of few files, a file and a function are short, and imports run one way. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const sources = globSync('{demo-server,site}/**/*.{ts,mjs,astro}', { cwd: root }).sort();
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The site's folders from the lowest: each imports those above it in this list, and none below. `site/*.ts` may be imported by all. */
const SITE = ['kit', 'techniques', 'wire', 'lab', 'components', 'probes', 'class', 'home', 'api', 'shell', 'pages'];

/** What a module imports of ours, types too, by path from the root. */
function importsOf(path: string): string[] {
  const specifiers = [...read(path).matchAll(/(?:\bfrom|\bimport|\bimport\()\s*'(\.[^']+)'/g)].map(([, to = '']) => to);
  return specifiers.map((to) => relative(root, join(root, dirname(path), to)));
}

const graph = new Map(sources.map((path) => [path, importsOf(path)]));

/** The first chain of modules that leads back to where it began; undefined where there is none. */
function circle(edges: Map<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const walk = (at: string, chain: readonly string[]): string[] | undefined => {
    if (chain.includes(at)) return [...chain.slice(chain.indexOf(at)), at];
    if (done.has(at)) return undefined;
    for (const to of edges.get(at) ?? []) {
      const found = walk(to, [...chain, at]);
      if (found) return found;
    }
    done.add(at);
    return undefined;
  };
  for (const at of edges.keys()) {
    const found = walk(at, []);
    if (found) return found;
  }
  return undefined;
}

test('no module is imported by what it imports, not even for a type', () => {
  expect(sources.length).toBeGreaterThan(300);
  expect([...graph.values()].flat().filter((to) => sources.includes(to)).length).toBeGreaterThan(1000);
  expect(
    circle(
      new Map([
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['a']],
      ]),
    ),
  ).toEqual(['a', 'b', 'c', 'a']);
  expect(circle(graph)).toBeUndefined();
});

test('no folder of the server imports one that imports it', () => {
  const folder = (path: string): string => path.split('/').slice(0, 2).join('/');
  const folders = new Map<string, string[]>();
  for (const [path, imports] of graph) {
    if (!/^demo-server\/.+\//.test(path)) continue;
    const others = imports.filter((to) => /^demo-server\/.+\//.test(to) && folder(to) !== folder(path)).map(folder);
    folders.set(folder(path), [...new Set([...(folders.get(folder(path)) ?? []), ...others])]);
  }
  expect(folders.size).toBeGreaterThan(10);
  expect(circle(folders)).toBeUndefined();
});

test('folders of the site import downwards only', () => {
  const rank = (path: string): number => SITE.indexOf(path.split('/')[1] ?? '');
  const upwards = [...graph].flatMap(([path, imports]) =>
    imports
      .filter((to) => to.startsWith('site/') && rank(to) > rank(path) && rank(path) >= 0)
      .map((to) => `${path} → ${to}`),
  );
  expect(upwards).toEqual([]);
});

/** Folders that are lists: an author's palette of tags. */
const LISTS = ['site/components'];

test('a folder holds at most twenty files', () => {
  const sizes = new Map<string, number>();
  for (const path of globSync('{demo-server,site}/**/*.*', { cwd: root, exclude: (name) => name === 'README.md' }))
    sizes.set(dirname(path), (sizes.get(dirname(path)) ?? 0) + 1);
  const large = [...sizes].filter(([folder, files]) => files > 20 && !LISTS.includes(folder));
  expect(large).toEqual([]);
  for (const folder of LISTS) expect(sizes.get(folder), `${folder} is no exception any more`).toBeGreaterThan(20);
});

/** Files that are longer than they should be, still to be divided: none may be added. */
const LONG_FILES = [
  'demo-server/classroom/protocol.ts',
  'demo-server/wire/meter.ts',
  'site/lab/charts/charts.ts',
  'site/lab/timeline/timeline.ts',
];

test('a file has at most 300 lines', () => {
  const long = sources.filter((path) => read(path).split('\n').length > 301);
  expect(long).toEqual(LONG_FILES);
});

/** Files with functions that are longer than they should be, and how many: still to be divided, none may be added. */
const LONG_FUNCTIONS: Readonly<Record<string, number>> = {
  'demo-server/app.ts': 1,
  'demo-server/classroom/classroom.ts': 1,
  'demo-server/classroom/log/redis-classes.ts': 1,
  'demo-server/classroom/run/run-clock.ts': 1,
  'demo-server/compare/run.ts': 1,
  'demo-server/rehearse/rehearsal.ts': 1,
  'demo-server/runs/runs.ts': 1,
  'demo-server/shared/log.ts': 1,
  'demo-server/shared/makers.ts': 1,
  'demo-server/shared/runs.ts': 1,
  'demo-server/subscribers/crowd.ts': 1,
  'demo-server/subscribers/subscribers.ts': 1,
  'demo-server/wire/ledger.ts': 1,
  'site/class/student/question-panel.ts': 1,
  'site/class/wall/projector.ts': 1,
  'site/components/playground/chat.ts': 1,
  'site/components/playground/hijack.ts': 1,
  'site/components/playground/playground-drawing.ts': 1,
  'site/components/playground/playground.ts': 1,
  'site/lab/curves/curve-form.ts': 1,
  'site/lab/curves/curves-element.ts': 1,
  'site/lab/kept/keep.ts': 1,
  'site/lab/kept/runs-element.ts': 1,
  'site/lab/lab-element.ts': 1,
  'site/lab/run/stage.ts': 1,
  'site/lab/timeline/timeline-list.ts': 1,
  'site/probes/browser-element.ts': 1,
  'site/probes/buffering-element.ts': 1,
  'site/probes/buffering-run.ts': 1,
  'site/probes/connection-watch.ts': 1,
  'site/probes/connections-element.ts': 1,
  'site/wire/wire-view.ts': 1,
};

test('a function has at most eighty lines', () => {
  const long: Record<string, number> = {};
  for (const path of sources.filter((path) => path.endsWith('.ts'))) {
    const file = ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isFunctionLike(node) && 'body' in node && node.body) {
        const [from, to] = [node.getStart(), node.end].map((at) => file.getLineAndCharacterOfPosition(at).line);
        const lines = (to ?? 0) - (from ?? 0) + 1;
        if (lines > 80) long[path] = (long[path] ?? 0) + 1;
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
  }
  expect(long).toEqual(LONG_FUNCTIONS);
});
