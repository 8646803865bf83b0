/** What the meter reports, and in which words: the meter and the readers it is made of call it, the ledger's connection is it. */
import type { RequestHead, ResponseHead } from './head.ts';

/** up = to the server, down = to the browser. */
export type Direction = 'up' | 'down';

/** head: start line to blank line; framing: what delimits a body; body: the rest; unparsed: everything after a fault. */
export type WireClass = 'head' | 'framing' | 'body' | 'unparsed';

/** What the meter reports, for each direction in the order on the wire. A call comes after the bytes that caused it. */
export interface MeterSink {
  /**
   * Bytes of one class, as a view: copy them to keep them. Exchanges of a connection are numbered from 1; 0 = unparsed bytes
   * before the first. A head comes in one call when it is complete, just before request() or response(). Only a head that is
   * aborted or longer than 64 KiB comes in parts.
   */
  bytes(direction: Direction, exchange: number, kind: WireClass, bytes: Uint8Array): void;
  /** A request head is complete. */
  request(exchange: number, head: RequestHead): void;
  /** A final or 101 response head is complete. Interim ones (100, 103) are only counted as head bytes. */
  response(exchange: number, head: ResponseHead): void;
  /** A WebSocket frame's header was read; length is its payload in bytes. */
  frame(
    direction: Direction,
    exchange: number,
    frame: { opcode: number; fin: boolean; masked: boolean; length: number },
  ): void;
  /** A body that was not declared empty, or a WebSocket data message, has ended, perhaps because the connection did. */
  bodyEnd(direction: Direction, exchange: number): void;
  /** Request and response are complete, or the connection has ended. Once per exchange. */
  done(exchange: number): void;
  /** This direction can be parsed no further: from here on its bytes are 'unparsed'. Once per direction. */
  fault(direction: Direction, reason: string): void;
}
