import { expect, test } from 'vitest';
import { Clock, estimate, type PingSample, smallestStep } from '../../site/lab/clock.ts';

test('the quickest round trip wins, whatever its place', () => {
  const samples: PingSample[] = [
    { sent: 1000, at: 5004, received: 1004 },
    { sent: 1010, at: 5010.6, received: 1010.2 },
    { sent: 1020, at: 5030, received: 1040 },
  ];
  const found = estimate(samples);
  expect(found.offsetMs).toBeCloseTo(4000.5, 6);
  expect(found.roundTripMs).toBeCloseTo(0.2, 6);
  expect(found.uncertaintyMs).toBeCloseTo(0.1, 6);
  expect(() => estimate([])).toThrow('at least one ping');
});

test('the true offset lies within the uncertainty however unevenly the way is split', () => {
  for (const share of [0, 0.25, 0.5, 0.9, 1]) {
    const { offsetMs, uncertaintyMs } = estimate([{ sent: 100, at: 100 + 8 * share + 37, received: 108 }]);
    expect(Math.abs(offsetMs - 37)).toBeLessThanOrEqual(uncertaintyMs);
  }
});

test('a latency is corrected with the estimate of its time, and the worst uncertainty is kept', async () => {
  const clock = new Clock(0.005, true);
  expect(clock.latency(1000, 1002)).toBe(2);
  let pings = 0;
  const ping = (offset: number, trip: number) => async (): Promise<PingSample> => {
    pings++;
    return { sent: 0, at: trip / 2 + offset, received: trip };
  };
  await clock.sync(ping(-50, 1));
  expect(pings).toBe(8);
  expect(clock.latency(950, 1002)).toBe(2);
  expect(clock.toPage(950)).toBe(1000);
  await clock.sync(ping(-51, 0.5));
  expect(clock.latency(950, 1002)).toBe(1);
  expect(clock.uncertaintyMs).toBe(0.5);
});

test('a failed burst leaves the last estimate in force', async () => {
  const clock = new Clock(1, false);
  await clock.sync(async () => ({ sent: 0, at: 10, received: 2 }));
  await expect(clock.sync(() => Promise.reject(new Error('closed')))).rejects.toThrow('closed');
  expect(clock.current?.offsetMs).toBe(9);
});

test('the smallest step is found in a clock that moves by fits and starts, and a stopped clock ends', () => {
  const times = [0, 0, 0, 1, 1, 3, 3, 3.5, 9, 20];
  let read = 0;
  expect(smallestStep(() => times[Math.min(read++, times.length - 1)] as number)).toBe(0.5);
  expect(smallestStep(() => 7)).toBe(Number.POSITIVE_INFINITY);
});
