/** HTTP/2 frames behind a valid preface: requests that are nearly right, and frames of every type, length, flag and stream. */
import type { Conversation, Known } from './conversation.ts';
import type { Dice } from './dice.ts';
import { cut, fill, leaving, mutate } from './http.ts';
import { bodyFor, spoil, text } from './json.ts';

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const DATA = 0;
const HEADERS = 1;
const SETTINGS = 4;
const CONTINUATION = 9;
const END_STREAM = 0x1;
const END_HEADERS = 0x4;

/** @see https://www.rfc-editor.org/rfc/rfc9113.html#section-4.1 */
function frame(type: number, flags: number, stream: number, payload: Buffer, length = payload.length): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream >>> 0, 5);
  return Buffer.concat([head, payload]);
}

/** A field as a literal that is not indexed, with a new name: the one form of HPACK that needs no table. Both under 127 bytes. */
function field(name: string, value: string): Buffer {
  const [n, v] = [Buffer.from(name), Buffer.from(value, 'latin1').subarray(0, 126)];
  return Buffer.concat([Buffer.from([0, n.length]), n, Buffer.from([v.length]), v]);
}

function fields(dice: Dice, method: string, path: string): Buffer {
  const all: [string, string][] = [
    [':method', method],
    [':scheme', dice.once(15) ? dice.word() : 'https'],
    [':path', dice.once(15) ? dice.word() : path],
    [':authority', dice.once(8) ? dice.word() : 'localhost'],
  ];
  if (dice.once(3)) all.push(['origin', dice.pick(['null', 'https://evil.example', dice.word()])]);
  if (dice.once(3)) all.push(['content-type', dice.pick(['application/json', 'text/plain', ''])]);
  if (dice.once(10))
    all.push([dice.pick(['connection', 'host', 'Upper', 'te', 'transfer-encoding', ':path']), dice.word()]);
  if (dice.once(10)) all.push(['content-length', dice.pick(['0', '5', '-1', '999999'])]);
  if (dice.once(10)) all.push([':protocol', 'websocket']);
  if (dice.once(10)) all.push(['expect', dice.pick(['100-continue', 'what'])]);
  if (dice.once(12)) all.splice(dice.below(all.length), 1);
  return Buffer.concat(all.map(([name, value]) => field(name, value)));
}

/** A request on a stream of its own, with its headers in one frame or two. */
function request(dice: Dice, known: Known, stream: number): Buffer[] {
  const [method = 'GET', pattern = '/'] = dice.pick(known.routes).split(' ');
  const block = fields(
    dice,
    dice.once(8) ? dice.pick(['CONNECT', 'OPTIONS', 'x', '']) : method,
    fill(dice, pattern, known),
  );
  const body =
    method === 'POST' ? Buffer.from(text(dice, spoil(dice, bodyFor(dice, pattern)))).subarray(0, 16_000) : null;
  const end = body ? 0 : END_STREAM;
  const at = dice.below(block.length);
  const headers = dice.once(4)
    ? [frame(HEADERS, end, stream, block.subarray(0, at)), frame(CONTINUATION, END_HEADERS, stream, block.subarray(at))]
    : [frame(HEADERS, end | END_HEADERS, stream, block)];
  return body ? [...headers, frame(DATA, END_STREAM, stream, body)] : headers;
}

/** Any frame, on any stream, with as many bytes as its type has, or not. */
function oddFrame(dice: Dice): Buffer {
  const type = dice.below(14);
  const usual = [
    dice.below(300),
    dice.below(60),
    5,
    4,
    6 * dice.below(4),
    4 + dice.below(40),
    8,
    8 + dice.below(20),
    4,
    dice.below(60),
  ];
  const payload = dice.bytes(dice.once(3) ? dice.below(40) : (usual[type] ?? dice.below(40)));
  const length = dice.once(12) ? dice.pick([0, 1, 16_385, 2 ** 24 - 1]) : payload.length;
  return frame(
    type,
    dice.once(2) ? 0 : dice.below(256),
    dice.pick([0, 1, 2, 3, 5, 2 ** 31 - 1, 2 ** 31 + 1]),
    payload,
    length,
  );
}

/** A setting: its number and its value, in their 6 bytes. */
function setting(dice: Dice): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(dice.pick([1, 2, 3, 4, 5, 6, 8, 9, 65_535]));
  bytes.writeUInt32BE(dice.pick([0, 1, 100, 16_384, 2 ** 24, 2 ** 31, 2 ** 32 - 1]), 2);
  return bytes;
}

/** A conversation in HTTP/2: mostly with the server that speaks it, now and then with one that does not. */
export function http2Conversation(dice: Dice, known: Known): Conversation {
  const settings = Buffer.concat(
    Array.from({ length: dice.below(4) }, () => (dice.once(2) ? setting(dice) : Buffer.alloc(0))),
  );
  const frames = [frame(SETTINGS, 0, 0, settings)];
  for (let n = 0; n < 1 + dice.below(5); n += 1) frames.push(...request(dice, known, 1 + 2 * n));
  for (let n = dice.below(4); n > 0; n -= 1) frames.splice(dice.below(frames.length + 1), 0, oddFrame(dice));
  const flow = Buffer.concat(frames);
  const bytes = Buffer.concat([PREFACE, dice.once(4) ? mutate(dice, flow) : flow]);
  return {
    door: dice.once(10) ? dice.pick(['http', 'secure'] as const) : 'h2',
    kind: 'HTTP/2 frames',
    alpn: 'h2',
    pieces: cut(dice, bytes),
    leave: leaving(dice),
  };
}
