/**
 * Sees every byte of every connection where the socket itself handles it: `push` receives what the kernel has delivered,
 * `_write` and `_writev` hand over what is to be sent. All of it is reported to the ledger. This is also the one place that
 * bounds the queue of a slow reader, and where a run's conditions act: bytes that a lane's link holds go through a passage.
 * Bytes from the client are counted before they wait, bytes to the client when they are really sent.
 */
import type { Server } from 'node:http';
import { Socket } from 'node:net';
import { deafReaders } from './deaf.ts';
import type { ConnectionMeter, Ledger } from './ledger.ts';
import type { Link, Linked } from './link.ts';
import { type Ends, Passage } from './passage.ts';

/** Why the tap ended a connection, as the ledger gives it. */
export const SLOW_READER = 'reader too slow: its queue was full';
export const DEAF_READER = 'reader took nothing more';
/** For at least this long (ms). */
const DEAF_MS = 60_000;
const REFUSED = 'refused, as by a port that nobody listens on';

export interface TapOptions {
  ledger: Ledger;
  queuedBytes: number;
  /** How long a reader may take nothing of what waits for it (ms), twice as long at the most. */
  deafMs?: number | undefined;
}

/** Puts a tap on each connection that the server accepts. Returns a function that ends all connections at once. */
export function tapServer(server: Server, { ledger, queuedBytes, deafMs = DEAF_MS }: TapOptions): () => void {
  const tap: Tap = { sockets: new Set(), queuedBytes };
  server.on('connection', (socket: Socket) => {
    const meter = ledger.connection(socket.remoteAddress ?? '', socket.remotePort);
    // Node creates the sockets that it accepts, and has no option for their class.
    const tapped: TappedSocket = Object.setPrototypeOf(socket, TappedSocket.prototype);
    // Rounded, because a small integer takes no memory of its own.
    Object.assign(tapped, { tap, meter, acceptedAt: Math.ceil(performance.now()), met: undefined });
    // Node's HTTP parser reads from the handle, past the socket, until something else listens for 'data'. From then on it
    // reads from the socket like any listener, even after the other one is removed.
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
 * How many listeners one event of a connection may have before Node warns of a leak. The 'close' of a WebSocket has ten: from
 * Node, ws, the tap, the technique, its limit, the access log and the figures.
 */
const LISTENERS = 20;

/** What the taps of one server share. */
interface Tap {
  sockets: Set<TappedSocket>;
  queuedBytes: number;
}

/**
 * Reports to the tap that a response begins on this socket, or (`switches`) that it becomes a WebSocket. A real proxy or
 * compressor knows this from the head, but the tap does not parse what it carries. Returns a function to call once, at the end.
 */
export function beginResponse(socket: Socket, switches: boolean): () => void {
  const met = socket instanceof TappedSocket ? socket.met : undefined;
  if (met === undefined) return () => {};
  met.switched ||= switches;
  met.responses += 1;
  met.passage?.turn();
  return () => {
    met.responses -= 1;
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

/** One part of a write: Node's http writes heads as text and bodies as bytes. */
interface Part {
  chunk: Buffer | string;
  encoding: BufferEncoding;
}

/** The state of a connection on a lane that has a link. All others, those of the open feed included, have none. */
interface Met {
  link: Link | undefined;
  /** Created when the link first holds or changes anything. */
  passage: Passage | undefined;
  /** Responses in progress. */
  responses: number;
  switched: boolean;
  /** The server's FIN has been handed to the kernel. */
  shut: boolean;
  /** Bytes that libuv has counted but the kernel has not taken. */
  refusedBytes: number;
}

class TappedSocket extends Socket implements Linked, Ends {
  declare tap: Tap;
  declare meter: ConnectionMeter;
  /** performance.now() in whole ms. */
  declare acceptedAt: number;
  declare met: Met | undefined;

  /** Called with what was read. Bytes that an upgrade puts back (`unshift`) were read before and do not come here again. */
  override push(chunk: Buffer | null): boolean {
    const { meter } = this;
    if (chunk !== null) meter.up(chunk);
    if (this.met === undefined && meter.link === undefined) return super.push(chunk);
    this.met ??= { link: undefined, passage: undefined, responses: 0, switched: false, shut: false, refusedBytes: 0 };
    if (this.met.link !== meter.link && !this.join(this.met, meter.link)) return false;
    return this.met.passage === undefined ? super.push(chunk) : this.met.passage.receive(chunk);
  }

  override write(chunk: unknown, encoding?: unknown, written?: unknown): boolean {
    // Checked before every write, because a reader that has stopped reading gives no other sign. One event takes several
    // writes, so some still come here after the one that was too much.
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

  // ------------------------------------------------------------------------------------ what the link needs

  get responding(): boolean {
    return this.met !== undefined && this.met.responses > 0;
  }

  get switched(): boolean {
    return this.met?.switched === true;
  }

  deliver(chunk: Buffer | null): boolean {
    const more = super.push(chunk);
    // As node:net does after the last byte: without this read, 'end' is never emitted if nothing else reads.
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
    // The kernel may know of a reset that Node has not reported yet. Then it takes nothing, although libuv has counted
    // these bytes.
    if (!refused) for (const part of parts) this.meter.down(part);
    else if (this.met) this.met.refusedBytes += bytes.length;
  }

  cut(reason: string): void {
    if (this.destroyed) return;
    this.meter.cut(reason);
    // After a FIN there can be no reset (libuv refuses it), and nothing is left that it could discard.
    if (this.met?.shut) this.destroy();
    else this.resetAndDestroy();
  }

  adapt(): void {
    const { met } = this;
    if (met?.passage !== undefined) met.passage.adapt();
    else if (met?.link?.clear === false) met.passage = new Passage(this, met.link, Number.NEGATIVE_INFINITY);
  }

  /** The last request is for another lane than the one before, or for none. Returns false if the connection was ended. */
  private join(met: Met, link: Link | undefined): boolean {
    met.link?.connections.delete(this);
    met.link = link;
    link?.connections.add(this);
    // The kernel accepted the connection long ago, so it can no longer be refused: a reset comes closest.
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
