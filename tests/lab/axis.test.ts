import { describe, expect, test } from 'vitest';
import { type Axis, logarithmicEnds, place, ticksOf } from '../../site/lab/charts/axis.ts';
import { limitsAround, shareTable } from '../../site/lab/charts/share-table.ts';

const axis = (from: number, to: number, logarithmic: boolean): Axis => ({
  from,
  to,
  start: 100,
  end: 500,
  logarithmic,
});

describe('an axis', () => {
  test('puts its ends at its ends, and on a logarithmic one each factor takes the same room', () => {
    expect([place(axis(0, 10, false), 0), place(axis(0, 10, false), 2.5), place(axis(0, 10, false), 10)]).toEqual([
      100, 200, 500,
    ]);
    const log = axis(1, 10_000, true);
    expect([1, 10, 100, 1000, 10_000].map((value) => Math.round(place(log, value)))).toEqual([100, 200, 300, 400, 500]);
    expect(place(log, 0.001)).toBe(100);
    // Upwards, as pixels count downwards.
    expect(place({ ...axis(0, 10, false), start: 300, end: 0 }, 10)).toBe(0);
  });

  test('ends at round values around what it has to show', () => {
    expect(logarithmicEnds(0.3, 720)).toEqual([0.2, 1000]);
    expect(logarithmicEnds(1, 10)).toEqual([1, 10]);
    expect(logarithmicEnds(2, 5)).toEqual([2, 5]);
    expect(logarithmicEnds(5, 5)).toEqual([2.5, 10]);
  });

  test('writes round values, no closer than asked', () => {
    expect(ticksOf(axis(0, 9500, false), 90)).toEqual([0, 5000]);
    expect(ticksOf(axis(0, 9500, false), 70)).toEqual([0, 2000, 4000, 6000, 8000]);
    expect(ticksOf(axis(0, 0.3, false), 120)).toEqual([0, 0.1, 0.2, 0.3]);
    expect(ticksOf(axis(0.2, 50, true), 40)).toEqual([0.2, 0.5, 1, 2, 5, 10, 20, 50]);
    expect(ticksOf(axis(0.2, 50, true), 100)).toEqual([1, 10]);
    expect(ticksOf(axis(1, 1e8, true), 90)).toEqual([1, 100, 10_000, 1e6, 1e8]);
  });
});

describe('the table of a distribution', () => {
  test('has the round limits around what was measured, the first with nothing below it and the last with all', () => {
    expect(limitsAround(3, 60)).toEqual([2, 5, 10, 20, 50, 100]);
    expect(limitsAround(2, 2)).toEqual([1, 2]);
    const { limits, shares } = shareTable([[1.5, 3, 3, 40], [], [0.9, 50.1]]);
    expect(limits).toEqual([0.5, 1, 2, 5, 10, 20, 50, 100]);
    expect(shares.map(([first]) => first)).toEqual([0, 0, 0.25, 0.75, 0.75, 0.75, 1, 1]);
    expect(shares.map(([, none]) => none)).toEqual(limits.map(() => null));
    expect(shares.map(([, , last]) => last)).toEqual([0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1]);
    expect(shareTable([[], []])).toEqual({ limits: [], shares: [] });
  });
});
