/**
 * The meter: classifies every byte of one HTTP/1.x connection, WebSocket included, as head, framing or body, and says
 * which exchange it belongs to. Pure: no I/O, no timer, no technique. How the input is cut makes no difference.
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
import type { Direction, MeterSink, WireClass } from './sink.ts';

/** Takes the bytes in the order in which they pass, by up() and down(). Call end() once, when both directions have ended. */
export interface Meter {
  up(bytes: Uint8Array): void;
  down(bytes: Uint8Array): void;
  end(): void;
}

/** How many bytes may wait for the response to an upgrade. */
const HELD_LIMIT = 1024 * 1024;

const UNPARSED_UPGRADE = 'an upgrade whose response cannot be parsed';

/** The state of one direction. Its readers exist only while they are needed. */
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

/** A meter for one new connection. It never throws: faults are reported to the sink. */
export function createMeter(sink: MeterSink): Meter {
  return new HttpMeter(sink);
}

/**
 * Responses come in the order of their requests (RFC 9112 section 9.3.2), so counters describe all pending exchanges:
 * finished <= received, delivered, answered <= begun.
 */
class HttpMeter implements Meter {
  private readonly sink: MeterSink;
  private readonly upSide = new Side('up');
  private readonly downSide = new Side('down');
  /** Exchanges that have begun; whose request is complete; whose final response head is; whose response is; reported as done. */
  private begun = 0;
  private received = 0;
  private answered = 0;
  private delivered = 0;
  private finished = 0;
  /** Pending requests whose response is read differently: HEAD, CONNECT and requests for an upgrade. */
  private special: Map<number, { method: string; switches: boolean }> | undefined = undefined;
  /** Bytes after a request for an upgrade: frames or the next request, depending on the response. */
  private held: Hold | undefined = undefined;
  /** A 101 arrived before the end of the request's body. */
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
    if (this.held !== undefined) this.fault(this.upSide, 'the connection ended before the response to the upgrade');
    this.endSide(this.upSide);
    this.endSide(this.downSide);
    while (this.finished < this.begun) this.sink.done(++this.finished);
  }

  private push(side: Side, bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) at = this.read(side, bytes, at);
  }

  /** Reads the next part of this direction. Returns the offset after it. */
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

  /** The oldest exchange without a response, even if its head is incomplete (400, 408), or a new one for a 408 without a request. */
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

  /** Ends the current message of a side, complete or not. */
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
    else this.fault(side, 'a request still in progress when the 101 response came');
  }

  private beginFrames(side: Side): void {
    side.state = 'frames';
    side.exchange = this.answered;
    side.frames = new FrameReader(this.sink, side.direction, side.exchange);
  }

  private beginHold(side: Side): void {
    side.state = 'held';
    if (this.downSide.state === 'unparsed') this.fault(side, UNPARSED_UPGRADE);
  }

  private hold(side: Side, bytes: Uint8Array, at: number): number {
    this.held ??= new Hold();
    if (this.held.length + bytes.length - at > HELD_LIMIT) {
      this.fault(side, `more than ${HELD_LIMIT} bytes before the response to the upgrade`);
      return at;
    }
    this.held.add(bytes.subarray(at));
    return bytes.length;
  }

  /** The response has come, so it is known what was held: frames, or the next request. */
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
      if (this.upSide.state === 'held') this.fault(this.upSide, UNPARSED_UPGRADE);
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
