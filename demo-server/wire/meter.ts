/**
 * The meter: tells every byte of one HTTP/1.x connection, WebSocket included, apart into head, framing and body, and
 * says which exchange it belongs to. Pure: no I/O, no timer, no technique. How the input is cut makes no difference.
 * @see RFC 9112 (HTTP/1.1 messages), RFC 6455 section 5 (WebSocket frames)
 */
import { ChunkReader } from './chunks.ts';
import { FrameReader } from './frames.ts';
import {
  asksToSwitch,
  type BodyLength,
  HEAD_LIMIT,
  HeadReader,
  type RequestHead,
  type ResponseHead,
  requestBody,
  requestHead,
  responseBody,
  responseHead,
} from './head.ts';
import { Hold, part } from './hold.ts';

export type { RequestHead, ResponseHead };

/** up = towards the server, down = towards the browser. */
export type Direction = 'up' | 'down';

/** head: start line to blank line; framing: what delimits a body; body: the rest; unparsed: all behind a fault. */
export type WireClass = 'head' | 'framing' | 'body' | 'unparsed';

/** What the meter tells, in each direction's order on the wire. A call comes after the bytes that caused it. */
export interface MeterSink {
  /**
   * Bytes of one class, a view: copy to keep. Exchanges count from 1 on a connection, 0 = unparsed before the first. A
   * head comes in one call when it is complete, just before request() or response(); in part only if it is aborted or
   * above 64 KiB.
   */
  bytes(direction: Direction, exchange: number, kind: WireClass, bytes: Uint8Array): void;
  /** A request head is complete. version is '1.1' or '1.0'; header() takes any case and joins repeats by ', '. */
  request(exchange: number, head: RequestHead): void;
  /** A final or 101 response head is complete; interim ones (100, 103) are only counted as head bytes. */
  response(exchange: number, head: ResponseHead): void;
  /** A WebSocket frame's header was read; length is its payload in bytes. */
  frame(
    direction: Direction,
    exchange: number,
    frame: { opcode: number; fin: boolean; masked: boolean; length: number },
  ): void;
  /** A body that is not declared empty, or a whole WebSocket data message, has ended, if only because the connection did. */
  bodyEnd(direction: Direction, exchange: number): void;
  /** Request and response are both fully seen, or the connection ended. Once per exchange. */
  done(exchange: number): void;
  /** This direction cannot be parsed any further: its bytes come as 'unparsed' from here on. Once per direction. */
  fault(direction: Direction, reason: string): void;
}

/** Give up() and down() the bytes in the order in which they pass; end() once, when both directions are over. */
export interface Meter {
  up(bytes: Uint8Array): void;
  down(bytes: Uint8Array): void;
  end(): void;
}

/** Bytes that may wait for the answer to an upgrade. */
const HELD_LIMIT = 1024 * 1024;

/** Where one direction of the connection stands. The readers exist only while they are needed. */
class Side {
  readonly direction: Direction;
  state: 'head' | 'fixed' | 'chunked' | 'close' | 'frames' | 'held' | 'unparsed' = 'head';
  exchange = 0;
  left = 0;
  head: HeadReader | undefined = undefined;
  chunks: ChunkReader | undefined = undefined;
  frames: FrameReader | undefined = undefined;

  constructor(direction: Direction) {
    this.direction = direction;
  }

  /** Between two messages. */
  idle(): boolean {
    return this.state === 'head' && this.head === undefined;
  }

  inBody(): boolean {
    return this.state === 'fixed' || this.state === 'chunked' || this.state === 'close' || this.frames?.open === true;
  }
}

/** A meter for one connection, with nothing read yet. It never throws; a fault is told to the sink. */
export function createMeter(sink: MeterSink): Meter {
  return new HttpMeter(sink);
}

/**
 * Requests are answered in order (RFC 9112 section 9.3.2), so four counters say all about the pending ones:
 * finished <= received, delivered, answered <= begun.
 */
class HttpMeter implements Meter {
  private readonly sink: MeterSink;
  private readonly upSide = new Side('up');
  private readonly downSide = new Side('down');
  /** Exchanges numbered so far; with their request complete; final response head; response complete; told as done. */
  private begun = 0;
  private received = 0;
  private answered = 0;
  private delivered = 0;
  private finished = 0;
  /** The pending requests whose answer is read in another way: HEAD, CONNECT, and those that ask for an upgrade. */
  private special: Map<number, { method: string; switches: boolean }> | undefined = undefined;
  /** Up bytes behind a request for an upgrade: frames or the next request, as the answer will say. */
  private held: Hold | undefined = undefined;
  /** A 101 came before the end of the request's body. */
  private switchAtRequestEnd = false;

  constructor(sink: MeterSink) {
    this.sink = sink;
  }

  up(bytes: Uint8Array): void {
    this.push(this.upSide, bytes);
  }

  down(bytes: Uint8Array): void {
    this.push(this.downSide, bytes);
  }

  end(): void {
    if (this.held !== undefined) this.fault(this.upSide, 'the connection ended before the upgrade was answered');
    this.endSide(this.upSide);
    this.endSide(this.downSide);
    while (this.finished < this.begun) this.sink.done(++this.finished);
  }

  private push(side: Side, bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) at = this.read(side, bytes, at);
  }

  /** Reads what comes next in this direction; returns the offset behind it. */
  private read(side: Side, bytes: Uint8Array, at: number): number {
    switch (side.state) {
      case 'head':
        return this.readHead(side, bytes, at);
      case 'fixed': {
        const end = Math.min(bytes.length, at + side.left);
        side.left -= end - at;
        this.emit(side, 'body', part(bytes, at, end));
        if (side.left === 0) this.messageEnd(side);
        return end;
      }
      case 'chunked': {
        const chunks = side.chunks as ChunkReader;
        const end = chunks.read(bytes, at);
        if (chunks.complete) this.messageEnd(side);
        else if (end < bytes.length) this.fault(side, chunks.reason);
        return end;
      }
      case 'frames': {
        const frames = side.frames as FrameReader;
        const end = frames.read(bytes, at);
        if (end < bytes.length) this.fault(side, frames.reason);
        return end;
      }
      case 'held':
        return this.hold(side, bytes, at);
      default:
        this.emit(side, side.state === 'close' ? 'body' : 'unparsed', part(bytes, at, bytes.length));
        return bytes.length;
    }
  }

  private readHead(side: Side, bytes: Uint8Array, at: number): number {
    if (side.head === undefined) {
      side.head = new HeadReader();
      side.exchange = side === this.upSide ? ++this.begun : this.nextAnswered();
    }
    const reader = side.head;
    const end = reader.read(bytes, at);
    if (reader.complete) this.headEnd(side, reader);
    else if (end < bytes.length) this.fault(side, `a head above ${HEAD_LIMIT} bytes`);
    return end;
  }

  private headEnd(side: Side, reader: HeadReader): void {
    side.head = undefined;
    this.emit(side, 'head', reader.bytes());
    const head = reader.parse();
    const request = side === this.upSide ? requestHead(head) : undefined;
    const response = side === this.downSide ? responseHead(head) : undefined;
    if (request !== undefined) this.request(request);
    else if (response !== undefined) this.response(response);
    else this.fault(side, `"${head.line.slice(0, 80)}", expected a start line of HTTP/1.x`);
  }

  /** The oldest unanswered exchange, be its head complete or not (400, 408); or a new one, for a 408 to silence. */
  private nextAnswered(): number {
    if (this.answered < this.begun) return this.answered + 1;
    this.begun++;
    if (this.upSide.idle()) this.received = this.begun;
    return this.begun;
  }

  private request(head: RequestHead): void {
    const side = this.upSide;
    const switches = asksToSwitch(head);
    if (side.exchange > this.answered && (switches || head.method === 'HEAD')) {
      this.special ??= new Map();
      this.special.set(side.exchange, { method: head.method, switches });
    }
    this.sink.request(side.exchange, head);
    this.beginBody(side, requestBody(head));
  }

  private response(head: ResponseHead): void {
    if (head.status < 200 && head.status !== 101) return;
    const side = this.downSide;
    const asked = this.special?.get(side.exchange);
    if (this.special?.delete(side.exchange) && this.special.size === 0) this.special = undefined;
    this.answered = side.exchange;
    this.sink.response(side.exchange, head);
    if (head.status === 101) {
      this.switchProtocols(head);
    } else if (asked?.method === 'CONNECT' && head.status < 300) {
      this.faultBoth('a CONNECT tunnel');
    } else {
      this.beginBody(side, responseBody(head, asked?.method));
      if (this.upSide.state === 'held' && this.upSide.exchange === side.exchange) this.release('head');
    }
  }

  private beginBody(side: Side, length: BodyLength): void {
    if (length === 'invalid') {
      this.fault(side, 'Transfer-Encoding or Content-Length does not say where the body ends');
    } else if (length === 0) {
      this.messageEnd(side);
    } else if (length === 'chunked') {
      side.state = 'chunked';
      side.chunks = new ChunkReader(this.sink, side.direction, side.exchange);
    } else if (length === 'close') {
      side.state = 'close';
    } else {
      side.state = 'fixed';
      side.left = length;
    }
  }

  private messageEnd(side: Side): void {
    this.endSide(side);
    side.state = 'head';
    if (side === this.downSide) {
      this.delivered = side.exchange;
    } else {
      this.received = this.begun;
      if (this.switchAtRequestEnd) this.beginFrames(side);
      else if (this.special?.get(side.exchange)?.switches) this.beginHold(side);
    }
    while (this.finished < this.received && this.finished < this.delivered) this.sink.done(++this.finished);
  }

  /** Leaves the message the side is in, complete or not. */
  private endSide(side: Side): void {
    const { head } = side;
    const inBody = side.inBody();
    side.state = 'unparsed';
    side.head = undefined;
    side.chunks = undefined;
    side.frames = undefined;
    if (head !== undefined) this.emit(side, 'head', head.bytes());
    if (inBody) this.sink.bodyEnd(side.direction, side.exchange);
  }

  private switchProtocols(head: ResponseHead): void {
    const side = this.upSide;
    const sameExchange = side.exchange === this.downSide.exchange;
    const protocol = head.header('upgrade') ?? 'websocket';
    if (protocol.toLowerCase() !== 'websocket') {
      this.faultBoth(`an upgrade to "${protocol}", expected websocket`);
      return;
    }
    this.beginFrames(this.downSide);
    if (side.state === 'held' && sameExchange) this.release('frames');
    else if (side.idle()) this.beginFrames(side);
    else if (side.inBody() && sameExchange) this.switchAtRequestEnd = true;
    else this.fault(side, 'a request that was still under way when the answer 101 came');
  }

  private beginFrames(side: Side): void {
    side.state = 'frames';
    side.exchange = this.answered;
    side.frames = new FrameReader(this.sink, side.direction, side.exchange);
  }

  private beginHold(side: Side): void {
    side.state = 'held';
    if (this.downSide.state === 'unparsed') this.fault(side, 'an upgrade whose answer cannot be parsed');
  }

  private hold(side: Side, bytes: Uint8Array, at: number): number {
    this.held ??= new Hold();
    if (this.held.length + bytes.length - at > HELD_LIMIT) {
      this.fault(side, `more than ${HELD_LIMIT} bytes before the upgrade was answered`);
      return at;
    }
    this.held.add(bytes.subarray(at));
    return bytes.length;
  }

  /** The answer has come: what was held is frames, or the next request. */
  private release(as: 'frames' | 'head'): void {
    const side = this.upSide;
    const held = this.held;
    this.held = undefined;
    if (as === 'frames') this.beginFrames(side);
    else side.state = 'head';
    if (held !== undefined) this.push(side, held.bytes());
  }

  private faultBoth(reason: string): void {
    this.fault(this.upSide, reason);
    this.fault(this.downSide, reason);
  }

  private fault(side: Side, reason: string): void {
    if (side.state === 'unparsed') return;
    this.endSide(side);
    this.sink.fault(side.direction, reason);
    if (side === this.downSide) {
      if (this.upSide.state === 'held') this.fault(this.upSide, 'an upgrade whose answer cannot be parsed');
    } else if (this.held !== undefined) {
      const { held } = this;
      this.held = undefined;
      this.emit(side, 'unparsed', held.bytes());
    }
  }

  private emit(side: Side, kind: WireClass, bytes: Uint8Array): void {
    this.sink.bytes(side.direction, side.exchange, kind, bytes);
  }
}
