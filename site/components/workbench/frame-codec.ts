/** WebSocket frames (RFC 6455 5.2), written and read bit by bit, with every broken rule named. Pure. */
import type { ByteClass, WireExchange } from '../../../demo-server/protocol.ts';
import { OPCODES } from '../../wire/opcodes.ts';

/** Who sends the frame: a client's are masked, a server's are not (5.1). */
export type Sender = 'client' | 'server';
/** How the length is written: in 7 bits, or in 16 or 64 more. */
export type Form = 7 | 16 | 64;

export interface Frame {
  fin: boolean;
  /** The three reserved bits as a number, RSV1 = 4. */
  rsv: number;
  opcode: number;
  /** The masking key's four bytes; null for none. */
  key: Uint8Array | null;
  /** Without the mask. */
  payload: Uint8Array;
}

/** One field of a frame's head, as it stands in the bytes. */
export interface Field {
  name: 'fin' | 'rsv' | 'opcode' | 'mask' | 'length' | 'extended' | 'key';
  bits: string;
  value: string;
}

/** A rule that is broken: the key of a sentence below `frames.fault.`, with its values. */
export interface Fault {
  key: string;
  values: Readonly<Record<string, string | number>>;
}

export interface Decoded extends Frame {
  form: Form;
  fields: Field[];
  faults: Fault[];
  /** The frame as it came, head and payload. */
  bytes: Uint8Array;
  headBytes: number;
}

export interface Reading {
  frames: Decoded[];
  /** What concerns no single frame: bytes that are missing at the end, a message that does not end. */
  faults: Fault[];
}

const MOST_CONTROL = 125;
/** Codes that stand for something that no Close frame may carry, and one that was never given a meaning (7.4.1). */
const NEVER_SENT: readonly number[] = [1004, 1005, 1006, 1015];

export const isControl = (opcode: number): boolean => opcode >= 8;

/** The shortest form in which a length can be written: the only one allowed (5.2). */
export function shortestForm(length: number): Form {
  if (length < 126) return 7;
  return length < 65_536 ? 16 : 64;
}

/** XORs byte n with byte n mod 4 of the key; doing it twice undoes it (5.3). */
function mask(bytes: Uint8Array, key: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(bytes, (byte, i) => byte ^ (key[i & 3] as number));
}

/**
 * Writes a frame, also one that breaks the rules: that is what the workbench is for. Throws where the length does not fit
 * into `form`, or the key has not four bytes.
 */
export function encodeFrame(frame: Frame, form: Form = shortestForm(frame.payload.length)): Uint8Array<ArrayBuffer> {
  const { fin, rsv, opcode, key, payload } = frame;
  if (form < shortestForm(payload.length)) throw new RangeError(`got ${payload.length} bytes, ${form} bits hold less`);
  if (key && key.length !== 4) throw new RangeError(`got a key of ${key.length} bytes, takes 4`);
  const extended = { 7: 0, 16: 2, 64: 8 }[form];
  const bytes = new Uint8Array(2 + extended + (key ? 4 : 0) + payload.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = (fin ? 128 : 0) | (rsv << 4) | opcode;
  bytes[1] = (key ? 128 : 0) | { 7: payload.length, 16: 126, 64: 127 }[form];
  if (form === 16) view.setUint16(2, payload.length);
  if (form === 64) view.setBigUint64(2, BigInt(payload.length));
  if (key) bytes.set(key, 2 + extended);
  bytes.set(key ? mask(payload, key) : payload, bytes.length - payload.length);
  return bytes;
}

const bitsOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join(' ');
export const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');

/** Reads frames one after the other, as far as the bytes go. Never throws. */
export function readFrames(bytes: Uint8Array, from: Sender): Reading {
  const frames: Decoded[] = [];
  const faults: Fault[] = [];
  let message: { opcode: number; parts: Uint8Array[] } | undefined;
  for (let at = 0; at < bytes.length; ) {
    const frame = readFrame(bytes.subarray(at), from);
    if ('missing' in frame) {
      if (frame.tooLong) faults.push({ key: 'highBit', values: {} });
      else faults.push({ key: 'missing', values: { count: frame.missing } });
      return { frames, faults };
    }
    at += frame.bytes.length;
    frames.push(frame);
    const { opcode, fin, payload } = frame;
    if (isControl(opcode)) continue;
    if (opcode === 0 && !message) frame.faults.push({ key: 'lonely', values: {} });
    if (opcode !== 0 && message) frame.faults.push({ key: 'interrupted', values: {} });
    message = opcode === 0 && message ? message : { opcode, parts: [] };
    message.parts.push(payload);
    if (!fin) continue;
    if (message.opcode === 1 && !isUtf8(message.parts)) frame.faults.push({ key: 'utf8', values: {} });
    message = undefined;
  }
  if (message) faults.push({ key: 'unfinished', values: {} });
  return { frames, faults };
}

function readFrame(bytes: Uint8Array, from: Sender): Decoded | { missing: number; tooLong?: boolean } {
  const [first = 0, second = 0] = bytes;
  if (bytes.length < 2) return { missing: 2 - bytes.length };
  const short = second & 127;
  const form: Form = short === 126 ? 16 : short === 127 ? 64 : 7;
  const keyAt = 2 + { 7: 0, 16: 2, 64: 8 }[form];
  const masked = second >= 128;
  const headBytes = keyAt + (masked ? 4 : 0);
  if (bytes.length < headBytes) return { missing: headBytes - bytes.length };

  const extended = bytes.subarray(2, keyAt);
  // The first bit of 64 has to be 0 (5.2).
  if (form === 64 && (extended[0] as number) >= 128) return { missing: 0, tooLong: true };
  const length = form === 7 ? short : extended.reduce((sum, byte) => sum * 256 + byte, 0);
  if (bytes.length - headBytes < length) return { missing: length - (bytes.length - headBytes) };
  const key = masked ? bytes.subarray(keyAt, headBytes) : null;
  const carried = bytes.subarray(headBytes, headBytes + length);
  const payload = key ? mask(carried, key) : carried;
  const head = { fin: first >= 128, rsv: (first >> 4) & 7, opcode: first & 15 };

  const [a, b] = [bitsOf(bytes.subarray(0, 1)), bitsOf(bytes.subarray(1, 2))];
  const fields: Field[] = [
    { name: 'fin', bits: a.slice(0, 1), value: a.slice(0, 1) },
    { name: 'rsv', bits: a.slice(1, 4), value: a.slice(1, 4) },
    { name: 'opcode', bits: a.slice(4), value: String(head.opcode) },
    { name: 'mask', bits: b.slice(0, 1), value: b.slice(0, 1) },
    { name: 'length', bits: b.slice(1), value: String(short) },
  ];
  if (form !== 7) fields.push({ name: 'extended', bits: bitsOf(extended), value: String(length) });
  if (key) fields.push({ name: 'key', bits: bitsOf(key), value: hexOf(key) });

  const frame = { ...head, key, payload, form, fields, headBytes, bytes: bytes.subarray(0, headBytes + length) };
  return { ...frame, faults: faultsOf(frame, from) };
}

function faultsOf(frame: Omit<Decoded, 'faults'>, from: Sender): Fault[] {
  const { fin, rsv, opcode, key, payload, form } = frame;
  const faults: Fault[] = [];
  const fault = (name: string, values: Fault['values'] = {}) => faults.push({ key: name, values });
  if (rsv !== 0) fault('rsv', { bits: rsv.toString(2).padStart(3, '0') });
  if (OPCODES[opcode] === undefined) fault('opcode', { opcode });
  if (from === 'client' && !key) fault('unmasked');
  if (from === 'server' && key) fault('masked');
  if (form !== shortestForm(payload.length)) fault('notShortest', { length: payload.length, form });
  if (!isControl(opcode)) return faults;

  if (!fin) fault('fragmented');
  if (payload.length > MOST_CONTROL) fault('long', { length: payload.length });
  if (opcode === 8 && payload.length === 1) fault('closeOne');
  if (opcode === 8 && payload.length >= 2) {
    const code = (payload[0] as number) * 256 + (payload[1] as number);
    if (code < 1000 || code > 4999 || NEVER_SENT.includes(code)) fault('closeCode', { code });
    if (!isUtf8([payload.subarray(2)])) fault('utf8');
  }
  return faults;
}

function isUtf8(parts: readonly Uint8Array[]): boolean {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for (const part of parts) decoder.decode(part, { stream: true });
    decoder.decode();
    return true;
  } catch {
    return false;
  }
}

/** The frame as the ledger would have recorded it, so that the notes on bytes can be taken from there. */
export function asExchange(frame: Decoded, from: Sender): WireExchange {
  const direction = from === 'client' ? 'up' : 'down';
  const base64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  const segment = (way: 'up' | 'down', kind: ByteClass, bytes: Uint8Array) => ({
    at: 0,
    direction: way,
    kind,
    bytes: base64(bytes),
  });
  const head = new TextEncoder().encode('HTTP/1.1 101 Switching Protocols\r\n\r\n');
  return {
    connection: 1,
    exchange: 1,
    startedAt: 0,
    endedAt: 0,
    omittedBytes: 0,
    omittedAt: 0,
    segments: [
      segment('down', 'head', head),
      segment(direction, 'framing', frame.bytes.subarray(0, frame.headBytes)),
      segment(direction, isControl(frame.opcode) ? 'framing' : 'body', frame.bytes.subarray(frame.headBytes)),
    ],
  };
}
