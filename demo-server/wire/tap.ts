/**
 * Sees every byte of every connection: http gets a Duplex instead of the socket, and what passes through it is told
 * to the ledger. Also the one place that bounds what waits for a reader who does not read.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { ConnectionMeter, Ledger } from './ledger.ts';

/** Why a connection was ended here, as it stands in the ledger. */
export const SLOW_READER = 'reader too slow: its queue was full';

export interface TapOptions {
  ledger: Ledger;
  queuedBytes: number;
}

/**
 * Puts a tap between the server and each connection it accepts. Node's http takes any Duplex as a connection
 * (`http.Server` 'connection' event), so its own listener is taken off and called with the tapped one.
 * Returns how to end all connections at once.
 */
export function tapServer(server: Server, options: TapOptions): () => void {
  const accept = server.listeners('connection') as ((this: Server, socket: Duplex) => void)[];
  server.removeAllListeners('connection');
  const taps = new Set<TappedSocket>();
  server.on('connection', (socket: Socket) => {
    const meter = options.ledger.connection(socket.remoteAddress ?? '', socket.remotePort);
    const tapped = new TappedSocket(socket, meter, options.queuedBytes);
    taps.add(tapped);
    socket.once('close', () => taps.delete(tapped));
    for (const listener of accept) listener.call(server, tapped);
  });
  return () => {
    for (const tapped of taps) tapped.destroy();
  };
}

class TappedSocket extends Duplex {
  #socket: Socket;
  #meter: ConnectionMeter;
  #queuedBytes: number;

  constructor(socket: Socket, meter: ConnectionMeter, queuedBytes: number) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.#meter = meter;
    this.#queuedBytes = queuedBytes;
    socket.on('data', (bytes: Buffer) => {
      meter.up(bytes);
      if (!this.push(bytes)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('timeout', () => this.emit('timeout'));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => {
      meter.end(socket.bytesRead, socket.bytesWritten);
      this.destroy();
    });
  }

  override write(chunk: unknown, encoding?: unknown, written?: unknown): boolean {
    // Looked at before every write, because a reader that has stopped reading gives no other sign.
    const queued = this.writableLength + this.#socket.writableLength;
    if (queued > 0 && queued + (chunk as { length: number }).length > this.#queuedBytes) {
      this.#meter.cut(SLOW_READER);
      this.destroy();
      return false;
    }
    return super.write(chunk, encoding as BufferEncoding, written as () => void);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, written: (error?: Error | null) => void): void {
    this.#meter.down(chunk);
    if (this.#socket.write(chunk)) written();
    else this.#socket.once('drain', written);
  }

  override _writev(chunks: { chunk: Buffer }[], written: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer' as BufferEncoding, written);
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _final(ended: (error?: Error | null) => void): void {
    this.#socket.end(ended);
  }

  override _destroy(error: Error | null, destroyed: (error: Error | null) => void): void {
    this.#socket.destroy();
    destroyed(error);
  }

  // What node:http, ws and Fastify ask of a socket beyond being a Duplex.
  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }
  get remotePort(): number | undefined {
    return this.#socket.remotePort;
  }
  get remoteFamily(): string | undefined {
    return this.#socket.remoteFamily;
  }
  get localAddress(): string | undefined {
    return this.#socket.localAddress;
  }
  get localPort(): number | undefined {
    return this.#socket.localPort;
  }
  setTimeout(ms: number, listener?: () => void): this {
    this.#socket.setTimeout(ms);
    if (listener) this.once('timeout', listener);
    return this;
  }
  setNoDelay(noDelay?: boolean): this {
    this.#socket.setNoDelay(noDelay);
    return this;
  }
  setKeepAlive(enable?: boolean, delay?: number): this {
    this.#socket.setKeepAlive(enable, delay);
    return this;
  }
  ref(): this {
    this.#socket.ref();
    return this;
  }
  unref(): this {
    this.#socket.unref();
    return this;
  }
  /** As net.Socket's: ends once everything written has been handed over. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }
}
