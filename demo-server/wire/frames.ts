/** WebSocket frames (RFC 6455 section 5.2), split into payload and everything around it. Pure. Nothing is unmasked. */
import { part } from './hold.ts';
import type { Direction, MeterSink } from './sink.ts';

/** Reads one direction of a WebSocket, however it is cut. Payload data goes to the sink as body, the rest as framing. */
export class FrameReader {
  /** A data message has begun, and its last frame is not complete yet. */
  open = false;
  /** Why read() stopped before the end of its input. */
  reason = '';
  private part: 'opcode' | 'length' | 'long-length' | 'mask' | 'payload' = 'opcode';
  private opcode = 0;
  private fin = false;
  private masked = false;
  private left = 0;
  private need = 0;
  private readonly sink: MeterSink;
  private readonly direction: Direction;
  private readonly exchange: number;

  constructor(sink: MeterSink, direction: Direction, exchange: number) {
    this.sink = sink;
    this.direction = direction;
    this.exchange = exchange;
  }

  /** Reads on from offset `from`. Returns the offset that it reached: the end, unless these bytes are not a valid frame. */
  read(bytes: Uint8Array, from: number): number {
    let mark = from;
    let at = from;
    while (at < bytes.length) {
      if (this.inPayload()) {
        const to = Math.min(bytes.length, at + this.left);
        this.left -= to - at;
        if (!this.isControl()) {
          this.emit('body', bytes, at, to);
          mark = to;
        }
        at = to;
      } else {
        if (!this.take(bytes[at] as number)) break;
        at++;
        if (!this.inPayload()) continue;
        this.emit('framing', bytes, mark, at);
        mark = at;
        this.begin();
      }
      if (this.left === 0) this.end();
    }
    this.emit('framing', bytes, mark, at);
    return at;
  }

  /** Takes one byte of a frame's header. Returns false if it is invalid. */
  private take(byte: number): boolean {
    switch (this.part) {
      case 'opcode':
        this.opcode = byte & 0x0f;
        this.fin = byte >= 0x80;
        if ((this.opcode & 7) > 2) return this.fail(`a frame with the reserved opcode ${this.opcode}`);
        if (this.isControl() && !this.fin) return this.fail('a fragmented control frame');
        this.part = 'length';
        return true;
      case 'length':
        this.masked = byte >= 0x80;
        this.left = byte & 0x7f;
        if (this.left < 126) return this.lengthEnd();
        if (this.isControl()) return this.fail('a control frame above 125 bytes');
        this.need = this.left === 126 ? 2 : 8;
        this.left = 0;
        this.part = 'long-length';
        return true;
      case 'long-length':
        this.left = this.left * 256 + byte;
        if (this.left > Number.MAX_SAFE_INTEGER) return this.fail('a frame above 2^53 bytes');
        return --this.need > 0 || this.lengthEnd();
      default:
        if (--this.need === 0) this.part = 'payload';
        return true;
    }
  }

  private lengthEnd(): true {
    this.need = 4;
    this.part = this.masked ? 'mask' : 'payload';
    return true;
  }

  private begin(): void {
    if (!this.isControl()) this.open = true;
    const { opcode, fin, masked, left: length } = this;
    this.sink.frame(this.direction, this.exchange, { opcode, fin, masked, length });
  }

  /** A control frame may come between the fragments of a message (section 5.4), and does not end it. */
  private end(): void {
    this.part = 'opcode';
    if (this.isControl() || !this.fin) return;
    this.open = false;
    this.sink.bodyEnd(this.direction, this.exchange);
  }

  private inPayload(): boolean {
    return this.part === 'payload';
  }

  private isControl(): boolean {
    return this.opcode >= 8;
  }

  private fail(reason: string): false {
    this.reason = reason;
    return false;
  }

  private emit(kind: 'framing' | 'body', bytes: Uint8Array, from: number, to: number): void {
    if (from < to) this.sink.bytes(this.direction, this.exchange, kind, part(bytes, from, to));
  }
}
