import { expect, test } from 'vitest';
import { Clock, estimate, type PingSample, smallestStep } from '../../demo-server/measure/clock.ts';

test('the quickest round trip wins, whatever its place', () => {
  const samples: PingSample[] = [
    { sent: 1000, at: 5004, received: 1004 },
    { sent: 1010, at: 5010.6, received: 1010.2 },
    { sent: 1020, at: 5030, received: 1040 },
  ];
  const found = estimate(samples, 0);
  expect(found.offsetMs).toBeCloseTo(4000.5, 6);
  expect(found.roundTripMs).toBeCloseTo(0.2, 6);
  expect(found.uncertaintyMs).toBeCloseTo(0.1, 6);
  expect(() => estimate([], 0)).toThrow('at least one ping');
});

test('the true offset lies within the uncertainty however unevenly the way is split', () => {
  for (const share of [0, 0.25, 0.5, 0.9, 1]) {
    const { offsetMs, uncertaintyMs } = estimate([{ sent: 100, at: 100 + 8 * share + 37, received: 108 }], 0);
    expect(Math.abs(offsetMs - 37)).toBeLessThanOrEqual(uncertaintyMs);
  }
});

test.each([0.005, 1, 100 / 6, 100])(
  'also by a clock that steps by %d ms, which sees a short round trip as none',
  (step) => {
    const seen = (time: number) => Math.floor(time / step) * step;
    for (const trip of [0.2, 3, 40]) {
      for (let start = 1000; start < 1000 + 3 * step; start += step / 7) {
        for (const share of [0, 0.5, 1]) {
          const ping = { sent: seen(start), at: start + share * trip + 37, received: seen(start + trip) };
          const { offsetMs, uncertaintyMs } = estimate([ping], step);
          expect(Math.abs(offsetMs - 37)).toBeLessThanOrEqual(uncertaintyMs + 1e-9);
          expect(uncertaintyMs).toBeGreaterThanOrEqual(step);
        }
      }
    }
  },
);

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
  expect(clock.uncertaintyMs).toBe(0.505);
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
  const waited = [0, 40, 40.1, 40.2];
  read = 0;
  // The thread had to wait for longer than is watched, right at the beginning.
  expect(smallestStep(() => waited[Math.min(read++, waited.length - 1)] as number)).toBeCloseTo(0.1, 9);
  expect(smallestStep(() => 7)).toBe(Number.POSITIVE_INFINITY);
});
