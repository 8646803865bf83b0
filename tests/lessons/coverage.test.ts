/** The curriculum as content/README.md promises it: each page and heading is in the built site, and what runs there is on its page. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { tags } from '../helpers/html.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(join(root, 'content/README.md'), 'utf8');

/** The rows of the table below a heading, without its head, as cells. */
function rowsBelow(heading: string): string[][] {
  const section = readme.split(`\n${heading}\n`)[1]?.split(/\n#+ /)[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

/** What a page has: its ids, and the names of its elements. */
function page(path: string): { ids: Set<string>; elements: Set<string> } {
  const file = join(root, 'dist', path, 'index.html');
  if (!existsSync(file)) return { ids: new Set(), elements: new Set() };
  const all = [...tags(readFileSync(file, 'utf8'))];
  return {
    ids: new Set(all.flatMap(({ attributes: { id } }) => (id === undefined ? [] : [id]))),
    elements: new Set(all.map(({ name }) => name)),
  };
}

const addressesIn = (cell: string): string[] => [...cell.matchAll(/`(\/[^`]*)`/g)].map(([, address = '']) => address);

/** Those of a cell's addresses that lead nowhere. */
function dead(cell: string): string[] {
  return addressesIn(cell).filter((address) => {
    const [path = '', anchor] = address.split('#');
    const { ids, elements } = page(path);
    return elements.size === 0 || (anchor !== undefined && !ids.has(anchor));
  });
}

/** "Demo and Try on `/start/`" becomes the elements `push-demo` and `push-try` of that page. */
function running(cell: string): { path: string; element: string }[] {
  return [...cell.matchAll(/([A-Z][\w, ]*?) on `(\/[^`]*)`/g)].flatMap(([, names = '', path = '']) =>
    [...names.matchAll(/[A-Z]\w+/g)].map(([name]) => ({
      path,
      element: `push-${name.replace(/(?<=[a-z])[A-Z]/g, '-$&').toLowerCase()}`,
    })),
  );
}

const TOPICS = rowsBelow('## What is covered').map(
  ([topic = '', at = '', runs = '']) => [topic, { at, runs }] as const,
);
const CLAIMS = rowsBelow('### What learners get wrong').map(
  ([claim = '', entry = '', at = '']) => [claim, { entry, at }] as const,
);

test('the tables are there', () => {
  expect(TOPICS.length).toBeGreaterThan(25);
  expect(CLAIMS.length).toBeGreaterThan(27);
});

test.each(TOPICS)('topic: %s', (topic, { at, runs }) => {
  expect(addressesIn(at).length).toBeGreaterThan(0);
  expect(addressesIn(at).every((address) => address.includes('#'))).toBe(true);
  expect(dead(at)).toEqual([]);
  const promised = running(runs);
  expect(promised.filter(({ path, element }) => !page(path).elements.has(element))).toEqual([]);
  if (topic.includes('▶') && promised.length === 0) expect(runs).toMatch(/^not yet: ./);
});

test('what is marked ▶ and runs nowhere yet is known', () => {
  const without = TOPICS.filter(([topic, { runs }]) => topic.includes('▶') && running(runs).length === 0);
  expect(without.map(([topic]) => topic)).toEqual(['Flash Socket (history; ▶ later)']);
});

test.each(CLAIMS)('claim: %s', (_, { entry, at }) => {
  expect(addressesIn(entry)).toHaveLength(1);
  expect(entry).toMatch(/^`\/misconceptions\/#/);
  expect(dead(entry)).toEqual([]);
  expect(addressesIn(at).length).toBeGreaterThan(0);
  expect(dead(at)).toEqual([]);
});
