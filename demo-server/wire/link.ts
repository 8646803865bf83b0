/**
 * The link of one lane: the network between its clients and the server as the run's settings make it, and what stands on
 * it while a fault lasts. Bytes wait here before they pass on; nothing is lost, doubled or reordered, as TCP sees to it.
 */
import type { NetworkSettings } from '../protocol.ts';

/** The faults that last: they hold or end what passes, until somebody takes them off again. */
export type Obstacle = 'stall' | 'refuse' | 'proxy-buffer' | 'idle-limit' | 'compressor';

/** A connection of the lane, as the link sees it. */
export interface Linked {
  /** Ends it at once by a reset; the reason goes into the ledger. */
  cut(reason: string): void;
  /** Something stands on the link now that did not, or the other way round. */
  adapt(): void;
}

/** Bytes of an answer that a buffering proxy, or a compressor that nobody flushes, gathers before it passes them on. */
const GATHERED_BYTES = { 'proxy-buffer': 4096, compressor: 1024 };
/** What a proxy waits for a byte of an unfinished answer. nginx: 60 s; so short here that a lesson can wait for it. */
const IDLE_LIMIT_MS = 5000;

export class Link {
  readonly network: NetworkSettings;
  /** Open connections whose last request was for this lane. */
  readonly connections = new Set<Linked>();
  private readonly random: () => number;
  /** How many orders stand for each: two stalls that overlap end with the later one. */
  private readonly obstacles: Record<Obstacle, number> = {
    stall: 0,
    refuse: 0,
    'proxy-buffer': 0,
    'idle-limit': 0,
    compressor: 0,
  };
  /** When each direction has sent what it was given (ms of `now()`). */
  private readonly free = { up: 0, down: 0 };
  /** How long nothing has passed in all (ms), and since when nothing does now (ms of performance.now()). */
  private stood = 0;
  private stoodFrom = 0;

  /** `random` gives numbers in [0, 1), for the jitter. */
  constructor(network: NetworkSettings, random: () => number) {
    this.network = network;
    this.random = random;
  }

  /** Whether bytes pass as if there were no link at all. */
  get clear(): boolean {
    const { rttMs, jitterMs, kilobitsPerSecond } = this.network;
    const { stall, 'proxy-buffer': buffer, 'idle-limit': idle, compressor } = this.obstacles;
    return rttMs + jitterMs + kilobitsPerSecond + stall + buffer + idle + compressor === 0;
  }

  get stalled(): boolean {
    return this.obstacles.stall > 0;
  }

  get refusing(): boolean {
    return this.obstacles.refuse > 0;
  }

  get idleLimitMs(): number {
    return this.obstacles['idle-limit'] > 0 ? IDLE_LIMIT_MS : 0;
  }

  /** So many bytes of an answer are gathered before they pass; 0 = none are. */
  get gathers(): number {
    const proxy = this.obstacles['proxy-buffer'] > 0 ? GATHERED_BYTES['proxy-buffer'] : 0;
    const compressor = this.obstacles.compressor > 0 ? GATHERED_BYTES.compressor : 0;
    return Math.max(proxy, compressor);
  }

  put(obstacle: Obstacle): void {
    if (obstacle === 'stall' && !this.stalled) this.stoodFrom = performance.now();
    this.obstacles[obstacle] += 1;
    this.tell();
  }

  take(obstacle: Obstacle): void {
    this.obstacles[obstacle] -= 1;
    if (obstacle === 'stall' && !this.stalled) this.stood += performance.now() - this.stoodFrom;
    this.tell();
  }

  /**
   * The line's own clock (ms): it stands while a stall lasts. So what was on its way then arrives as much later, and what came
   * meanwhile takes its time on the line afterwards, as it does when TCP sends it again.
   */
  now(): number {
    return (this.stalled ? this.stoodFrom : performance.now()) - this.stood;
  }

  /** Ends all connections of the lane by a reset. */
  cut(reason: string): void {
    for (const connection of [...this.connections]) connection.cut(reason);
  }

  /**
   * When bytes that are sent now arrive (ms of `now()`). They wait until the bytes before them are out, take their time on the
   * line, and then half a round trip and the jitter.
   */
  arrival(direction: 'up' | 'down', bytes: number): number {
    const { rttMs, jitterMs, kilobitsPerSecond } = this.network;
    const now = this.now();
    let sent = now;
    if (kilobitsPerSecond > 0) {
      // kilobits a second are bits a millisecond.
      sent = Math.max(now, this.free[direction]) + (bytes * 8) / kilobitsPerSecond;
      this.free[direction] = sent;
    }
    return sent + rttMs / 2 + (jitterMs > 0 ? this.random() * jitterMs : 0);
  }

  /** These bytes will not be sent any more: their connection is gone, and the line is free for others. */
  giveBack(direction: 'up' | 'down', bytes: number): void {
    const { kilobitsPerSecond } = this.network;
    if (kilobitsPerSecond > 0) this.free[direction] -= (bytes * 8) / kilobitsPerSecond;
  }

  private tell(): void {
    for (const connection of [...this.connections]) connection.adapt();
  }
}
