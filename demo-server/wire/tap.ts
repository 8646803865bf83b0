/**
 * Sees every byte of every connection where the socket itself handles it: `push` takes what the kernel has delivered,
 * `_write` and `_writev` hand over what is to be sent. What passes there is told to the ledger. Also the one place
 * that bounds what waits for a reader who does not read.
 */
import type { Server } from 'node:http';
import { Socket } from 'node:net';
import type { ConnectionMeter, Ledger } from './ledger.ts';

/** Why a connection was ended here, as it stands in the ledger. */
export const SLOW_READER = 'reader too slow: its queue was full';

export interface TapOptions {
  ledger: Ledger;
  queuedBytes: number;
}

/** Puts a tap on each connection that the server accepts. Returns how to end all connections at once. */
export function tapServer(server: Server, { ledger, queuedBytes }: TapOptions): () => void {
  const tap: Tap = { sockets: new Set(), queuedBytes };
  server.on('connection', (socket: Socket) => {
    const meter = ledger.connection(socket.remoteAddress ?? '', socket.remotePort);
    // Node makes the sockets that it accepts; no option says of which class.
    const tapped: TappedSocket = Object.setPrototypeOf(socket, TappedSocket.prototype);
    Object.assign(tapped, { tap, meter });
    // http lets its parser read from the handle, past the socket, until somebody else listens for data. From then on
    // it reads from the socket as any listener does, for good.
    tapped.on('data', ignore).off('data', ignore);
    tapped.on('close', closed);
    tap.sockets.add(tapped);
  });
  return () => {
    for (const socket of tap.sockets) socket.destroy();
  };
}

/** What the taps of one server share. */
interface Tap {
  sockets: Set<TappedSocket>;
  queuedBytes: number;
}

function closed(this: TappedSocket): void {
  this.tap.sockets.delete(this);
  this.meter.end(this.bytesRead, this.bytesWritten);
}

function ignore(): void {}

/** A part of what is to be sent: http writes the heads as text, the bodies as bytes. */
interface Part {
  chunk: Buffer | string;
  encoding: BufferEncoding;
}

class TappedSocket extends Socket {
  declare tap: Tap;
  declare meter: ConnectionMeter;

  /** Called with what was read. What an upgrade puts back (`unshift`) was read before, and does not pass here again. */
  override push(chunk: Buffer | null): boolean {
    if (chunk !== null) this.meter.up(chunk);
    return super.push(chunk);
  }

  override write(chunk: unknown, encoding?: unknown, written?: unknown): boolean {
    // Looked at before every write, because a reader that has stopped reading gives no other sign. One event is several
    // writes: those behind the one that was too much still come here.
    const queued = this.writableLength;
    if (queued > 0 && queued + (chunk as { length: number }).length > this.tap.queuedBytes && !this.destroyed) {
      this.meter.cut(SLOW_READER);
      this.destroy();
      return false;
    }
    return super.write(chunk as Buffer, encoding as BufferEncoding, written as () => void);
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, written: (error?: Error | null) => void): void {
    const bytes = bytesOf({ chunk, encoding });
    this.meter.down(bytes);
    super._write(bytes, 'buffer' as BufferEncoding, written);
  }

  override _writev(parts: Part[], written: (error?: Error | null) => void): void {
    for (const part of parts) this.meter.down(bytesOf(part));
    super._writev?.(parts, written);
  }
}

function bytesOf({ chunk, encoding }: Part): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
}
