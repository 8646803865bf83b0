/**
 * What a run leaves behind, in typed arrays: 20 bytes an event instead of an object each, and quick to search by time.
 * All times are in ms of the page's own clock (`performance.timeOrigin + performance.now()`).
 */

type Numbers = Float64Array | Float32Array | Uint32Array;

/** First index in the ascending `values[0 … length)` whose value is at least `target`. */
export function lowerBound(values: ArrayLike<number>, length: number, target: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) < target) low = middle + 1;
    else high = middle;
  }
  return low;
}

function grown<T extends Numbers>(old: T): T {
  const larger = new (old.constructor as new (length: number) => T)(old.length * 2);
  larger.set(old);
  return larger;
}

/** The events of one lane in order of arrival. */
export class EventStore {
  length = 0;
  /** Arrival in ms, ascending. */
  at = new Float64Array(256);
  /** Time from the server's stamp to the arrival in ms, corrected by the clock as it was known then. */
  latency = new Float32Array(256);
  seq = new Uint32Array(256);
  /** The request (1, 2, …) whose answer carried it. */
  request = new Uint32Array(256);

  /** Appends one event; `at` in ms, not before the event appended last; `latency` in ms. */
  push(at: number, latency: number, seq: number, request: number): void {
    if (this.length === this.at.length) {
      this.at = grown(this.at);
      this.latency = grown(this.latency);
      this.seq = grown(this.seq);
      this.request = grown(this.request);
    }
    this.at[this.length] = at;
    this.latency[this.length] = latency;
    this.seq[this.length] = seq;
    this.request[this.length] = request;
    this.length++;
  }

  /** Index of the first event that arrived at or after `time` (ms). */
  from(time: number): number {
    return lowerBound(this.at, this.length, time);
  }

  /** Latencies (ms) of the events that arrived in `[start, end)`; a view, valid until the next push. */
  latencies(start = Number.NEGATIVE_INFINITY, end = Number.POSITIVE_INFINITY): Float32Array {
    return this.latency.subarray(this.from(start), this.from(end));
  }
}

/** The messages of one lane towards the server that were answered, in order of their answers. */
export class UplinkStore {
  length = 0;
  /** When the message was made, in ms. */
  sentAt = new Float64Array(64);
  /** From then until the server had read it, in ms, corrected by the clock as it was known then. */
  up = new Float32Array(64);
  /** From then until its answer was here, in ms of the page's clock alone. */
  round = new Float32Array(64);

  /** Appends one message; all in ms. */
  push(sentAt: number, up: number, round: number): void {
    if (this.length === this.sentAt.length) {
      this.sentAt = grown(this.sentAt);
      this.up = grown(this.up);
      this.round = grown(this.round);
    }
    this.sentAt[this.length] = sentAt;
    this.up[this.length] = up;
    this.round[this.length] = round;
    this.length++;
  }
}

/** The requests of one lane in order of their start. */
export class RequestStore {
  length = 0;
  /** Start in ms, ascending. */
  start = new Float64Array(64);
  /** End in ms; Infinity while the request is held open. */
  end = new Float64Array(64);
  /** 1 where the answer came to its proper end, 0 where it failed or is still open. */
  ok = new Uint32Array(64);
  /** Indices of the requests still open; a technique holds a few at most. */
  readonly open = new Set<number>();
  /** The latest end among the closed requests up to an index: ascending, so that a view finds its first bar by search. */
  #reach = new Float64Array(64);

  /** Appends a request that started at `at` (ms) and returns its index. */
  begin(at: number): number {
    if (this.length === this.start.length) {
      this.start = grown(this.start);
      this.end = grown(this.end);
      this.ok = grown(this.ok);
      this.#reach = grown(this.#reach);
    }
    const index = this.length++;
    this.start[index] = at;
    this.end[index] = Number.POSITIVE_INFINITY;
    this.#reach[index] = index > 0 ? (this.#reach[index - 1] as number) : Number.NEGATIVE_INFINITY;
    this.open.add(index);
    return index;
  }

  /** Ends request `index` at `at` (ms). An index that is not open is ignored: a request ends once. */
  finish(index: number, at: number, ok: boolean): void {
    if (!this.open.delete(index)) return;
    this.end[index] = at;
    this.ok[index] = ok ? 1 : 0;
    for (let later = index; later < this.length && (this.#reach[later] as number) < at; later++) {
      this.#reach[later] = at;
    }
  }

  /** Calls `draw` with the index of every request that overlaps `[from, to]` (ms), each once, open ones last. */
  inView(from: number, to: number, draw: (index: number) => void): void {
    for (let index = lowerBound(this.#reach, this.length, from); index < this.length; index++) {
      if ((this.start[index] as number) > to) break;
      if (!this.open.has(index) && (this.end[index] as number) >= from) draw(index);
    }
    for (const index of this.open) if ((this.start[index] as number) <= to) draw(index);
  }
}
