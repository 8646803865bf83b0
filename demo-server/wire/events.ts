/**
 * The scanner: finds the feed's events in the bytes of a body, whatever a technique wraps around them. Pure.
 * An event is `{"seq":1,"sentAt":1763623713123.45,"data":"…"}`, with its keys in this order and no spaces.
 */

/** Receives the bytes of a body in order, as views: copy them to keep them. seq = the event they belong to, null = envelope. */
export type BodyPiece = (seq: number | null, bytes: Uint8Array) => void;

/** Takes one body after the other by push(). end() passes on what is held, and starts over. */
export interface EventScanner {
  push(bytes: Uint8Array): void;
  end(): void;
}

const ZERO = 0x30;
const BRACE = 0x7b;
const BRACE_END = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The fixed parts of an event's beginning. A number follows each of the first two. */
const KEYS = ['{"seq":', ',"sentAt":', ',"data":"'].map((key) => new TextEncoder().encode(key));
const SEQ_DIGITS = 20;
const SENT_AT_DIGITS = 32;
/** The length of the longest beginning of an event (bytes). No more is ever held. */
const HELD_LIMIT = 7 + SEQ_DIGITS + 10 + SENT_AT_DIGITS + 9;

/** A scanner for the bytes of bodies, however they are cut. eventEnd is called after the last byte of every complete event. */
export function createEventScanner(piece: BodyPiece, eventEnd?: (seq: number) => void): EventScanner {
  return new Scanner(piece, eventEnd);
}

class Scanner implements EventScanner {
  private readonly piece: BodyPiece;
  private readonly eventEnd: ((seq: number) => void) | undefined;
  /** Outside an event, in what may be the beginning of one, in its data string, or after the closing quote of that string. */
  private state: 'outside' | 'beginning' | 'data' | 'closing' = 'outside';
  private escaped = false;
  private seq = 0;
  /** In a beginning: how many keys are complete, whether a number has begun, how many bytes of the current key or number are read. */
  private keys = 0;
  private inNumber = false;
  private matched = 0;
  /** The bytes of a beginning that was cut by the end of the input. */
  private held: Uint8Array | undefined = undefined;
  private heldLength = 0;

  constructor(piece: BodyPiece, eventEnd: ((seq: number) => void) | undefined) {
    this.piece = piece;
    this.eventEnd = eventEnd;
  }

  push(bytes: Uint8Array): void {
    let mark = 0;
    let at = 0;
    while (at < bytes.length) {
      if (this.state === 'outside') {
        const brace = bytes.indexOf(BRACE, at);
        at = brace === -1 ? bytes.length : brace;
        this.emit(null, bytes, mark, at);
        mark = at;
        if (brace !== -1) this.begin();
      } else if (this.state === 'beginning') {
        at = this.inNumber ? this.readNumber(bytes, at) : this.readKey(bytes, at);
      } else if (this.state === 'data') {
        at = this.readData(bytes, at);
      } else {
        const whole = bytes[at] === BRACE_END;
        if (whole) at++;
        this.emit(this.seq, bytes, mark, at);
        mark = at;
        this.state = 'outside';
        if (whole) this.eventEnd?.(this.seq);
      }
    }
    if (this.state === 'beginning') this.hold(bytes.subarray(mark));
    else this.emit(this.state === 'outside' ? null : this.seq, bytes, mark, at);
  }

  end(): void {
    this.leave('outside', null);
  }

  private begin(): void {
    this.state = 'beginning';
    this.seq = 0;
    this.keys = 0;
    this.inNumber = false;
    this.matched = 0;
  }

  /**
   * Reads on in a key of a beginning. Returns the offset that it reached. Bytes that do not match need not be read again: a
   * beginning has a brace only at its start, so no other beginning can start inside it.
   */
  private readKey(bytes: Uint8Array, from: number): number {
    const key = KEYS[this.keys] as Uint8Array;
    let at = from;
    let matched = this.matched;
    while (at < bytes.length && matched < key.length && bytes[at] === key[matched]) {
      at++;
      matched++;
    }
    this.matched = matched;
    if (matched < key.length) {
      if (at < bytes.length) this.leave('outside', null);
      return at;
    }
    this.keys++;
    this.inNumber = true;
    this.matched = 0;
    if (this.keys === KEYS.length) this.leave('data', this.seq);
    return at;
  }

  /** Reads on in a number of a beginning. Returns the offset that it reached. */
  private readNumber(bytes: Uint8Array, from: number): number {
    const isSeq = this.keys === 1;
    const limit = isSeq ? SEQ_DIGITS : SENT_AT_DIGITS;
    let at = from;
    while (at < bytes.length && this.matched <= limit) {
      const byte = bytes[at] as number;
      if (!(isSeq ? isDigit(byte) : isNumeric(byte))) break;
      if (isSeq) this.seq = this.seq * 10 + byte - ZERO;
      this.matched++;
      at++;
    }
    if (this.matched > limit || this.matched === 0) {
      this.leave('outside', null);
    } else if (at < bytes.length) {
      this.inNumber = false;
      this.matched = 0;
    }
    return at;
  }

  /** Reads on in the data string. Returns the offset after its closing quote, or the end of the input. */
  private readData(bytes: Uint8Array, from: number): number {
    let escaped = this.escaped;
    let at = from;
    while (at < bytes.length) {
      const byte = bytes[at++];
      if (escaped) escaped = false;
      else if (byte === BACKSLASH) escaped = true;
      else if (byte === QUOTE) {
        this.state = 'closing';
        break;
      }
    }
    this.escaped = escaped;
    return at;
  }

  /** Ends a beginning, once it is known what its bytes belong to. */
  private leave(state: 'outside' | 'data', seq: number | null): void {
    this.state = state;
    this.escaped = false;
    this.keys = 0;
    const held = this.held;
    this.held = undefined;
    if (held !== undefined) this.piece(seq, held.subarray(0, this.heldLength));
    this.heldLength = 0;
  }

  private hold(bytes: Uint8Array): void {
    this.held ??= new Uint8Array(HELD_LIMIT);
    this.held.set(bytes, this.heldLength);
    this.heldLength += bytes.length;
  }

  private emit(seq: number | null, bytes: Uint8Array, from: number, to: number): void {
    if (from < to) this.piece(seq, bytes.subarray(from, to));
  }
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9;
}

/** A digit, or one of `-`, `+`, `.`, `e`, `E`. */
function isNumeric(byte: number): boolean {
  return isDigit(byte) || byte === 0x2d || byte === 0x2b || byte === 0x2e || (byte | 0x20) === 0x65;
}
