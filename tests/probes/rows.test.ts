/** What the small labs compute without a browser: rows and bars of requests, the fate of a stream, values in words. */
import { describe, expect, test } from 'vitest';
import { formatter } from '../../site/kit/format.ts';
import { fateOf, file, medianDelay, newWay } from '../../site/probes/buffering-verdict.ts';
import { type Asked, barOf, hear, rowsOf, SINGLE_ROWS } from '../../site/probes/connection-rows.ts';
import { gapsOf, median } from '../../site/probes/gaps.ts';
import { asText, valueInWords } from '../../site/probes/probe-values.ts';

const asked = (n: number, more: Partial<Asked> = {}): Asked => ({
  n,
  kind: 'stream',
  state: 'waiting',
  asked: 100,
  reached: null,
  over: null,
  connection: null,
  http: null,
  ...more,
});

describe('requests', () => {
  test('are brought up to what the server told, on the page’s clock, and never before they were asked for', () => {
    const all = new Map([asked(1), asked(2)].map((one) => [one.n, one]));
    const toPage = (time: number): number => time - 1000;
    hear(all, { type: 'reached', n: 1, at: 1150, connection: 3, http: '1.1' }, toPage);
    hear(all, { type: 'reached', n: 2, at: 1099.5, connection: 3, http: '1.1' }, toPage);
    expect(all.get(1)).toMatchObject({ state: 'open', reached: 150, connection: 3 });
    expect(all.get(2)?.reached).toBe(100);
    hear(all, { type: 'left', n: 1, at: 1180 }, toPage);
    expect(all.get(1)).toMatchObject({ state: 'over', over: 180 });
    hear(all, { type: 'left', n: 9, at: 1180 }, toPage);
    expect(all.size).toBe(2);
  });

  test('have a row each while they are few, and share one by kind and state when they are many', () => {
    const few = Array.from({ length: SINGLE_ROWS }, (_, at) => asked(at + 1));
    expect(rowsOf(few, 200)).toHaveLength(SINGLE_ROWS);
    const open = Array.from({ length: 100 }, (_, at) =>
      asked(at + 1, { state: 'open', reached: 110 + at, connection: 1 }),
    );
    const rows = rowsOf([...open, ...Array.from({ length: 50 }, (_, at) => asked(at + 101))], 400);
    expect(rows.map(({ count, state, waits, connections }) => [count, state, waits, connections])).toEqual([
      [100, 'open', [10, 109], [1]],
      [50, 'waiting', [300, 300], []],
    ]);
  });

  test('stand in the picture where they waited, and where they were open', () => {
    const [row] = rowsOf([asked(1, { state: 'over', reached: 200, over: 400 })], 500);
    if (!row) throw new Error('no row');
    expect(barOf(row, 0, 500)).toEqual({ from: 0.2, there: 0.4, to: 0.8 });
    const [waits] = rowsOf([asked(1)], 500);
    if (!waits) throw new Error('no row');
    expect(barOf(waits, 0, 500)).toEqual({ from: 0.2, there: 1, to: 1 });
  });
});

describe('a stream', () => {
  const way = (at: number[], troubles = 0, done = false) => ({
    ...newWay(),
    arrivals: at.map((time, n) => ({ seq: n + 1, sent: 10 * n, at: time })),
    troubles,
    done,
  });

  test('is live, held or refused by what came before the end of its run', () => {
    expect(fateOf(way([]), null)).toBe('waiting');
    expect(fateOf(way([30, 40]), 100)).toBe('live');
    expect(fateOf(way([101, 101]), 100)).toBe('held');
    expect(fateOf(way([], 2), 100)).toBe('refused');
    expect(fateOf(way([], 0, true), 100)).toBe('nothing');
  });

  test('takes so long at the median, and never less than nothing', () => {
    expect(medianDelay(way([]))).toBeNull();
    expect(medianDelay(way([3, 15, 26]))).toBe(5);
    expect(medianDelay(way([-1]))).toBe(0);
  });

  test('is filed from what its technique tells', () => {
    const one = newWay();
    file(one, { kind: 'event', request: 1, at: 50, seq: 7, sentAt: 1040 }, (time) => time - 1000);
    file(one, { kind: 'trouble', at: 60, reason: 'connection-lost' }, (time) => time);
    expect(one).toMatchObject({ arrivals: [{ seq: 7, sent: 40, at: 50 }], troubles: 1 });
  });
});

describe('a value', () => {
  const words = { language: 'en', 'browser.word.waits': 'waits', 'browser.more': 'more than {{value}}' };
  const format = formatter('en');
  test.each([
    [{ kind: 'ms', value: 50.21 }, '50.2\u00a0ms'],
    [{ kind: 'ms', value: 3022 }, '3.0\u00a0s'],
    [{ kind: 'bytes', value: 1024 }, '1,024\u00a0B'],
    [{ kind: 'bytes', value: 4096, more: true }, 'more than 4,096\u00a0B'],
    [{ kind: 'count', value: 6 }, '6'],
    [{ kind: 'word', value: 'waits' }, 'waits'],
    [{ kind: 'text', value: '204, 404' }, '204, 404'],
  ] as const)('%o is written as %s', (value, text) => {
    expect(valueInWords(value, words, format)).toBe(text);
  });

  test('the table is copied with tabs', () => {
    expect(asText(['A'], ['What', 'Own'], [['x', '1']])).toBe('A\n\nWhat\tOwn\nx\t1');
  });
});

test('gaps and their median', () => {
  expect(gapsOf([1, 3, 7])).toEqual([2, 4]);
  expect(median([5, 1, 9, 3])).toBe(3);
  expect(median([])).toBeNaN();
});
