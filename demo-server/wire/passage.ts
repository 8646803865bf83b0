/**
 * One connection's way over its lane's link: a queue in each direction, from which bytes leave when their time has come,
 * in the order in which they came. Only a connection that has met a link that is not clear has one.
 */
import type { Link } from './link.ts';

/** The connection at whose two ends a passage hands on. */
export interface Ends {
  /** An answer is under way, or the connection has switched to WebSocket. */
  readonly answering: boolean;
  /** It has switched: what follows is no answer that a proxy or a compressor would gather. */
  readonly switched: boolean;
  /** Hands on what came from the client; null = the client has ended its side. Returns whether more is wanted. */
  deliver(bytes: Buffer | null): boolean;
  /** Hands these to the kernel in one go, and calls back when it has taken them. */
  send(parts: Buffer[], sent: () => void): void;
  cut(reason: string): void;
}

/** Why a connection was ended here, as it stands in the ledger. */
const IDLE = 'no byte for 5 s: cut as by a proxy';

/** Bytes from a client that may wait here; what is more waits in its kernel. */
const UP_LIMIT = 64 * 1024;
/** A line of limited bandwidth carries packets: a long answer does not arrive all at its last moment. */
const PACKET_BYTES = 1448;

export class Passage {
  /** Undefined while the connection carries something that is no lane's: then nothing is held. */
  private link: Link | undefined;
  private readonly ends: Ends;
  private readonly openedAt: number;
  private readonly up = new Queue(() => this.link);
  private readonly down = new Queue(() => this.link);
  private gathered: Buffer[] = [];
  private gatheredBytes = 0;
  private readerFull = false;
  private idle: NodeJS.Timeout | undefined;

  /** `openedAt`: when the connection was accepted (ms of performance.now()), if it was opened for this lane; else -Infinity. */
  constructor(ends: Ends, link: Link, openedAt: number) {
    this.ends = ends;
    this.link = link;
    this.openedAt = openedAt;
    this.watch();
  }

  /** Bytes that wait for the client. */
  get waiting(): number {
    return this.gatheredBytes + this.down.bytes;
  }

  /** Goes on over another link, whose clock is another one. */
  cross(link: Link | undefined): void {
    const before = lineTime(this.link);
    this.link = link;
    const shift = lineTime(link) - before;
    this.up.shift(shift);
    this.down.shift(shift);
    this.adapt();
  }

  /** Takes what came from the client; returns whether its kernel may hand over more. */
  receive(bytes: Buffer | null): boolean {
    this.idle?.refresh();
    const length = bytes?.length ?? 0;
    // The kernel has accepted the connection at once; a client at this distance could not have sent before it knew.
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

  /** Takes what the server has written in one go. */
  write(parts: Buffer[]): void {
    this.idle?.refresh();
    const gathers = this.ends.switched ? 0 : (this.link?.gathers ?? 0);
    this.gathered.push(...parts);
    this.gatheredBytes += parts.reduce((sum, { length }) => sum + length, 0);
    if (this.gatheredBytes >= gathers) this.flush();
  }

  /** The server has ended its side: calls `end` when all before it has gone. */
  end(end: () => void): void {
    this.flush();
    this.down.add(this.arrival('down', 0), 0, (passed) => {
      end();
      passed();
    });
  }

  /** An answer has begun or ended, or the connection has switched. */
  turn(): void {
    if (!this.ends.answering || this.ends.switched) this.flush();
    this.watch();
  }

  /** Something stands on the link now that did not, or the other way round. */
  adapt(): void {
    if (!this.link?.gathers) this.flush();
    this.watch();
    this.up.go();
    this.down.go();
  }

  /** Lets go of everything that waits, and of the timers. */
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

  /** A proxy waits for the next byte of an answer only so long, not between two requests. */
  private watch(): void {
    clearTimeout(this.idle);
    const limit = this.ends.answering ? (this.link?.idleLimitMs ?? 0) : 0;
    this.idle = limit > 0 ? setTimeout(() => this.ends.cut(IDLE), limit) : undefined;
  }
}

/** The clock of a link, or the plain one where there is none (ms). */
function lineTime(link: Link | undefined): number {
  return link?.now() ?? performance.now();
}

interface Item {
  at: number;
  bytes: number;
  pass: (passed: () => void) => void;
}

/** What waits in one direction. Each leaves at its time, but never before the one in front of it has. */
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

  /** `at` in ms of the link's clock; `pass` is called then, and calls back when the next one may follow. */
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
        // Rounded up, as Node drops the fraction: a byte must not arrive before its time.
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

  /** The clock that the items go by is another one from now on, and shows so much more (ms). */
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
