/**
 * The one source of events: seeded, so that the same seed gives the same event times and payloads, with a replay
 * ring, so that a reader that was away can resume where it stopped.
 */
import { type Arrivals, eventJson, type PushEvent, type RunSettings } from './protocol.ts';

/** An event with its JSON, encoded once for all readers. */
export interface FeedEvent extends PushEvent {
  json: string;
}

/** Why a feed ends: the run is over, or the server is going away and the reader may come back. */
export type FeedEnd = 'finished' | 'closing';

/** What a reader of the feed gets, in this order: at most one reset, then events with rising seq, then the end. */
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
  /** Replays what came after the cursor at once, then passes on every new event. Returns how to stop. */
  subscribe(after: number | undefined, reader: FeedReader): () => void;
  /** The same feed, for readers from whom everything up to `seq` is to be kept: a cursor before it gets a reset. */
  without(seq: number): Feed;
  /** Begins at `startsAt` (ms since the epoch, server's clock), or goes on after the events that `take` has brought. */
  start(startsAt: number): void;
  /** Makes no more events until the next `start`: another server makes them now. Readers stay. */
  pause(): void;
  /** Takes an event that another server has made: a known one is ignored, a gap is passed on as a reset. */
  take(event: PushEvent): void;
  /** Stops the timer and ends every reader; does nothing the second time. */
  end(why: FeedEnd): void;
}

export type FeedSettings = Pick<RunSettings, 'eventsPerSecond' | 'arrivals' | 'payloadBytes' | 'seed'> & {
  /** Infinity for the open feed. */
  durationSeconds: number;
};

/**
 * The replay ring holds at most this many events and this many bytes of JSON, whichever is less. The whole ring with its
 * envelopes, written at once, fits what may wait for one connection (limits.ts).
 */
export const RING_EVENTS = 1000;
const RING_BYTES = 768 * 1024;

/** Events of a burst come back to back; the bursts keep the mean rate. */
const BURST_EVENTS = 10;

/**
 * A feed without an end that is late by more than this (ms) goes on from now: the machine was asleep, and on macOS, where
 * Node's steady clock keeps running meanwhile, hours of events would come at once.
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
  // A stream of numbers apart from the arrivals', so that changing `arrivals` leaves the payloads as they were.
  const random = seededRandom(seed ^ 0x9e3779b9);
  while (true) {
    let data = '';
    while (data.length < payloadBytes) data += alphabet[Math.floor(random() * alphabet.length)];
    yield data;
  }
}

/** Remembers what `encode` made of an event: a thousand readers cost one encoding. */
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

/** Where several servers make the same feed in turns: what passes events to the others, and how far ahead a reader's cursor may be. */
export interface FeedSharing {
  /** Called with each event that this feed makes itself, after its readers got it. */
  made(event: FeedEvent): void;
  /** A cursor at most so many events ahead of this feed comes from a server that is ahead; one beyond, from a feed that is gone. */
  lead: number;
}

/** Makes a feed that stands still until `start`. `ringEvents` is for tests that want a cursor to grow too old soon. */
export function createFeed(settings: FeedSettings, ringEvents = RING_EVENTS, sharing?: FeedSharing): Feed {
  return viewOf(new Source(settings, ringEvents, sharing), 0);
}

/** A source as the readers see it from whom everything up to `forgotten` is to be kept. */
function viewOf(source: Source, forgotten: number): Feed {
  return {
    get lastSeq() {
      return source.lastSeq;
    },
    get ended() {
      return source.ended;
    },
    without: (seq) => viewOf(source, seq),
    since: (after) => source.since(after, forgotten),
    latest: (count) => source.known(forgotten).slice(-count),
    subscribe: (after, reader) => source.subscribe(source.since(after, forgotten), reader),
    start: (startsAt) => source.start(startsAt),
    pause: () => source.pause(),
    take: (event) => source.take(event),
    end: (why) => source.end(why),
  };
}

/** Makes the events, keeps the newest of them in the ring, and hands each to all readers. */
class Source {
  lastSeq = 0;
  ended = false;
  readonly #settings: FeedSettings;
  readonly #ringEvents: number;
  readonly #sharing: FeedSharing | undefined;
  readonly #readers = new Set<FeedReader>();
  readonly #ring: FeedEvent[] = [];
  #ringBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: FeedSettings, ringEvents: number, sharing: FeedSharing | undefined) {
    this.#settings = settings;
    this.#ringEvents = ringEvents;
    this.#sharing = sharing;
  }

  /** The ring, oldest first, less what is to be kept from the reader. */
  known(forgotten: number): FeedEvent[] {
    return forgotten === 0 ? this.#ring : this.#ring.filter(({ seq }) => seq > forgotten);
  }

  since(after: number | undefined, forgotten: number): Replay {
    const next = this.lastSeq;
    if (after === undefined) return { events: [], reset: false, next };
    if (this.#isAhead(after)) return { events: [], reset: false, next: after };
    const known = this.known(forgotten);
    const oldest = next - known.length + 1;
    // A cursor beyond the newest event comes from a feed that is gone (the server was restarted): it means nothing here.
    const reset = after < oldest - 1 || after > next;
    const events = reset ? known.slice() : known.slice(after - oldest + 1);
    return { events, reset, next };
  }

  /** Whether a cursor comes from another server, one that is ahead of this one. */
  #isAhead(after: number): boolean {
    return after > this.lastSeq && after - this.lastSeq <= (this.#sharing?.lead ?? 0);
  }

  subscribe({ events, reset, next }: Replay, reader: FeedReader): () => void {
    if (reset) reader.reset(next - events.length);
    for (const event of events) reader.event(event);
    if (this.ended) {
      reader.end('finished');
      return () => {};
    }
    // The reader has the events up to its cursor from the server that was ahead.
    const added =
      next > this.lastSeq ? { ...reader, event: (e: FeedEvent) => e.seq > next && reader.event(e) } : reader;
    this.#readers.add(added);
    return () => this.#readers.delete(added);
  }

  start(begin: number): void {
    let startsAt = begin;
    const { durationSeconds, arrivals, eventsPerSecond, payloadBytes, seed } = this.#settings;
    const length = durationSeconds * 1000;
    const offsets = arrivalOffsets(arrivals, eventsPerSecond, seed);
    const data = payloads(payloadBytes, seed);
    let offset = offsets.next().value;
    const publish = (): void => {
      const event = this.#add({ seq: this.lastSeq + 1, sentAt: now(), data: data.next().value });
      offset = offsets.next().value;
      this.#sharing?.made(event);
    };
    const schedule = (): void => {
      if (offset >= length) return;
      // Rounded up: Node drops the fraction, and an event must not come before its time.
      const wait = Math.max(0, Math.ceil(startsAt + offset - now()));
      this.#timer = setTimeout(() => {
        const late = now() - startsAt - offset;
        if (length === Number.POSITIVE_INFINITY && late > ASLEEP_MS) startsAt += late;
        publishUntil(Math.max(offset, now() - startsAt));
      }, wait);
    };
    // All events that are due come at once: those of a burst, and those that a busy moment has delayed, or the end of the
    // run would lose them. Each in a tick of its own: Node 26 puts several of one tick into one chunk, and the bytes of a
    // run would depend on how busy it was.
    const publishUntil = (due: number): void => {
      if (this.ended || this.#timer === undefined) return;
      publish();
      if (offset <= due && offset < length) process.nextTick(publishUntil, due);
      else schedule();
    };
    for (let seq = 1; seq <= this.lastSeq; seq += 1) {
      offset = offsets.next().value;
      data.next();
    }
    schedule();
  }

  pause(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  take(event: PushEvent): void {
    if (this.ended || event.seq <= this.lastSeq) return;
    if (event.seq > this.lastSeq + 1 && this.lastSeq > 0) {
      this.#ring.length = 0;
      this.#ringBytes = 0;
      this.lastSeq = event.seq - 1;
      for (const reader of [...this.#readers]) reader.reset(this.lastSeq);
    }
    this.#add(event);
  }

  #add(event: PushEvent): FeedEvent {
    const published: FeedEvent = { ...event, json: eventJson(event) };
    this.lastSeq = event.seq;
    this.#ring.push(published);
    this.#ringBytes += published.json.length;
    while (this.#ring.length > this.#ringEvents || (this.#ringBytes > RING_BYTES && this.#ring.length > 1)) {
      this.#ringBytes -= this.#ring.shift()?.json.length ?? 0;
    }
    // A reader added during this loop gets the event from its replay; one removed during it must not get it.
    for (const reader of [...this.#readers]) if (this.#readers.has(reader)) reader.event(published);
    return published;
  }

  end(why: FeedEnd): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.#timer);
    for (const reader of [...this.#readers]) reader.end(why);
    this.#readers.clear();
  }
}
