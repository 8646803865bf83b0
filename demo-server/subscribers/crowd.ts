/**
 * The simulated subscribers of one run, inside their own process (subscribers-process.ts): many clients of each lane, and
 * what became of all of them together. Keeps counters and histograms, never a list of events.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { receive } from '../clients/index.ts';
import { now, type Sample } from '../measure/lane.ts';
import { SUBSCRIBER, type SubscriberLane, type TechniqueId } from '../protocol.ts';

/** What a crowd is told when it joins a run. */
export interface Joining {
  run: string;
  /** Origin of the server. */
  server: string;
  techniques: readonly TechniqueId[];
  /** Clients of each lane. */
  count: number;
  pollIntervalMs: number;
  /** Messages a second that each sends once the run has started, and their bytes. */
  uplinkPerSecond: number;
  payloadBytes: number;
  /** What to add to this process's clock to have the server's, in ms. */
  clockOffsetMs: number;
}

export type LaneReport = Omit<SubscriberLane, 'ledger'>;

export interface Crowd {
  report(): Partial<Record<TechniqueId, LaneReport>>;
  /** The first words with which a client was refused. */
  refusal(): string | undefined;
  /** The run has started, or will at this time (ms, server's clock). */
  start(startsAt: number): void;
  /** The run has ended at this event: what a client lacks of it when it ends is lost. */
  finish(lastSeq: number): void;
  /** Resolves when every client has begun. */
  readonly joined: Promise<void>;
  /** Resolves when every client has ended. */
  readonly ended: Promise<void>;
  leave(): void;
}

/** The clients begin within this time, evenly: all at once they would fill the queue of the listening socket. */
const SPREAD_MS = 1000;
const STEP_MS = 10;

interface Lane {
  connected: number;
  failed: number;
  received: number;
  /** Highest seq of each client, all together. */
  highest: number;
  /** Clients that have ended, and their part of `highest`. */
  ended: number;
  endedHighest: number;
  /** In microseconds. */
  latency: RecordableHistogram;
}

/** Makes `count` clients of each lane and lets them in one after the other. */
export function createCrowd(joining: Joining): Crowd {
  const { run, server, techniques, count, pollIntervalMs, uplinkPerSecond, payloadBytes, clockOffsetMs } = joining;
  const leaving = new AbortController();
  const lanes = new Map<TechniqueId, Lane>(techniques.map((id) => [id, emptyLane()]));
  let refused: string | undefined;
  let lastSeq: number | undefined;
  let startsAt = Number.POSITIVE_INFINITY;
  const joined = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();

  async function client(id: TechniqueId, lane: Lane, number: number): Promise<void> {
    let askedAt = Number.POSITIVE_INFINITY;
    let highest = 0;
    let connected = false;
    function become(here: boolean): void {
      if (connected !== here) lane.connected += here ? 1 : -1;
      connected = here;
    }
    function sample(one: Sample): void {
      if (one.kind === 'request') askedAt = Math.min(askedAt, one.at + clockOffsetMs);
      if (one.kind === 'trouble') become(false);
      else become(true);
      if (one.kind === 'reset') {
        lane.highest += Math.max(0, one.next - highest);
        highest = Math.max(highest, one.next);
      }
      if (one.kind !== 'event') return;
      // A histogram takes whole numbers from 1.
      if (one.sentAt >= askedAt)
        lane.latency.record(Math.max(1, Math.round((one.at + clockOffsetMs - one.sentAt) * 1000)));
      if (one.seq <= highest) return;
      lane.received += 1;
      lane.highest += one.seq - highest;
      highest = one.seq;
    }
    try {
      const over = (): boolean => lastSeq !== undefined;
      const started = (): boolean => now() + clockOffsetMs >= startsAt;
      const client = `${SUBSCRIBER}${number}`;
      const sending = { uplinkPerSecond, payloadBytes, started };
      await receive(id, { server, run, client, pollIntervalMs, ...sending, signal: leaving.signal, over, sample });
    } catch (error) {
      lane.failed += 1;
      refused ??= (error as Error).message;
    }
    become(false);
    lane.ended += 1;
    lane.endedHighest += highest;
  }

  async function join(): Promise<void> {
    const all: Promise<void>[] = [];
    const total = count * lanes.size;
    const began = performance.now();
    // One of each lane, then the next of each: whatever stops it, the lanes have equally many.
    for (let number = 1; number <= count; number += 1) {
      for (const [id, lane] of lanes) {
        const due = (all.length / total) * SPREAD_MS;
        while (performance.now() - began < due && !leaving.signal.aborted)
          await new Promise((resolve) => setTimeout(resolve, STEP_MS));
        if (leaving.signal.aborted) break;
        all.push(client(id, lane, number));
      }
    }
    joined.resolve();
    await Promise.all(all);
  }
  void join().then(ended.resolve, ended.reject);

  return {
    report: () => Object.fromEntries([...lanes].map(([id, lane]) => [id, laneReport(lane, lastSeq)])),
    refusal: () => refused,
    start: (at) => {
      startsAt = at;
    },
    finish: (seq) => {
      lastSeq = seq;
    },
    joined: joined.promise,
    ended: ended.promise,
    leave: () => leaving.abort(),
  };
}

function emptyLane(): Lane {
  return { connected: 0, failed: 0, received: 0, highest: 0, ended: 0, endedHighest: 0, latency: createHistogram() };
}

function laneReport(lane: Lane, lastSeq?: number): LaneReport {
  const { connected, failed, received, highest, latency } = lane;
  // Who goes on may still get what it lacks: a poll comes later than the run's end.
  const due = lastSeq === undefined ? highest : highest - lane.endedHighest + lane.ended * lastSeq;
  const ms = (microseconds: number): number => microseconds / 1000;
  const figures = {
    count: latency.count,
    p50: ms(latency.percentile(50)),
    p95: ms(latency.percentile(95)),
    max: ms(latency.max),
  };
  const lost = Math.max(0, due - received);
  return { connected, failed, received, lost, ...(latency.count > 0 ? { latency: figures } : {}) };
}
