/**
 * The one source of events: seeded, so that the same seed gives the same event times and payloads, with a replay
 * ring, so that a reader that was away can say where it stopped.
 */
import { type Arrivals, eventJson, type PushEvent, type RunSettings } from './protocol.ts';

/** An event with its JSON, encoded once for all readers. */
export interface FeedEvent extends PushEvent {
  json: string;
}

/** Why a feed ends: the run is over, or the server is going away and the reader may come back. */
export type FeedEnd = 'finished' | 'closing';

/** What a reader of the feed is told, in this order: at most one reset, then events with rising seq, then the end. */
export interface FeedReader {
  event(event: FeedEvent): void;
  reset(next: number): void;
  end(why: FeedEnd): void;
}

/** What a cursor leads to: the events after it, whether some are gone, and the cursor to use next. */
export interface Replay {
  events: FeedEvent[];
  reset: boolean;
  next: number;
}

export interface Feed {
  readonly lastSeq: number;
  readonly ended: boolean;
  /** The events after cursor `after`; no cursor means from now on, so none. */
  since(after: number | undefined): Replay;
  /** The newest `count` events, oldest first. */
  latest(count: number): FeedEvent[];
  /** Replays what came after the cursor at once, then tells every new event. Returns how to stop. */
  subscribe(after: number | undefined, reader: FeedReader): () => void;
  /** The same feed, for readers from whom everything up to `seq` is to be kept: a cursor before it gets a reset. */
  without(seq: number): Feed;
  /** Begins at `startsAt` (ms since the epoch, server's clock), or goes on behind the events that `take` has brought. */
  start(startsAt: number): void;
  /** Makes no more events until the next `start`: another server makes them now. Readers stay. */
  pause(): void;
  /** Takes an event that another server has made: what is known already is passed over, a gap is told as a reset. */
  take(event: PushEvent): void;
  /** Stops the timer and tells every reader; does nothing the second time. */
  end(why: FeedEnd): void;
}

export type FeedSettings = Pick<RunSettings, 'eventsPerSecond' | 'arrivals' | 'payloadBytes' | 'seed'> & {
  /** Infinity for the open feed. */
  durationSeconds: number;
};

/**
 * The replay ring holds at most this many events and this many bytes of JSON, whichever is less. So many bytes with all
 * their envelopes, written in one go, fit what may wait for one connection (limits.ts).
 */
export const RING_EVENTS = 1000;
const RING_BYTES = 768 * 1024;

/** Events of a burst come back to back; the bursts keep the mean rate. */
const BURST_EVENTS = 10;

/**
 * A feed without an end that is so late (ms) goes on from now: the machine was asleep, and on macOS, where Node's steady clock
 * runs on meanwhile, hours of events would come at once.
 * @see https://github.com/libuv/libuv/pull/2894
 */
const ASLEEP_MS = 10_000;

/** The server's clock: ms since the epoch with microseconds as fractions; steady, unlike Date.now(). */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** mulberry32: a 32-bit generator that gives the same numbers in [0, 1) for the same seed on every platform. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * The ms from the start at which events come, without end: evenly, as a Poisson process, or in bursts of ten. Even ones
 * come in the middle of their share of time, so that a run of whole seconds holds rate × seconds of them.
 */
export function* arrivalOffsets(arrivals: Arrivals, eventsPerSecond: number, seed: number): Generator<number, never> {
  const random = seededRandom(seed);
  const meanGap = 1000 / eventsPerSecond;
  for (let n = 1, at = 0; ; n += 1) {
    if (arrivals === 'steady') at = (n - 0.5) * meanGap;
    else if (arrivals === 'burst') at = (Math.ceil(n / BURST_EVENTS) - 0.5) * BURST_EVENTS * meanGap;
    else at += -Math.log(1 - random()) * meanGap;
    yield at;
  }
}

/** The `data` of every event in turn: `payloadBytes` characters of a–z and 0–9, one byte each in UTF-8. */
export function* payloads(payloadBytes: number, seed: number): Generator<string, never> {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
  // Another stream of numbers than the arrivals', so that changing `arrivals` leaves the payloads as they were.
  const random = seededRandom(seed ^ 0x9e3779b9);
  while (true) {
    let data = '';
    while (data.length < payloadBytes) data += alphabet[Math.floor(random() * alphabet.length)];
    yield data;
  }
}

/** Remembers what `encode` made of an event, so that a thousand readers cost one encoding. */
export function encodeOnce<T>(encode: (event: FeedEvent) => T): (event: FeedEvent) => T {
  const made = new WeakMap<FeedEvent, { value: T }>();
  return (event) => {
    const known = made.get(event);
    if (known) return known.value;
    const value = encode(event);
    made.set(event, { value });
    return value;
  };
}

/** Where several servers make the same feed in turns: who tells the others, and how far a reader may have come elsewhere. */
export interface FeedSharing {
  /** Told of each event that this feed makes itself, after its readers. */
  made(event: FeedEvent): void;
  /** A cursor so many events ahead of this feed was given by a server that is ahead of this one; beyond, by a feed that is gone. */
  lead: number;
}

/** Makes a feed that stands still until `start`. `ringEvents` is for tests that want a cursor to grow too old soon. */
export function createFeed(settings: FeedSettings, ringEvents = RING_EVENTS, sharing?: FeedSharing): Feed {
  const readers = new Set<FeedReader>();
  const ring: FeedEvent[] = [];
  let ringBytes = 0;
  let lastSeq = 0;
  let ended = false;
  let timer: NodeJS.Timeout | undefined;

  function add(event: PushEvent): FeedEvent {
    const published: FeedEvent = { ...event, json: eventJson(event) };
    lastSeq = event.seq;
    ring.push(published);
    ringBytes += published.json.length;
    while (ring.length > ringEvents || (ringBytes > RING_BYTES && ring.length > 1)) {
      ringBytes -= ring.shift()?.json.length ?? 0;
    }
    // Who comes during this event has it from the replay; who leaves is told no more.
    for (const reader of [...readers]) if (readers.has(reader)) reader.event(published);
    return published;
  }

  function leads(after: number): boolean {
    return after > lastSeq && after - lastSeq <= (sharing?.lead ?? 0);
  }

  /** The ring, less what is to be kept from the reader. */
  function kept(forgotten: number): FeedEvent[] {
    return forgotten === 0 ? ring : ring.filter(({ seq }) => seq > forgotten);
  }

  function since(after: number | undefined, forgotten: number): Replay {
    if (after === undefined) return { events: [], reset: false, next: lastSeq };
    if (leads(after)) return { events: [], reset: false, next: after };
    const known = kept(forgotten);
    const oldest = lastSeq - known.length + 1;
    // A cursor ahead of us was given by a feed that is gone (the server was restarted): it says nothing here.
    const reset = after < oldest - 1 || after > lastSeq;
    const events = reset ? known.slice() : known.slice(after - oldest + 1);
    return { events, reset, next: lastSeq };
  }

  const feed = (forgotten: number): Feed => ({
    get lastSeq() {
      return lastSeq;
    },
    get ended() {
      return ended;
    },
    without: feed,
    since: (after) => since(after, forgotten),
    latest: (count) => kept(forgotten).slice(-count),
    subscribe(after, reader) {
      const replay = since(after, forgotten);
      if (replay.reset) reader.reset(replay.next - replay.events.length);
      for (const event of replay.events) reader.event(event);
      if (ended) {
        reader.end('finished');
        return () => {};
      }
      // What is made here until the cursor is reached, this reader has from the server that was ahead.
      const { next } = replay;
      const told = next > lastSeq ? { ...reader, event: (e: FeedEvent) => e.seq > next && reader.event(e) } : reader;
      readers.add(told);
      return () => readers.delete(told);
    },
    start(begin) {
      let startsAt = begin;
      const length = settings.durationSeconds * 1000;
      const offsets = arrivalOffsets(settings.arrivals, settings.eventsPerSecond, settings.seed);
      const data = payloads(settings.payloadBytes, settings.seed);
      let offset = offsets.next().value;
      const publish = (): void => {
        const event = add({ seq: lastSeq + 1, sentAt: now(), data: data.next().value });
        offset = offsets.next().value;
        sharing?.made(event);
      };
      const schedule = (): void => {
        if (offset >= length) return;
        // Rounded up: Node drops the fraction, and an event must not come before its time.
        const wait = Math.max(0, Math.ceil(startsAt + offset - now()));
        timer = setTimeout(() => {
          const late = now() - startsAt - offset;
          if (length === Number.POSITIVE_INFINITY && late > ASLEEP_MS) startsAt += late;
          publishUntil(Math.max(offset, now() - startsAt));
        }, wait);
      };
      // All that is due comes at once: a burst, or what a busy moment has held up, or the run's end would lose it. In
      // a tick each, or Node 26 puts several into one chunk, and the bytes of a run would hang on how busy it was.
      const publishUntil = (due: number): void => {
        if (ended || timer === undefined) return;
        publish();
        if (offset <= due && offset < length) process.nextTick(publishUntil, due);
        else schedule();
      };
      for (let seq = 1; seq <= lastSeq; seq += 1) {
        offset = offsets.next().value;
        data.next();
      }
      schedule();
    },
    pause() {
      clearTimeout(timer);
      timer = undefined;
    },
    take(event) {
      if (ended || event.seq <= lastSeq) return;
      if (event.seq > lastSeq + 1 && lastSeq > 0) {
        ring.length = 0;
        ringBytes = 0;
        lastSeq = event.seq - 1;
        for (const reader of [...readers]) reader.reset(lastSeq);
      }
      add(event);
    },
    end(why) {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      for (const reader of [...readers]) reader.end(why);
      readers.clear();
    },
  });
  return feed(0);
}
