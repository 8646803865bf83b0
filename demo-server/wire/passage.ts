/**
 * One connection's way over its lane's link: a queue in each direction, which bytes leave in order, each when its time has
 * come. A connection has one only after its link was not clear for the first time.
 */
import type { Link } from './link.ts';

/** The connection that a passage belongs to: where bytes go when they leave it. */
export interface Ends {
  /** A response is in progress, or the connection has switched to WebSocket. */
  readonly responding: boolean;
  /** It has switched to WebSocket, whose bytes no proxy or compressor gathers. */
  readonly switched: boolean;
  /** Hands the server what came from the client; null = the client has ended its side. Returns whether more is wanted. */
  deliver(bytes: Buffer | null): boolean;
  /** Hands these to the kernel in one write, and calls back when it has taken them. */
  send(parts: Buffer[], sent: () => void): void;
  cut(reason: string): void;
}

/** Why a connection was ended, as the ledger gives it. */
const IDLE = 'no byte for 5 s: cut as by a proxy';

/** How many bytes from a client may wait here. The rest waits in its kernel. */
const UP_LIMIT = 64 * 1024;
/** With limited bandwidth bytes travel in packets of this size, so that a long response does not arrive all at once at its end. */
const PACKET_BYTES = 1448;

export class Passage {
  /** Undefined while the connection carries requests of no lane: then nothing is held. */
  private link: Link | undefined;
  private readonly ends: Ends;
  private readonly openedAt: number;
  private readonly up = new Queue(() => this.link);
  private readonly down = new Queue(() => this.link);
  private gathered: Buffer[] = [];
  private gatheredBytes = 0;
  private readerFull = false;
  private idle: NodeJS.Timeout | undefined;

  /** `openedAt`: when the connection was accepted (ms of performance.now()) if this lane opened it, else -Infinity. */
  constructor(ends: Ends, link: Link, openedAt: number) {
    this.ends = ends;
    this.link = link;
    this.openedAt = openedAt;
    this.watch();
  }

  /** How many bytes wait on their way to the client. */
  get waiting(): number {
    return this.gatheredBytes + this.down.bytes;
  }

  /** Continues over another link, which has another clock. */
  cross(link: Link | undefined): void {
    const before = lineTime(this.link);
    this.link = link;
    const shift = lineTime(link) - before;
    this.up.shift(shift);
    this.down.shift(shift);
    this.adapt();
  }

  /** Takes what came from the client. Returns whether the kernel may hand over more. */
  receive(bytes: Buffer | null): boolean {
    this.idle?.refresh();
    const length = bytes?.length ?? 0;
    // The kernel accepted the connection at once, but a client at this distance would have learned so only a round trip later.
    const handshake = this.link ? Math.max(0, this.openedAt + this.link.network.rttMs - performance.now()) : 0;
    const at = this.arrival('up', length) + handshake;
    this.up.add(at, length, (passed) => {
      this.readerFull = !this.ends.deliver(bytes);
      passed();
    });
    return !this.readerFull && this.up.bytes < UP_LIMIT;
  }

  /** The server wants to read again. */
  wanted(): void {
    this.readerFull = false;
  }

  /** Takes one write of the server. */
  write(parts: Buffer[]): void {
    this.idle?.refresh();
    const gathers = this.ends.switched ? 0 : (this.link?.gathers ?? 0);
    this.gathered.push(...parts);
    this.gatheredBytes += parts.reduce((sum, { length }) => sum + length, 0);
    if (this.gatheredBytes >= gathers) this.flush();
  }

  /** The server has ended its side: calls `end` after everything before it has left. */
  end(end: () => void): void {
    this.flush();
    this.down.add(this.arrival('down', 0), 0, (passed) => {
      end();
      passed();
    });
  }

  /** A response has begun or ended, or the connection has switched to WebSocket. */
  turn(): void {
    if (!this.ends.responding || this.ends.switched) this.flush();
    this.watch();
  }

  /** An obstacle was put on the link or removed. */
  adapt(): void {
    if (!this.link?.gathers) this.flush();
    this.watch();
    this.up.go();
    this.down.go();
  }

  /** Discards everything that waits, and clears the timers. */
  close(): void {
    this.link?.giveBack('up', this.up.bytes);
    this.link?.giveBack('down', this.down.bytes);
    this.link = undefined;
    this.gathered = [];
    this.gatheredBytes = 0;
    this.watch();
    this.up.close();
    this.down.close();
  }

  private flush(): void {
    const { gathered } = this;
    if (gathered.length === 0) return;
    this.gathered = [];
    this.gatheredBytes = 0;
    if (!this.link?.network.kilobitsPerSecond) this.send(gathered);
    else
      for (const part of gathered) {
        for (let at = 0; at < part.length; at += PACKET_BYTES) this.send([part.subarray(at, at + PACKET_BYTES)]);
      }
  }

  private send(parts: Buffer[]): void {
    const bytes = parts.reduce((sum, { length }) => sum + length, 0);
    this.down.add(this.arrival('down', bytes), bytes, (sent) => this.ends.send(parts, sent));
  }

  private arrival(direction: 'up' | 'down', bytes: number): number {
    return this.link?.arrival(direction, bytes) ?? performance.now();
  }

  /** Restarts the timer of a proxy with an idle limit, which runs during a response and not between requests. */
  private watch(): void {
    clearTimeout(this.idle);
    const limit = this.ends.responding ? (this.link?.idleLimitMs ?? 0) : 0;
    this.idle = limit > 0 ? setTimeout(() => this.ends.cut(IDLE), limit) : undefined;
  }
}

/** The clock of a link, or performance.now() if there is none (ms). */
function lineTime(link: Link | undefined): number {
  return link?.now() ?? performance.now();
}

interface Item {
  at: number;
  bytes: number;
  pass: (passed: () => void) => void;
}

/** What waits in one direction. Each item leaves at its time, but never before the one ahead of it. */
class Queue {
  bytes = 0;
  private readonly link: () => Link | undefined;
  private items: Item[] = [];
  private latest = 0;
  private passing = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(link: () => Link | undefined) {
    this.link = link;
  }

  /** `pass` is called at `at` (ms of the link's clock), and calls back when the next item may follow. */
  add(at: number, bytes: number, pass: Item['pass']): void {
    this.latest = Math.max(this.latest, at);
    this.items.push({ at: this.latest, bytes, pass });
    this.bytes += bytes;
    this.go();
  }

  go(): void {
    clearTimeout(this.timer);
    while (!this.passing && !this.link()?.stalled) {
      const [first] = this.items;
      if (first === undefined) return;
      const wait = first.at - lineTime(this.link());
      if (wait > 0) {
        // Rounded up, as Node drops fractions of a ms: a byte must not arrive early.
        this.timer = setTimeout(() => this.go(), Math.ceil(wait));
        return;
      }
      this.items.shift();
      this.bytes -= first.bytes;
      this.passing = true;
      let passed = false;
      first.pass(() => {
        this.passing = false;
        if (passed) this.go();
      });
      passed = true;
    }
  }

  /** The items go by another clock from now on, which is ahead by this much (ms). */
  shift(by: number): void {
    for (const item of this.items) item.at += by;
    this.latest += by;
  }

  close(): void {
    clearTimeout(this.timer);
    this.items = [];
    this.bytes = 0;
  }
}
