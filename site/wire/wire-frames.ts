/** What stands in the bytes of a WebSocket: headers of frames, bit by bit, masks and payloads. Pure. */
import type { ByteClass } from '../../demo-server/protocol.ts';
import { OPCODES } from './opcodes.ts';
import { bodyToken, type Note, type Run, seqOf, type Token, token } from './wire-tokens.ts';

/** RFC 6455 5.2, for one direction; keeps what it has read from run to run. */
export function frameReader(): (run: Run) => Token[] {
  let part: 'first' | 'length' | 'long' | 'mask' | 'payload' = 'first';
  let opcode = 0;
  let masked = false;
  let compressed = false;
  let left = 0;
  let need = 0;
  let key = new Uint8Array(4);
  let keyAt = 0;

  const bits = (byte: number) => byte.toString(2).padStart(8, '0');
  const unmask = (bytes: Uint8Array) => bytes.map((byte) => byte ^ (key[keyAt++ & 3] as number));
  const begin = () => {
    keyAt = 0;
    part = left > 0 ? 'payload' : 'first';
  };

  function header(bytes: Uint8Array): Token[] {
    const tokens: Token[] = [];
    const push = (length: number, name: string, values: Note['values']) =>
      tokens.push({ ...token(length, name, values), binary: true });
    for (let at = 0; at < bytes.length; ) {
      const byte = bytes[at] as number;
      if (part === 'first') {
        opcode = byte & 15;
        const name = OPCODES[opcode] ?? 'reserved';
        const value = bits(byte);
        // RSV1 stands in the first frame of a message only, and control frames may stand in between.
        if (opcode > 0 && opcode < 8) compressed = (byte & 64) !== 0;
        const deflated = byte & 64 ? '.deflated' : '';
        push(1, `frame.first.${byte >= 128 ? 'fin' : 'more'}${deflated}`, {
          bits: `${value[0]} ${value.slice(1, 4)} ${value.slice(4)}`,
          opcode: String(opcode),
          name,
        });
        part = 'length';
        at += 1;
      } else if (part === 'length') {
        masked = byte >= 128;
        left = byte & 127;
        const value = bits(byte);
        const form = left === 126 ? '16' : left === 127 ? '64' : '7';
        push(1, `frame.length.${masked ? 'masked' : 'plain'}${form}`, {
          bits: `${value[0]} ${value.slice(1)}`,
          length: String(left),
        });
        need = form === '16' ? 2 : form === '64' ? 8 : 0;
        if (need > 0) left = 0;
        at += 1;
        if (need > 0) part = 'long';
        else if (masked) [part, need] = ['mask', 4];
        else begin();
      } else if (part === 'long') {
        const taken = Math.min(need, bytes.length - at);
        for (const one of bytes.subarray(at, at + taken)) left = left * 256 + one;
        need -= taken;
        push(taken, 'frame.long', { length: need === 0 ? String(left) : '…' });
        at += taken;
        if (need > 0) continue;
        if (masked) [part, need] = ['mask', 4];
        else begin();
      } else if (part === 'mask') {
        const taken = Math.min(need, bytes.length - at);
        key = Uint8Array.from(key);
        key.set(bytes.subarray(at, at + taken), 4 - need);
        need -= taken;
        push(taken, 'frame.mask', {});
        at += taken;
        if (need === 0) begin();
      } else {
        // The payload of a control frame counts as framing.
        const taken = Math.min(left, bytes.length - at);
        tokens.push(payload(bytes.subarray(at, at + taken), 'framing'));
        at += taken;
      }
    }
    return tokens;
  }

  function payload(bytes: Uint8Array, kind: ByteClass): Token {
    const plain = masked ? unmask(bytes) : bytes;
    left -= bytes.length;
    if (left <= 0) part = 'first';
    const extra = masked ? ({ unmasked: plain, binary: true } as const) : {};
    if (opcode === 8) {
      const code = plain.length >= 2 ? String((plain[0] as number) * 256 + (plain[1] as number)) : '';
      return {
        ...token(bytes.length, code ? 'frame.close' : 'frame.control', { code, name: 'close' }),
        binary: true,
        ...extra,
      };
    }
    if (opcode > 8) return { ...token(bytes.length, 'frame.control', { name: OPCODES[opcode] ?? '' }), ...extra };
    if (compressed) return { ...token(bytes.length, 'frame.deflated', {}), binary: true };
    const seq = seqOf(plain);
    const again = kind === 'redundantPayload';
    const name = seq ? (again ? 'eventAgain' : 'event') : masked ? 'frame.masked' : `class.${kind}`;
    const shown = new TextDecoder().decode(plain.subarray(0, 400));
    return {
      ...token(bytes.length, name, { seq, text: shown }),
      ...(opcode === 2 ? { binary: true as const } : {}),
      ...extra,
    };
  }

  let lost = false;
  return (run) => {
    if (run.broken) lost = true;
    if (lost) {
      // Somewhere in a frame: the next header says again where one stands.
      if (run.kind !== 'framing') return [bodyToken(run)];
      lost = false;
      part = 'first';
    }
    if (run.kind === 'framing') return header(run.bytes);
    const tokens: Token[] = [];
    for (let at = 0; at < run.bytes.length; ) {
      const taken = part === 'payload' ? Math.min(left, run.bytes.length - at) : run.bytes.length - at;
      tokens.push(payload(run.bytes.subarray(at, at + taken), run.kind));
      at += taken;
    }
    return tokens;
  };
}
