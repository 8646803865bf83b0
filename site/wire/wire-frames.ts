/** What stands in the bytes of a WebSocket: headers of frames, bit by bit, masks and payloads. Pure. */
import type { ByteClass } from '../../demo-server/protocol.ts';
import { OPCODES } from './opcodes.ts';
import { bodyToken, type Note, type Run, seqOf, type Token, token } from './wire-tokens.ts';

const bits = (byte: number): string => byte.toString(2).padStart(8, '0');

/** RFC 6455 5.2, for one direction; keeps what it has read from run to run. */
export function frameReader(): (run: Run) => Token[] {
  const reader = new FrameReader();
  return (run) => reader.read(run);
}

class FrameReader {
  #part: 'first' | 'length' | 'long' | 'mask' | 'payload' = 'first';
  #opcode = 0;
  #masked = false;
  #compressed = false;
  /** Bytes of the payload that are still to come. */
  #left = 0;
  /** Bytes of the long length or of the key that are still to come. */
  #need = 0;
  #key = new Uint8Array(4);
  #keyAt = 0;
  /** Whether bytes are missing before the next header. */
  #lost = false;

  read(run: Run): Token[] {
    if (run.broken) this.#lost = true;
    if (this.#lost) {
      // Somewhere inside a frame: only the next header shows where one begins.
      if (run.kind !== 'framing') return [bodyToken(run)];
      this.#lost = false;
      this.#part = 'first';
    }
    if (run.kind === 'framing') return this.#framing(run.bytes);
    const tokens: Token[] = [];
    for (let at = 0; at < run.bytes.length; ) {
      const rest = run.bytes.length - at;
      const taken = this.#part === 'payload' ? Math.min(this.#left, rest) : rest;
      tokens.push(this.#payload(run.bytes.subarray(at, at + taken), run.kind));
      at += taken;
    }
    return tokens;
  }

  #framing(bytes: Uint8Array): Token[] {
    const tokens: Token[] = [];
    for (let at = 0; at < bytes.length; ) {
      const one = this.#next(bytes.subarray(at));
      tokens.push(one);
      at += one.length;
    }
    return tokens;
  }

  /** The next part of the frame, from the beginning of `bytes`; the payload of a control frame counts as framing. */
  #next(bytes: Uint8Array): Token {
    switch (this.#part) {
      case 'first':
        return this.#first(bytes[0] as number);
      case 'length':
        return this.#length(bytes[0] as number);
      case 'long':
        return this.#long(bytes.subarray(0, this.#need));
      case 'mask':
        return this.#mask(bytes.subarray(0, this.#need));
      case 'payload':
        return this.#payload(bytes.subarray(0, this.#left), 'framing');
    }
  }

  #first(byte: number): Token {
    const [opcode, value] = [byte & 15, bits(byte)];
    this.#opcode = opcode;
    // RSV1 stands in the first frame of a message only, and control frames may stand in between.
    if (opcode > 0 && opcode < 8) this.#compressed = (byte & 64) !== 0;
    this.#part = 'length';
    return headerToken(1, `frame.first.${byte >= 128 ? 'fin' : 'more'}${byte & 64 ? '.deflated' : ''}`, {
      bits: `${value[0]} ${value.slice(1, 4)} ${value.slice(4)}`,
      opcode: String(opcode),
      name: OPCODES[opcode] ?? 'reserved',
    });
  }

  #length(byte: number): Token {
    const [length, value] = [byte & 127, bits(byte)];
    const form = length === 126 ? '16' : length === 127 ? '64' : '7';
    this.#masked = byte >= 128;
    this.#left = form === '7' ? length : 0;
    this.#need = form === '16' ? 2 : form === '64' ? 8 : 0;
    if (form !== '7') this.#part = 'long';
    else this.#afterLength();
    return headerToken(1, `frame.length.${this.#masked ? 'masked' : 'plain'}${form}`, {
      bits: `${value[0]} ${value.slice(1)}`,
      length: String(length),
    });
  }

  #long(bytes: Uint8Array): Token {
    for (const byte of bytes) this.#left = this.#left * 256 + byte;
    this.#need -= bytes.length;
    const whole = this.#need === 0;
    const length = whole ? String(this.#left) : '…';
    if (whole) this.#afterLength();
    return headerToken(bytes.length, 'frame.long', { length });
  }

  #mask(bytes: Uint8Array): Token {
    this.#key = Uint8Array.from(this.#key);
    this.#key.set(bytes, 4 - this.#need);
    this.#need -= bytes.length;
    if (this.#need === 0) this.#beginPayload();
    return headerToken(bytes.length, 'frame.mask', {});
  }

  #afterLength(): void {
    if (this.#masked) [this.#part, this.#need] = ['mask', 4];
    else this.#beginPayload();
  }

  #beginPayload(): void {
    this.#keyAt = 0;
    this.#part = this.#left > 0 ? 'payload' : 'first';
  }

  #unmask(bytes: Uint8Array): Uint8Array {
    return bytes.map((byte) => byte ^ (this.#key[this.#keyAt++ & 3] as number));
  }

  #payload(bytes: Uint8Array, kind: ByteClass): Token {
    const [masked, opcode] = [this.#masked, this.#opcode];
    const plain = masked ? this.#unmask(bytes) : bytes;
    this.#left -= bytes.length;
    if (this.#left <= 0) this.#part = 'first';
    const extra = masked ? ({ unmasked: plain, binary: true } as const) : {};
    if (opcode === 8) {
      const code = plain.length >= 2 ? String((plain[0] as number) * 256 + (plain[1] as number)) : '';
      const name = code ? 'frame.close' : 'frame.control';
      return { ...token(bytes.length, name, { code, name: 'close' }), binary: true, ...extra };
    }
    if (opcode > 8) return { ...token(bytes.length, 'frame.control', { name: OPCODES[opcode] ?? '' }), ...extra };
    if (this.#compressed) return { ...token(bytes.length, 'frame.deflated', {}), binary: true };
    const seq = seqOf(plain);
    const again = kind === 'redundantPayload';
    const name = seq ? (again ? 'eventAgain' : 'event') : masked ? 'frame.masked' : `class.${kind}`;
    const text = new TextDecoder().decode(plain.subarray(0, 400));
    const binary = opcode === 2 ? { binary: true as const } : {};
    return { ...token(bytes.length, name, { seq, text }), ...binary, ...extra };
  }
}

function headerToken(length: number, name: string, values: Note['values']): Token {
  return { ...token(length, name, values), binary: true };
}
