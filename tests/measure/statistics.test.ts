import { describe, expect, test } from 'vitest';
import { bytesPerEvent, headBytes, percentile, SeqTally, spread } from '../../demo-server/measure/statistics.ts';
import type { LaneLedger } from '../../demo-server/protocol.ts';

describe('percentile', () => {
  test('takes the nearest rank, never a value between two', () => {
    const sorted = [15, 20, 35, 40, 50];
    expect([5, 30, 40, 50, 95, 100].map((p) => percentile(sorted, p))).toEqual([15, 20, 20, 35, 50, 50]);
    expect(percentile([7], 1)).toBe(7);
    expect(percentile([], 50)).toBeNaN();
  });

  test('spread leaves what it is given as it was', () => {
    const values = Float32Array.from([3, 1, 2, 10]);
    expect(spread(values)).toEqual({ count: 4, p50: 2, p95: 10, max: 10 });
    expect([...values]).toEqual([3, 1, 2, 10]);
    expect(spread([])).toBeNull();
  });

  test('numbers are sorted as numbers, below zero too', () => {
    expect(spread([-0.5, 100, 9])).toEqual({ count: 3, p50: 9, p95: 100, max: 100 });
  });
});

describe('integrity', () => {
  const tally = (...seqs: number[]) => {
    const made = new SeqTally();
    for (const seq of seqs) made.note(seq);
    return made;
  };

  test('a whole feed in order has nothing to tell', () => {
    expect(tally(1, 2, 3, 4).integrity(4)).toEqual({ received: 4, lost: 0, duplicated: 0, outOfOrder: 0 });
  });

  test('while it runs only gaps are lost; at the end the tail counts too', () => {
    const gap = tally(1, 2, 5);
    expect(gap.integrity().lost).toBe(2);
    expect(gap.integrity(7).lost).toBe(4);
    expect(tally().integrity(3)).toEqual({ received: 0, lost: 3, duplicated: 0, outOfOrder: 0 });
  });

  test('one that comes twice is not received twice, and one that comes late is not lost', () => {
    expect(tally(1, 3, 3, 2, 1).integrity(3)).toEqual({ received: 3, lost: 0, duplicated: 2, outOfOrder: 1 });
  });

  test('remembers far numbers and refuses what is no number of an event', () => {
    const far = new SeqTally();
    expect(far.note(90_000)).toBe(true);
    expect(far.note(90_000)).toBe(false);
    expect(() => far.note(0)).toThrow('got 0');
    expect(() => far.note(1.5)).toThrow('got 1.5');
  });
});

test('bytes for each event count both directions, and are unknown without an event', () => {
  const lane: LaneLedger = {
    requests: 1,
    responses: 1,
    connectionsOpened: 1,
    connectionsReused: 0,
    eventsSent: 4,
    bytes: {
      up: { head: 100, framing: 0, body: 0 },
      down: { head: 60, framing: 20, envelope: 12, payload: 208, redundantPayload: 0 },
    },
    wireBytesUp: 100,
    wireBytesDown: 300,
    unaccountedBytes: 0,
    cuts: [],
    openConnections: 0,
    uplinkMessages: 0,
  };
  expect(bytesPerEvent(lane)).toBe(100);
  expect(headBytes(lane)).toBe(160);
  expect(bytesPerEvent({ ...lane, eventsSent: 0 })).toBeNull();
});
