import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  arrivalOffsets,
  createFeed,
  encodeOnce,
  type Feed,
  type FeedEnd,
  type FeedEvent,
  type FeedSettings,
  now,
  payloads,
  RING_EVENTS,
} from '../../demo-server/feed.ts';
import { ARRIVALS, type Arrivals } from '../../demo-server/protocol.ts';

const tenASecond: FeedSettings = {
  eventsPerSecond: 10,
  arrivals: 'steady',
  payloadBytes: 8,
  durationSeconds: 60,
  seed: 7,
};

// The feed's clock stands still until a test moves it.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** The first `count` values of a generator. */
function first<T>(count: number, values: Iterator<T>): T[] {
  return Array.from({ length: count }, () => values.next().value as T);
}

/** A reader that writes down what it is told, in order. */
function listener(): { told: (number | string)[]; events: FeedEvent[] } & Parameters<Feed['subscribe']>[1] {
  const told: (number | string)[] = [];
  const events: FeedEvent[] = [];
  return {
    told,
    events,
    event(event) {
      told.push(event.seq);
      events.push(event);
    },
    reset: (next) => void told.push(`reset ${next}`),
    end: (why: FeedEnd) => void told.push(why),
  };
}

/** Lets the clock go on to the next event, and what is due with it be published. */
async function nextEvent(): Promise<void> {
  vi.advanceTimersToNextTimer();
  await new Promise((allTicksRun) => setImmediate(allTicksRun));
}

/** Lets the clock go on until the feed has told all of its events. */
async function toTheEnd(): Promise<void> {
  while (vi.getTimerCount() > 0) await nextEvent();
}

/** A feed that has published `events` events. */
async function feedAfter(events: number, settings: Partial<FeedSettings> = {}, ringEvents?: number): Promise<Feed> {
  const feed = createFeed({ ...tenASecond, durationSeconds: Number.POSITIVE_INFINITY, ...settings }, ringEvents);
  feed.start(now());
  while (feed.lastSeq < events) await nextEvent();
  return feed;
}

/** All events of a run, as a reader from before its start is told them. */
async function wholeRun(settings: Partial<FeedSettings>): Promise<FeedEvent[]> {
  const feed = createFeed({ ...tenASecond, ...settings });
  const reader = listener();
  feed.subscribe(undefined, reader);
  feed.start(now());
  await toTheEnd();
  return reader.events;
}

describe('the seed', () => {
  test.each(ARRIVALS)('gives the same times and payloads again (%s)', async (arrivals) => {
    const play = async (seed: number) => {
      const startsAt = now();
      const events = await wholeRun({ arrivals, seed });
      return events.map(({ seq, sentAt, data }) => [seq, Math.round(sentAt - startsAt), data]);
    };
    const first = await play(4711);
    expect(await play(4711)).toEqual(first);
    expect(await play(4712)).not.toEqual(first);
  });

  test('moves Poisson arrivals, and nothing else about the times', () => {
    const times = (arrivals: Arrivals, seed: number) => first(50, arrivalOffsets(arrivals, 10, seed));
    expect(times('poisson', 1)).toEqual(times('poisson', 1));
    expect(times('poisson', 1)).not.toEqual(times('poisson', 2));
    expect(times('steady', 1)).toEqual(times('steady', 2));
    expect(times('burst', 1)).toEqual(times('burst', 2));
  });

  test('gives the same payloads whatever the arrivals are', async () => {
    const data = async (arrivals: Arrivals) => (await wholeRun({ arrivals })).slice(0, 400).map((event) => event.data);
    const steady = await data('steady');
    expect(steady).toHaveLength(400);
    expect(await data('poisson')).toEqual(steady);
    expect(await data('burst')).toEqual(steady);
  });

  test('tells every event of a run apart', () => {
    const all = first(1000, payloads(8, 1));
    expect(new Set(all).size).toBe(1000);
  });
});

describe('arrivals', () => {
  test.each([
    [0.1, 10],
    [0.3, 10],
    [2, 20],
    [3, 7],
    [7, 900],
    [100, 1],
    [33.3, 10],
  ])(
    'steady: %d a second for %d seconds are exactly rate × seconds events',
    async (eventsPerSecond, durationSeconds) => {
      const events = await wholeRun({ eventsPerSecond, durationSeconds });
      expect(events).toHaveLength(Math.round(eventsPerSecond * durationSeconds));
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, n) => n + 1));
    },
  );

  test('steady: every gap is the same', () => {
    const offsets = first(100, arrivalOffsets('steady', 8, 1));
    expect(offsets[0]).toBe(62.5);
    for (let n = 1; n < 100; n += 1) expect((offsets[n] ?? 0) - (offsets[n - 1] ?? 0)).toBeCloseTo(125, 6);
  });

  test('poisson: the gaps have the mean, the spread and the short gaps of an exponential distribution', () => {
    const count = 100_000;
    const offsets = first(count, arrivalOffsets('poisson', 10, 2026));
    const gaps = offsets.map((at, n) => at - (offsets[n - 1] ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / count;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / count);
    // Four standard errors: of the mean 100 / √n, of the deviation 100 / √n × √2, of a share √(p (1 − p) / n).
    expect(Math.abs(mean - 100)).toBeLessThan((4 * 100) / Math.sqrt(count));
    expect(Math.abs(deviation - 100)).toBeLessThan((4 * 100 * Math.SQRT2) / Math.sqrt(count));
    const short = gaps.filter((gap) => gap < 10).length / count;
    const expected = 1 - Math.exp(-0.1);
    expect(Math.abs(short - expected)).toBeLessThan(4 * Math.sqrt((expected * (1 - expected)) / count));
    expect(Math.min(...gaps.slice(0, 10_000))).toBeGreaterThanOrEqual(0);
  });

  test('burst: ten at one moment, at the same mean rate', async () => {
    const offsets = first(100, arrivalOffsets('burst', 20, 1));
    const bursts = Object.values(Object.groupBy(offsets, String));
    expect(bursts.map((burst) => burst?.length)).toEqual(Array(10).fill(10));
    expect([...new Set(offsets)]).toEqual([250, 750, 1250, 1750, 2250, 2750, 3250, 3750, 4250, 4750]);
    expect(await wholeRun({ arrivals: 'burst', eventsPerSecond: 20, durationSeconds: 5 })).toHaveLength(100);

    const feed = createFeed({ ...tenASecond, arrivals: 'burst' });
    feed.start(now());
    await nextEvent();
    expect(feed.lastSeq).toBe(10);
    await nextEvent();
    expect(feed.lastSeq).toBe(20);
  });

  test('a busy moment holds events up, and none is lost by it, not even at the end', async () => {
    const feed = createFeed({ ...tenASecond, durationSeconds: 2 });
    const reader = listener();
    feed.subscribe(undefined, reader);
    feed.start(now());
    // As if the process had been busy with something else when the first timer was due.
    const onTime = performance.now.bind(performance);
    const late = vi.spyOn(performance, 'now').mockImplementation(() => onTime() + 1500);
    await nextEvent();
    expect(reader.told).toEqual(Array.from({ length: 16 }, (_, n) => n + 1));
    late.mockImplementation(() => onTime() + 9000);
    await nextEvent();
    expect(reader.told).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    await toTheEnd();
    expect(feed.lastSeq).toBe(20);
  });

  test('a feed without an end goes on from now when the machine was asleep, and makes no hours of events at once', async () => {
    const feed = createFeed({ ...tenASecond, eventsPerSecond: 1, durationSeconds: Number.POSITIVE_INFINITY });
    const reader = listener();
    feed.subscribe(undefined, reader);
    feed.start(now());
    await nextEvent();
    const onTime = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => onTime() + 8 * 3_600_000);
    await nextEvent();
    expect(reader.told).toEqual([1, 2]);
    await nextEvent();
    expect(reader.told).toEqual([1, 2, 3]);
    const [, second, third] = reader.events;
    expect((third?.sentAt ?? 0) - (second?.sentAt ?? 0)).toBeCloseTo(1000, -1);
    feed.end('closing');
  });

  test.each(ARRIVALS)('no event comes before its time, and none after the run (%s)', async (arrivals) => {
    const settings = { ...tenASecond, arrivals, durationSeconds: 10 };
    const feed = createFeed(settings);
    const reader = listener();
    feed.subscribe(undefined, reader);
    const startsAt = now() + 250.4;
    feed.start(startsAt);
    await toTheEnd();
    const offsets = first(reader.events.length + 1, arrivalOffsets(arrivals, 10, settings.seed));
    for (const [n, { sentAt }] of reader.events.entries()) {
      const due = startsAt + (offsets[n] ?? 0);
      expect(sentAt).toBeGreaterThanOrEqual(due - 1e-3);
      expect(sentAt).toBeLessThan(due + 2);
    }
    expect(reader.events.length).toBeGreaterThan(50);
    expect(offsets.at(-1)).toBeGreaterThanOrEqual(10_000);
  });
});

describe('an event', () => {
  test.each([1, 8, 64, 16384])('carries exactly %d bytes of a–z and 0–9', async (payloadBytes) => {
    for (const data of first(5, payloads(payloadBytes, 3))) {
      expect(Buffer.byteLength(data)).toBe(payloadBytes);
      expect(data).toMatch(/^[a-z0-9]+$/);
    }
    const [event] = await wholeRun({ payloadBytes, durationSeconds: 1 });
    expect(Buffer.byteLength(event?.data ?? '')).toBe(payloadBytes);
  });

  test('is told with three decimals, at whole milliseconds too, so that its bytes do not vary', async () => {
    const events = await wholeRun({ durationSeconds: 5, arrivals: 'poisson' });
    for (const { json, seq, sentAt, data } of events) {
      expect(json).toMatch(new RegExp(`^\\{"seq":${seq},"sentAt":\\d{13}\\.\\d{3},"data":"${data}"\\}$`));
      expect(JSON.parse(json).sentAt).toBeCloseTo(sentAt, 3);
    }
    expect(events.length).toBeGreaterThan(20);
  });

  test('is encoded once, however many readers there are', async () => {
    let encodings = 0;
    const encode = encodeOnce((event) => {
      encodings += 1;
      return Buffer.from(event.json);
    });
    const feed = createFeed(tenASecond);
    const got: Buffer[][] = [];
    for (let n = 0; n < 100; n += 1) {
      const mine: Buffer[] = [];
      got.push(mine);
      feed.subscribe(undefined, { event: (event) => mine.push(encode(event)), reset() {}, end() {} });
    }
    feed.start(now());
    while (feed.lastSeq < 3) await nextEvent();
    expect(encodings).toBe(3);
    // A late reader's replay takes what was made already.
    feed.subscribe(0, { event: (event) => encode(event), reset() {}, end() {} });
    expect(encodings).toBe(3);
    for (const mine of got) {
      expect(mine.map((bytes) => JSON.parse(bytes.toString()).seq)).toEqual([1, 2, 3]);
      expect(mine[0]).toBe(got[0]?.[0]);
    }
  });

  test('is encoded once even where the encoding is falsy', () => {
    let encodings = 0;
    const encode = encodeOnce(() => {
      encodings += 1;
      return '';
    });
    const event: FeedEvent = { seq: 1, sentAt: 1, data: '', json: '' };
    expect([encode(event), encode(event), encodings]).toEqual(['', '', 1]);
  });
});

describe('the ring', () => {
  test('keeps the newest events, so many', async () => {
    expect((await feedAfter(12, {}, 5)).since(12 - 5)).toMatchObject({ reset: false, next: 12 });
    expect((await feedAfter(12, {}, 5)).latest(100).map(({ seq }) => seq)).toEqual([8, 9, 10, 11, 12]);
    expect((await feedAfter(RING_EVENTS + 10)).latest(RING_EVENTS + 10)).toHaveLength(RING_EVENTS);
  });

  test('keeps no more bytes than a reader may have waiting, so that a whole replay fits a connection', async () => {
    const feed = await feedAfter(200, { payloadBytes: 16384 });
    const kept = feed.latest(1000);
    const bytes = kept.reduce((sum, { json }) => sum + json.length, 0);
    expect(bytes).toBeLessThan(1024 * 1024);
    expect(bytes).toBeGreaterThan(512 * 1024);
    expect(kept.at(-1)?.seq).toBe(200);
    expect(feed.since(kept[0]?.seq ?? 0).reset).toBe(false);
  });
});

describe('a cursor', () => {
  const seqs = (feed: Feed, after: number | undefined) => {
    const { events, reset, next } = feed.since(after);
    return { seqs: events.map(({ seq }) => seq), reset, next };
  };

  test('leads to the events after it', async () => {
    const feed = await feedAfter(8, {}, 5);
    expect(seqs(feed, 8)).toEqual({ seqs: [], reset: false, next: 8 });
    expect(seqs(feed, 7)).toEqual({ seqs: [8], reset: false, next: 8 });
    expect(seqs(feed, 3)).toEqual({ seqs: [4, 5, 6, 7, 8], reset: false, next: 8 });
    expect(seqs(feed, undefined)).toEqual({ seqs: [], reset: false, next: 8 });
  });

  test('that is older than the ring leads to a reset and all that is left', async () => {
    const feed = await feedAfter(8, {}, 5);
    expect(seqs(feed, 2)).toEqual({ seqs: [4, 5, 6, 7, 8], reset: true, next: 8 });
    expect(seqs(feed, 0)).toEqual({ seqs: [4, 5, 6, 7, 8], reset: true, next: 8 });
    const reader = listener();
    feed.subscribe(2, reader);
    expect(reader.told).toEqual(['reset 3', 4, 5, 6, 7, 8]);
  });

  test('that is ahead of the feed leads to a reset, as the feed that gave it is gone', async () => {
    expect(seqs(await feedAfter(3), 4)).toEqual({ seqs: [1, 2, 3], reset: true, next: 3 });
    const unstarted = createFeed(tenASecond);
    expect(seqs(unstarted, 4711)).toEqual({ seqs: [], reset: true, next: 0 });
    expect(seqs(unstarted, 0)).toEqual({ seqs: [], reset: false, next: 0 });
    const reader = listener();
    unstarted.subscribe(4711, reader);
    unstarted.start(now());
    await nextEvent();
    expect(reader.told).toEqual(['reset 0', 1]);
  });

  test('joins replay and live events without a gap and without a double', async () => {
    const feed = await feedAfter(5);
    const reader = listener();
    feed.subscribe(2, reader);
    const fresh = listener();
    feed.subscribe(undefined, fresh);
    while (feed.lastSeq < 8) await nextEvent();
    expect(reader.told).toEqual([3, 4, 5, 6, 7, 8]);
    expect(fresh.told).toEqual([6, 7, 8]);
  });
});

describe('readers', () => {
  test('one that leaves during an event is told no more, and the others miss nothing', async () => {
    const feed = createFeed(tenASecond);
    const [before, after] = [listener(), listener()];
    const leaver = listener();
    feed.subscribe(undefined, before);
    const leave = feed.subscribe(undefined, {
      ...leaver,
      event(event) {
        leaver.event(event);
        leave();
      },
    });
    feed.subscribe(undefined, after);
    feed.start(now());
    while (feed.lastSeq < 3) await nextEvent();
    expect(leaver.told).toEqual([1]);
    expect(before.told).toEqual([1, 2, 3]);
    expect(after.told).toEqual([1, 2, 3]);
  });

  test('one that another takes away during an event is not told that event any more', async () => {
    const feed = createFeed(tenASecond);
    let remove = (): void => {};
    feed.subscribe(undefined, { event: () => remove(), reset() {}, end() {} });
    const removed = listener();
    remove = feed.subscribe(undefined, removed);
    feed.start(now());
    await nextEvent();
    feed.end('finished');
    expect(removed.told).toEqual([]);
  });

  test('one that comes during an event is told it once', async () => {
    const feed = createFeed(tenASecond);
    const late = listener();
    const stop = feed.subscribe(undefined, {
      event({ seq }) {
        stop();
        feed.subscribe(seq - 1, late);
      },
      reset() {},
      end() {},
    });
    feed.start(now());
    while (feed.lastSeq < 2) await nextEvent();
    expect(late.told).toEqual([1, 2]);
  });

  test('are told the end once, and then nothing, also those that come later', async () => {
    const feed = await feedAfter(2);
    const reader = listener();
    feed.subscribe(0, reader);
    feed.end('finished');
    feed.end('closing');
    vi.advanceTimersByTime(10_000);
    expect(reader.told).toEqual([1, 2, 'finished']);
    expect(feed.ended).toBe(true);
    const late = listener();
    feed.subscribe(1, late);
    expect(late.told).toEqual([2, 'finished']);
  });

  test('are told that the server goes away, if that is why', async () => {
    const feed = await feedAfter(1);
    const reader = listener();
    feed.subscribe(undefined, reader);
    feed.end('closing');
    expect(reader.told).toEqual(['closing']);
  });
});

describe('a feed that several servers make in turns', () => {
  const shape = ({ seq, data }: FeedEvent) => [seq, data];

  test('goes on behind what another has made, with the same payloads', async () => {
    const whole = createFeed(tenASecond);
    whole.start(now());
    await toTheEnd();
    const one = createFeed(tenASecond);
    const startsAt = now();
    one.start(startsAt);
    while (one.lastSeq < 5) await nextEvent();
    one.pause();
    expect(vi.getTimerCount()).toBe(0);
    const other = createFeed(tenASecond);
    for (const event of one.latest(5)) other.take(event);
    other.start(startsAt);
    await toTheEnd();
    expect(other.latest(RING_EVENTS).map(shape)).toEqual(whole.latest(RING_EVENTS).map(shape));
  });

  test('passes over what it knows, and tells of a gap as a reset', () => {
    const feed = createFeed(tenASecond);
    const reader = listener();
    feed.subscribe(0, reader);
    for (const seq of [1, 2, 2, 1, 3, 7, 8]) feed.take({ seq, sentAt: now(), data: 'x' });
    expect(reader.told).toEqual([1, 2, 3, 'reset 6', 7, 8]);
    expect(feed.since(3)).toMatchObject({ reset: true, next: 8 });
  });

  test('lets a reader wait that was told more by a server that was ahead, and resets one that comes from a feed that is gone', () => {
    const feed = createFeed(tenASecond, RING_EVENTS, { made() {}, lead: 5 });
    const [ahead, lost] = [listener(), listener()];
    for (const seq of [1, 2]) feed.take({ seq, sentAt: now(), data: 'x' });
    expect(feed.since(4)).toEqual({ events: [], reset: false, next: 4 });
    feed.subscribe(4, ahead);
    feed.subscribe(8, lost);
    for (const seq of [3, 4, 5]) feed.take({ seq, sentAt: now(), data: 'x' });
    expect(ahead.told).toEqual([5]);
    expect(lost.told).toEqual(['reset 0', 1, 2, 3, 4, 5]);
  });
});

describe('a feed without its beginning', () => {
  test('resets who comes from before it, tells the rest, and leaves the feed itself whole', () => {
    const feed = createFeed(tenASecond);
    for (const seq of [1, 2, 3, 4]) feed.take({ seq, sentAt: now(), data: 'x' });
    const later = feed.without(3);
    expect(later.since(2)).toMatchObject({ reset: true, next: 4, events: [{ seq: 4 }] });
    expect(later.since(3)).toMatchObject({ reset: false, events: [{ seq: 4 }] });
    expect(later.latest(20).map(({ seq }) => seq)).toEqual([4]);
    const [behind, abreast] = [listener(), listener()];
    later.subscribe(1, behind);
    later.subscribe(4, abreast);
    feed.take({ seq: 5, sentAt: now(), data: 'x' });
    expect(behind.told).toEqual(['reset 3', 4, 5]);
    expect(abreast.told).toEqual([5]);
    expect(later.lastSeq).toBe(5);
    expect(feed.since(0)).toMatchObject({ reset: false, next: 5 });
    expect(feed.latest(20)).toHaveLength(5);
  });
});
