/** A lane's network by a clock of its own: when exactly each byte passes. On real sockets a busy machine adds to every time. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { NetworkSettings } from '../../demo-server/protocol.ts';
import { Link } from '../../demo-server/wire/link.ts';
import { Passage } from '../../demo-server/wire/passage.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const plain: NetworkSettings = { rttMs: 0, jitterMs: 0, kilobitsPerSecond: 0, cutEverySeconds: 0 };

/** A connection over such a network, opened so long ago (ms): what passes it, with the time since now (ms). */
function connection(
  network: Partial<NetworkSettings>,
  openedMsAgo = 0,
  link = new Link({ ...plain, ...network }, () => 1),
) {
  const began = performance.now();
  const passed: { at: number; up?: number; down?: number }[] = [];
  const at = () => performance.now() - began;
  const ends = {
    responding: false,
    switched: false,
    deliver(bytes: Buffer | null) {
      passed.push({ at: at(), up: bytes?.length ?? 0 });
      return true;
    },
    send(parts: Buffer[], sent: () => void) {
      passed.push({ at: at(), down: parts.reduce((sum, { length }) => sum + length, 0) });
      sent();
    },
    cut() {},
  };
  return { link, passed, passage: new Passage(ends, link, began - openedMsAgo) };
}
const bytes = (length: number): Buffer => Buffer.alloc(length);
/** Bytes in all, and when the first and the last piece of them passed. */
const down = (passed: readonly { at: number; down?: number }[]) => {
  const pieces = passed.filter((one) => one.down !== undefined);
  return {
    sum: pieces.reduce((sum, one) => sum + (one.down ?? 0), 0),
    pieces: pieces.length,
    first: pieces[0]?.at,
    last: pieces.at(-1)?.at,
  };
};

test.each([
  ['just opened pays one round trip for its handshake', 0, 150],
  ['opened 30 ms ago pays the rest of it', 30, 120],
  ['opened long ago pays nothing', 1000, 50],
])('with 100 ms of round trip a request on a connection %s', (_, openedMsAgo, arrives) => {
  const { passage, passed } = connection({ rttMs: 100 }, openedMsAgo);
  passage.receive(bytes(80));
  vi.advanceTimersByTime(1000);
  expect(passed).toEqual([{ at: arrives, up: 80 }]);
});

test('the answer takes the other half, and the next request no handshake', () => {
  const { passage, passed } = connection({ rttMs: 100 });
  passage.receive(bytes(80));
  vi.advanceTimersByTime(150);
  passage.write([bytes(200)]);
  vi.advanceTimersByTime(50);
  passage.receive(bytes(80));
  vi.advanceTimersByTime(1000);
  expect(passed).toEqual([
    { at: 150, up: 80 },
    { at: 200, down: 200 },
    { at: 250, up: 80 },
  ]);
});

test('jitter comes on top, and does not let a later one pass', () => {
  const draws = [0.9, 0.1];
  const link = new Link({ ...plain, rttMs: 20, jitterMs: 60 }, () => draws.shift() ?? 0);
  const { passage, passed } = connection({}, 1000, link);
  passage.receive(bytes(1));
  passage.receive(bytes(2));
  vi.advanceTimersByTime(1000);
  expect(passed).toEqual([
    { at: 64, up: 1 },
    { at: 64, up: 2 },
  ]);
});

test('1 600 kbit/s are 200 bytes a millisecond in each direction, piece by piece', () => {
  const { passage, passed } = connection({ kilobitsPerSecond: 1600 }, 1000);
  passage.write([bytes(160_000)]);
  passage.receive(bytes(40_000));
  vi.advanceTimersByTime(400);
  expect(passed.filter(({ up }) => up)).toEqual([{ at: 200, up: 40_000 }]);
  // Half of the time, half of the bytes but for a packet.
  expect(Math.abs(down(passed).sum - 80_000)).toBeLessThanOrEqual(1448);
  vi.advanceTimersByTime(1000);
  expect(down(passed)).toMatchObject({ sum: 160_000, pieces: Math.ceil(160_000 / 1448), first: 8 });
  // Timers know whole milliseconds, and a byte is never early.
  expect([800, 801]).toContain(down(passed).last);
});

test('what a stall has held passes at the bandwidth that is set, and not all at once', () => {
  const { link, passage, passed } = connection({ kilobitsPerSecond: 1600 }, 1000);
  link.connections.add({ cut() {}, adapt: () => passage.adapt() });
  link.put('stall');
  passage.write([bytes(20_000)]);
  vi.advanceTimersByTime(900);
  expect(passed).toEqual([]);
  link.take('stall');
  vi.advanceTimersByTime(1000);
  expect(down(passed)).toMatchObject({ sum: 20_000, last: 1000 });
});

test('what a client that is gone does not take any more leaves the line to the next one', () => {
  const first = connection({ kilobitsPerSecond: 16 }, 1000);
  first.passage.write([bytes(160_000)]);
  vi.advanceTimersByTime(1000);
  first.passage.close();
  const second = connection({}, 1000, first.link);
  second.passage.write([bytes(1000)]);
  vi.advanceTimersByTime(10_000);
  // The packet that was on the line has gone out first: 724 ms for each.
  expect(down(second.passed).sum).toBe(1000);
  expect(down(first.passed).sum).toBe(1448);
  expect(down(second.passed).last).toBeLessThanOrEqual(500 + 724);
});
