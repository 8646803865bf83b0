/** A chunked body (RFC 9112 section 7.1), split into chunk data and everything around it. Pure. */
import { part } from './hold.ts';
import type { Direction, MeterSink } from './sink.ts';

const CR = 13;
const LF = 10;

/** Reads one chunked body, however it is cut. Data goes to the sink as body, the rest as framing. */
export class ChunkReader {
  /** The blank line after the trailers has been read. */
  complete = false;
  /** Why read() stopped before the end of its input without being complete. */
  reason = '';
  private part: 'size' | 'extension' | 'data' | 'data-end' | 'trailers' = 'size';
  private left = 0;
  private digits = false;
  private blank = true;
  private readonly sink: MeterSink;
  private readonly direction: Direction;
  private readonly exchange: number;

  constructor(sink: MeterSink, direction: Direction, exchange: number) {
    this.sink = sink;
    this.direction = direction;
    this.exchange = exchange;
  }

  /** Reads on from offset `from`. Returns the offset just after the bytes that belong to the body. */
  read(bytes: Uint8Array, from: number): number {
    let mark = from;
    let at = from;
    while (at < bytes.length && !this.complete) {
      if (this.part === 'data') {
        this.emit('framing', bytes, mark, at);
        mark = Math.min(bytes.length, at + this.left);
        this.emit('body', bytes, at, mark);
        this.left -= mark - at;
        at = mark;
        if (this.left === 0) this.part = 'data-end';
      } else {
        if (!this.take(bytes[at] as number)) break;
        at++;
      }
    }
    this.emit('framing', bytes, mark, at);
    return at;
  }

  /** Takes one byte of framing. Returns false if it is invalid. */
  private take(byte: number): boolean {
    switch (this.part) {
      case 'size': {
        const digit = hexDigit(byte);
        if (digit < 0) return this.sizeEnd(byte);
        this.digits = true;
        this.left = this.left * 16 + digit;
        return this.left <= Number.MAX_SAFE_INTEGER || this.fail('a chunk size above 2^53');
      }
      case 'extension':
        if (byte === LF) this.part = this.left > 0 ? 'data' : 'trailers';
        return true;
      case 'data-end':
        if (byte !== LF) return byte === CR || this.fail(`byte ${byte} after chunk data, expected CRLF`);
        this.part = 'size';
        this.digits = false;
        return true;
      default:
        if (byte === LF) this.complete = this.blank;
        this.blank = byte === LF || (byte === CR && this.blank);
        return true;
    }
  }

  /** The first byte after the digits of the size: an extension, white space (old servers pad the size) or the line end. */
  private sizeEnd(byte: number): boolean {
    if (!this.digits || !(byte === CR || byte === LF || byte === 0x3b || byte === 0x20 || byte === 0x09)) {
      return this.fail(`byte ${byte} in a chunk size, expected hexadecimal digits, then ";" or CRLF`);
    }
    this.part = 'extension';
    return byte === LF ? this.take(byte) : true;
  }

  private fail(reason: string): false {
    this.reason = reason;
    return false;
  }

  private emit(kind: 'framing' | 'body', bytes: Uint8Array, from: number, to: number): void {
    if (from < to) this.sink.bytes(this.direction, this.exchange, kind, part(bytes, from, to));
  }
}

/** The value of a hexadecimal digit, or -1. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
