import { describe, expect, test } from 'vitest';
import {
  follow,
  layOut,
  MIN_SPAN,
  nearest,
  pan,
  reveal,
  rowAt,
  ticks,
  timeAt,
  whole,
  xOf,
  zoom,
} from '../../site/lab/timeline/timeline-layout.ts';

const wide = layOut(1000, 8);
const bounds = { from: -300, to: 20_000 };

describe('places', () => {
  test('a time comes back from its pixel', () => {
    const view = { from: 2000, span: 5000 };
    for (const time of [2000, 3333, 7000]) expect(timeAt(xOf(time, view, wide), view, wide)).toBeCloseTo(time, 6);
    expect(xOf(2000, view, wide)).toBe(wide.left);
    expect(xOf(7000, view, wide)).toBe(wide.right);
  });

  test('every lane has its row, names above where there is no room beside', () => {
    for (const layout of [wide, layOut(360, 8), layOut(360, 3, true)]) {
      for (const [index, row] of layout.rows.entries()) {
        expect(rowAt(row.bar, layout)).toBe(index);
        expect(row.top).toBeLessThan(row.bar);
        expect(row.bottom).toBeLessThanOrEqual(layout.height);
      }
      expect(rowAt(2, layout)).toBe(-1);
    }
    expect([wide.namesBeside, layOut(360, 8).namesBeside]).toEqual([true, false]);
    expect(layOut(360, 8).left).toBeLessThan(20);
  });
});

describe('moving', () => {
  test('zooming keeps the time under the finger, and stops at both ends', () => {
    const view = { from: 5000, span: 4000 };
    const closer = zoom(view, 0.5, 6000, bounds);
    expect(closer.span).toBe(2000);
    expect(xOf(6000, closer, wide)).toBeCloseTo(xOf(6000, view, wide), 6);
    expect(zoom(view, 1e-9, 6000, bounds).span).toBe(MIN_SPAN);
    expect(zoom(view, 1e9, 6000, bounds)).toEqual(whole(bounds));
  });

  test('panning does not leave what there is', () => {
    const view = { from: 5000, span: 4000 };
    expect(pan(view, -1e9, bounds)).toEqual({ from: -300, span: 4000 });
    expect(pan(view, 1e9, bounds)).toEqual({ from: 16_000, span: 4000 });
  });

  test('revealing moves only when it must', () => {
    const view = { from: 5000, span: 4000 };
    expect(reveal(view, 7000, bounds)).toBe(view);
    expect(reveal(view, 12_000, bounds).from).toBe(8400);
    expect(reveal(view, 1000, bounds).from).toBe(600);
  });

  test('following shows now near the right edge', () => {
    const view = follow(15_000, 10_000, bounds);
    expect(view.from + view.span).toBeGreaterThan(15_000);
    expect(follow(0, 10_000, bounds).from).toBe(-300);
  });
});

test('ticks are round, in view, and far enough apart to be read', () => {
  for (const span of [20, 999, 10_000, 300_000]) {
    const view = { from: 137, span };
    const { times, step } = ticks(view, wide);
    expect(times.length).toBeGreaterThan(3);
    for (const time of times) expect(time).toBeGreaterThanOrEqual(137);
    expect((step / span) * (wide.right - wide.left)).toBeGreaterThanOrEqual(70);
    expect([1, 2, 5]).toContain(Math.round(step / 10 ** Math.floor(Math.log10(step) + 1e-9)));
  }
});

test('the nearest of ascending values', () => {
  const values = [10, 20, 40];
  expect([0, 14, 16, 29, 31, 99].map((target) => nearest(values, 3, target))).toEqual([0, 0, 1, 1, 2, 2]);
  expect(nearest(values, 0, 5)).toBe(-1);
});
