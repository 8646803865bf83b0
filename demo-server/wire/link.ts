/**
 * The link of one lane: the simulated network between its clients and the server, and the obstacles on it while a fault
 * lasts. It only says when bytes pass. Nothing is lost, duplicated or reordered, as on TCP.
 */
import { GATHERED_BYTES, IDLE_LIMIT_MS, type NetworkSettings, type Obstacle } from '../protocol.ts';

/** A connection of the lane, as the link sees it. */
export interface Linked {
  /** Resets the connection at once. The reason goes into the ledger. */
  cut(reason: string): void;
  /** An obstacle was put on the link or removed. */
  adapt(): void;
}

export class Link {
  readonly network: NetworkSettings;
  /** Open connections whose last request was for this lane. */
  readonly connections = new Set<Linked>();
  private readonly random: () => number;
  /** How many faults of each kind are in effect: two stalls that overlap end with the later one. */
  private readonly obstacles: Record<Obstacle, number> = {
    stall: 0,
    refuse: 0,
    'proxy-buffer': 0,
    'idle-limit': 0,
    compressor: 0,
  };
  /** When each direction will have sent everything it was given (ms of `now()`). */
  private readonly free = { up: 0, down: 0 };
  /** The total length of past stalls (ms), and the start of the current one (ms of performance.now()). */
  private stood = 0;
  private stoodFrom = 0;

  /** `random` returns numbers in [0, 1), for the jitter. */
  constructor(network: NetworkSettings, random: () => number) {
    this.network = network;
    this.random = random;
  }

  /** Whether bytes pass as if there were no link. */
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

  /** How many bytes of a response are gathered before they pass; 0 = none. */
  get gathers(): number {
    const proxy = this.obstacles['proxy-buffer'] > 0 ? GATHERED_BYTES['proxy-buffer'] : 0;
    const compressor = this.obstacles.compressor > 0 ? GATHERED_BYTES.compressor : 0;
    return Math.max(proxy, compressor);
  }

  put(obstacle: Obstacle): void {
    if (obstacle === 'stall' && !this.stalled) this.stoodFrom = performance.now();
    this.obstacles[obstacle] += 1;
    this.notify();
  }

  take(obstacle: Obstacle): void {
    this.obstacles[obstacle] -= 1;
    if (obstacle === 'stall' && !this.stalled) this.stood += performance.now() - this.stoodFrom;
    this.notify();
  }

  /**
   * The line's own clock (ms), which stands still during a stall. So bytes that were on their way arrive later by its length,
   * and bytes sent during it take their time on the line afterwards, as when TCP retransmits them.
   */
  now(): number {
    return (this.stalled ? this.stoodFrom : performance.now()) - this.stood;
  }

  /** Resets all connections of the lane. */
  cut(reason: string): void {
    for (const connection of [...this.connections]) connection.cut(reason);
  }

  /**
   * When bytes that are sent now will arrive (ms of `now()`): after the bytes before them have left, plus their own time on the
   * line, half a round trip and the jitter.
   */
  arrival(direction: 'up' | 'down', bytes: number): number {
    const { rttMs, jitterMs, kilobitsPerSecond } = this.network;
    const now = this.now();
    let sent = now;
    if (kilobitsPerSecond > 0) {
      // A kilobit per second is a bit per millisecond.
      sent = Math.max(now, this.free[direction]) + (bytes * 8) / kilobitsPerSecond;
      this.free[direction] = sent;
    }
    return sent + rttMs / 2 + (jitterMs > 0 ? this.random() * jitterMs : 0);
  }

  /** These bytes will never be sent, as their connection is gone: frees their time on the line. */
  giveBack(direction: 'up' | 'down', bytes: number): void {
    const { kilobitsPerSecond } = this.network;
    if (kilobitsPerSecond > 0) this.free[direction] -= (bytes * 8) / kilobitsPerSecond;
  }

  private notify(): void {
    for (const connection of [...this.connections]) connection.adapt();
  }
}
