/**
 * Sees every byte of every connection where the socket itself handles it: `push` takes what the kernel has delivered,
 * `_write` and `_writev` hand over what is to be sent. What passes there is told to the ledger. Also the one place
 * that bounds what waits for a reader who does not read, and where the conditions of a run act: bytes that a lane's link
 * holds go through a passage. What comes up is counted before it waits, what goes down when it is really sent.
 */
import type { Server } from 'node:http';
import { Socket } from 'node:net';
import { deafReaders } from './deaf.ts';
import type { ConnectionMeter, Ledger } from './ledger.ts';
import type { Link, Linked } from './link.ts';
import { type Ends, Passage } from './passage.ts';

/** Why a connection was ended here, as it stands in the ledger. */
export const SLOW_READER = 'reader too slow: its queue was full';
export const DEAF_READER = 'reader took nothing more';
/** For so long (ms), at least. */
const DEAF_MS = 60_000;
const REFUSED = 'refused, as by a port that nobody listens on';

export interface TapOptions {
  ledger: Ledger;
  queuedBytes: number;
  /** How long a reader may take nothing of what waits for it (ms), twice as long at the most. */
  deafMs?: number | undefined;
}

/** Puts a tap on each connection that the server accepts. Returns how to end all connections at once. */
export function tapServer(server: Server, { ledger, queuedBytes, deafMs = DEAF_MS }: TapOptions): () => void {
  const tap: Tap = { sockets: new Set(), queuedBytes };
  server.on('connection', (socket: Socket) => {
    const meter = ledger.connection(socket.remoteAddress ?? '', socket.remotePort);
    // Node makes the sockets that it accepts; no option says of which class.
    const tapped: TappedSocket = Object.setPrototypeOf(socket, TappedSocket.prototype);
    // A whole number takes no memory of its own.
    Object.assign(tapped, { tap, meter, acceptedAt: Math.ceil(performance.now()), met: undefined });
    // http lets its parser read from the handle, past the socket, until somebody else listens for data. From then on
    // it reads from the socket as any listener does, for good.
    tapped.on('data', ignore).off('data', ignore);
    tapped.on('close', closed);
    tapped.setMaxListeners(LISTENERS);
    tap.sockets.add(tapped);
  });
  const deaf = deafReaders(tap.sockets);
  const looking = setInterval(() => {
    for (const socket of deaf()) {
      socket.meter.cut(DEAF_READER);
      socket.destroy();
    }
  }, deafMs).unref();
  server.on('close', () => clearInterval(looking));
  return () => {
    for (const socket of tap.sockets) socket.destroy();
  };
}

/**
 * Listeners for one event of a connection from which on Node warns of a leak. A WebSocket has ten that wait for its close:
 * those of Node, of ws, the tap, its room, its limit, the log and the figures.
 */
const LISTENERS = 20;

/** What the taps of one server share. */
interface Tap {
  sockets: Set<TappedSocket>;
  queuedBytes: number;
}

/**
 * Tells the tap that an answer begins on this socket, or (`switches`) that it becomes a WebSocket: a proxy and a
 * compressor know that from its head, and the tap does not look into what it carries. Returns how to tell the end, once.
 */
export function beginAnswer(socket: Socket, switches: boolean): () => void {
  const met = socket instanceof TappedSocket ? socket.met : undefined;
  if (met === undefined) return () => {};
  met.switched ||= switches;
  met.answers += 1;
  met.passage?.turn();
  return () => {
    met.answers -= 1;
    met.passage?.turn();
  };
}

function closed(this: TappedSocket): void {
  const { met, tap, meter } = this;
  tap.sockets.delete(this);
  met?.link?.connections.delete(this);
  meter.end(this.bytesRead, this.bytesWritten - (met?.refusedBytes ?? 0));
}

function ignore(): void {}

/** A part of what is to be sent: http writes the heads as text, the bodies as bytes. */
interface Part {
  chunk: Buffer | string;
  encoding: BufferEncoding;
}

/** What a connection has met that carries a lane with a link; the others, and those of the open feed, have nothing of it. */
interface Met {
  link: Link | undefined;
  /** Only once the link was not clear. */
  passage: Passage | undefined;
  /** Answers that are under way. */
  answers: number;
  switched: boolean;
  /** The server's FIN was handed to the kernel. */
  shut: boolean;
  /** Counted by libuv, but not taken by the kernel. */
  refusedBytes: number;
}

class TappedSocket extends Socket implements Linked, Ends {
  declare tap: Tap;
  declare meter: ConnectionMeter;
  /** In whole ms of performance.now(). */
  declare acceptedAt: number;
  declare met: Met | undefined;

  /** Called with what was read. What an upgrade puts back (`unshift`) was read before, and does not pass here again. */
  override push(chunk: Buffer | null): boolean {
    const { meter } = this;
    if (chunk !== null) meter.up(chunk);
    if (this.met === undefined && meter.link === undefined) return super.push(chunk);
    this.met ??= { link: undefined, passage: undefined, answers: 0, switched: false, shut: false, refusedBytes: 0 };
    if (this.met.link !== meter.link && !this.join(this.met, meter.link)) return false;
    return this.met.passage === undefined ? super.push(chunk) : this.met.passage.receive(chunk);
  }

  override write(chunk: unknown, encoding?: unknown, written?: unknown): boolean {
    // Looked at before every write, because a reader that has stopped reading gives no other sign. One event is several
    // writes: those behind the one that was too much still come here.
    const queued = this.writableLength + (this.met?.passage?.waiting ?? 0);
    if (queued > 0 && queued + (chunk as { length: number }).length > this.tap.queuedBytes && !this.destroyed) {
      this.meter.cut(SLOW_READER);
      this.destroy();
      return false;
    }
    return super.write(chunk as Buffer, encoding as BufferEncoding, written as () => void);
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, written: (error?: Error | null) => void): void {
    const bytes = bytesOf({ chunk, encoding });
    const passage = this.met?.passage;
    if (passage !== undefined) {
      passage.write([bytes]);
      written();
      return;
    }
    this.meter.down(bytes);
    super._write(bytes, 'buffer' as BufferEncoding, written);
  }

  override _writev(parts: Part[], written: (error?: Error | null) => void): void {
    const passage = this.met?.passage;
    if (passage !== undefined) {
      passage.write(parts.map(bytesOf));
      written();
      return;
    }
    for (const part of parts) this.meter.down(bytesOf(part));
    super._writev?.(parts, written);
  }

  override _final(done: (error?: Error | null) => void): void {
    const passage = this.met?.passage;
    if (passage === undefined) this.shutDown(done);
    else passage.end(() => this.shutDown(done));
  }

  override _read(size: number): void {
    this.met?.passage?.wanted();
    super._read(size);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.met?.passage?.close();
    super._destroy(error, done);
  }

  // ------------------------------------------------------------------------------------------ what a link does

  get answering(): boolean {
    return this.met !== undefined && this.met.answers > 0;
  }

  get switched(): boolean {
    return this.met?.switched === true;
  }

  deliver(chunk: Buffer | null): boolean {
    const more = super.push(chunk);
    // As net does behind the last byte: nobody else asks for the end where nobody is reading.
    if (chunk === null) this.read(0);
    return more;
  }

  send(parts: Buffer[], sent: () => void): void {
    const bytes = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    let refused = false;
    super._write(bytes, 'buffer' as BufferEncoding, (error) => {
      if (!error) return sent();
      refused = true;
      this.destroy(error);
    });
    // A reset that came while these were held is not known here yet, but the kernel knows, and takes nothing. libuv has
    // counted them all the same.
    if (!refused) for (const part of parts) this.meter.down(part);
    else if (this.met) this.met.refusedBytes += bytes.length;
  }

  cut(reason: string): void {
    if (this.destroyed) return;
    this.meter.cut(reason);
    // Behind a FIN there is no reset (libuv refuses it), and nothing that it could take away.
    if (this.met?.shut) this.destroy();
    else this.resetAndDestroy();
  }

  adapt(): void {
    const { met } = this;
    if (met?.passage !== undefined) met.passage.adapt();
    else if (met?.link?.clear === false) met.passage = new Passage(this, met.link, Number.NEGATIVE_INFINITY);
  }

  /** The connection's last request was for another lane than the one before, or for none. False if that is the end of it. */
  private join(met: Met, link: Link | undefined): boolean {
    met.link?.connections.delete(this);
    met.link = link;
    link?.connections.add(this);
    // The kernel has accepted the connection long ago, so it cannot be refused any more: a reset is the next best.
    if (link?.refusing) {
      this.cut(REFUSED);
      return false;
    }
    if (met.passage !== undefined) met.passage.cross(link);
    else if (link?.clear === false) {
      met.passage = new Passage(this, link, this.meter.requests === 1 ? this.acceptedAt : Number.NEGATIVE_INFINITY);
    }
    return true;
  }

  private shutDown(done: (error?: Error | null) => void): void {
    if (this.met) this.met.shut = true;
    super._final(done);
  }
}

function bytesOf({ chunk, encoding }: Part): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
}
