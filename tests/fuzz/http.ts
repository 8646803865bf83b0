/** Requests with something wrong in them: heads, lengths, chunks, types, and several on one connection. */
import { type Conversation, DOORS, type Known } from './conversation.ts';
import type { Dice } from './dice.ts';
import { bodyFor, spoil, text } from './json.ts';

const METHODS = ['GET', 'POST', 'DELETE', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'TRACE', 'PROPFIND', 'get', 'G\tET', ''];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/1.2', 'http/1.1', 'HTTP', ''];
const TYPES = [
  'text/plain',
  'application/json',
  'application/json; charset=utf-16',
  'multipart/form-data',
  '',
  ';',
  'application/json;;;',
];
const ORIGINS = [
  'null',
  'http://evil.example',
  'https://127.0.0.1',
  'http://LOCALHOST',
  'not an origin',
  '',
  'file://',
  'http://127.0.0.1:1',
];
const HOSTS = [
  'localhost',
  '127.0.0.1',
  '[::1]',
  'evil.example',
  '',
  'a b',
  'localhost:99999',
  '\u00ff',
  'localhost\tx',
  'x'.repeat(300),
];

/** A path that a route takes, with its parameters filled in, more or less rightly. */
export function fill(dice: Dice, pattern: string, { runs }: Known): string {
  const filled = pattern.replaceAll(/:(\w+)|\*/g, (_, name: string) => {
    if (name === 'id' && runs.length > 0 && !dice.once(3)) return dice.pick(runs);
    if (name === 'technique') return dice.pick(['sse', 'polling', dice.word()]);
    if (name === 'room') return dice.pick(['abcd', 'abc1', dice.word()]);
    if (name === 'lab' || name === 'record' || name === 'attack')
      return dice.once(3) ? dice.word() : dice.pick(['0123456789abcdef', 'fedcba9876543210']).repeat(2);
    return dice.word();
  });
  const path =
    filled.includes('/push/') && runs.length > 0 && !dice.once(3) ? `${filled}?run=${dice.pick(runs)}` : filled;
  if (!dice.once(3)) return path;
  const query = ['after', 'n', 'back', 'cors', 'name', 'client', 'run', dice.word()].map(
    (name) => `${name}=${dice.word()}`,
  );
  return `${path}${path.includes('?') ? '&' : '?'}${query.slice(0, 1 + dice.below(query.length)).join('&')}`;
}

function headers(dice: Dice, { secondHost }: Known): string[] {
  const lines: string[] = [];
  if (!dice.once(12)) lines.push(`Host: ${dice.once(6) ? dice.pick([...HOSTS, secondHost]) : 'localhost'}`);
  if (dice.once(5)) lines.push(`Origin: ${dice.pick(ORIGINS)}`);
  if (dice.once(5)) lines.push(`Last-Event-ID: ${dice.pick(['0', '1', '99999999999999999999', '-1', dice.word()])}`);
  if (dice.once(8))
    lines.push(`Connection: ${dice.pick(['close', 'keep-alive', 'Upgrade', 'close, keep-alive', dice.word()])}`);
  if (dice.once(10)) lines.push(`Expect: ${dice.pick(['100-continue', '200-nothing'])}`);
  if (dice.once(10)) lines.push(`Authorization: Bearer ${dice.word()}`);
  if (dice.once(12)) lines.push(`X-${'a'.repeat(dice.below(40))}: ${'y'.repeat(dice.below(20_000))}`);
  if (dice.once(15))
    lines.push(`${dice.bytes(dice.below(20)).toString('latin1')}: ${dice.bytes(dice.below(20)).toString('latin1')}`);
  if (dice.once(12))
    lines.push(`Range: bytes=${dice.pick(['0-4', '-1', '5-', '9-2', '0-0,2-3', 'x', '99999999999-'])}`);
  if (dice.once(12)) lines.push(`Accept-Encoding: ${dice.pick(['br', 'gzip', 'br;q=0, *', 'identity;q=0', ';;'])}`);
  if (dice.once(12)) lines.push(`If-None-Match: ${dice.pick(['*', 'W/"x"', '"', dice.word()])}`);
  if (dice.once(12)) lines.push(`Cookie: ${dice.pick(['session=', 'pushlab-account=x', '=', dice.word()])}`);
  if (dice.once(15)) lines.push(`X-Forwarded-For: ${dice.pick(['1.2.3.4', '::1', dice.word()])}`);
  if (dice.once(15)) lines.push(' folded: line', 'NoColon');
  if (dice.once(25)) lines.push(...Array.from({ length: 2100 }, (_, n) => `H${n}: 1`));
  return lines;
}

function framed(dice: Dice, body: string): { lines: string[]; bytes: Buffer } {
  const bytes = Buffer.from(body);
  const size = bytes.length.toString(16);
  const chunked = 'Transfer-Encoding: chunked';
  return dice.pick<() => { lines: string[]; bytes: Buffer }>([
    () => ({ lines: [`Content-Length: ${bytes.length}`], bytes }),
    () => ({ lines: [`Content-Length: ${bytes.length}`], bytes }),
    () => ({ lines: [`Content-Length: ${bytes.length + 1 + dice.below(50)}`], bytes }),
    () => ({ lines: [`Content-Length: ${dice.below(bytes.length + 1)}`], bytes }),
    () => ({
      lines: [`Content-Length: ${dice.pick(['-1', '+5', '1e3', '0x10', '99999999999999999999', '', '5, 5'])}`],
      bytes,
    }),
    () => ({ lines: ['Content-Length: 3', `Content-Length: ${bytes.length}`], bytes }),
    () => ({ lines: [chunked], bytes: Buffer.from(`${size}\r\n${body}\r\n0\r\n\r\n`) }),
    () => ({ lines: [chunked], bytes: Buffer.from(`${size}\n${body}\n0\n\n`) }),
    () => ({ lines: [chunked], bytes: Buffer.from(`${size};a=b\r\n${body}\r\n0\r\nT: x\r\n\r\n`) }),
    () => ({ lines: [chunked], bytes: Buffer.from(`fffffffffffffffff\r\n${body}`) }),
    () => ({ lines: [chunked], bytes: Buffer.from(`zz\r\n${body}\r\n0\r\n\r\n`) }),
    () => ({ lines: [chunked, `Content-Length: ${bytes.length}`], bytes }),
    () => ({ lines: [`Transfer-Encoding: ${dice.pick(['gzip', 'chunked, chunked', 'identity', ''])}`], bytes }),
    () => ({ lines: [], bytes }),
  ])();
}

/** One request, right or wrong. */
function request(dice: Dice, known: Known): Buffer {
  const route = dice.once(10) ? `GET /${dice.word()}` : dice.pick(known.routes);
  const [method = 'GET', pattern = '/'] = route.split(' ');
  const asked = dice.once(5) ? dice.pick(METHODS) : method;
  const path = fill(dice, pattern, known);
  const target = dice.once(20)
    ? dice.pick([`http://localhost${path}`, '*', path.slice(1), `${path} x`, `/${'p'.repeat(9000)}`])
    : path;
  const lines = [`${asked} ${target} ${dice.once(8) ? dice.pick(VERSIONS) : 'HTTP/1.1'}`, ...headers(dice, known)];
  let body: Buffer = Buffer.alloc(0);
  if (asked === 'POST' || dice.once(6)) {
    const content = dice.once(12)
      ? 'b'.repeat(20_000)
      : text(dice, dice.once(3) ? bodyFor(dice, pattern) : spoil(dice, bodyFor(dice, pattern)));
    const { lines: more, bytes } = framed(dice, content);
    lines.push(...more);
    if (!dice.once(10)) lines.push(`Content-Type: ${dice.once(5) ? dice.pick(TYPES) : 'application/json'}`);
    body = bytes;
  }
  const end = dice.once(15) ? '\n' : '\r\n';
  return Buffer.concat([Buffer.from(`${lines.join(end)}${end}${end}`, 'latin1'), body]);
}

/** Some of its bytes changed, left out or put twice. */
export function mutate(dice: Dice, bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  for (let n = dice.below(4); n >= 0; n -= 1)
    if (changed.length > 0) changed[dice.below(changed.length)] = dice.below(256);
  const at = dice.below(changed.length + 1);
  if (dice.once(3)) return Buffer.concat([changed.subarray(0, at), changed.subarray(at + dice.below(20))]);
  if (dice.once(3)) return Buffer.concat([changed.subarray(0, at), dice.bytes(dice.below(30)), changed.subarray(at)]);
  return changed;
}

/** Cut at places of its own. */
export function cut(dice: Dice, bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  let rest = bytes;
  for (let n = dice.below(5); n > 0 && rest.length > 1; n -= 1) {
    const at = 1 + dice.below(rest.length - 1);
    pieces.push(rest.subarray(0, at));
    rest = rest.subarray(at);
  }
  return [...pieces, rest];
}

export const leaving = (dice: Dice): Conversation['leave'] =>
  dice.pick(['half-close', 'reset', 'stay', 'stay', 'stay']);

/** A conversation of requests, or of bytes that are none. */
export function httpConversation(dice: Dice, known: Known): Conversation {
  const door = dice.once(2) ? 'http' : dice.pick(DOORS);
  const leave = leaving(dice);
  if (dice.once(12)) return { door, kind: 'bytes', pieces: cut(dice, dice.bytes(1 + dice.below(400))), leave };
  const one = request(dice, known);
  if (dice.once(3)) return { door, kind: 'mutated head', pieces: cut(dice, mutate(dice, one)), leave };
  if (dice.once(4)) {
    const several = Buffer.concat([one, ...Array.from({ length: 1 + dice.below(6) }, () => request(dice, known))]);
    return { door, kind: 'pipelined', pieces: cut(dice, several), leave };
  }
  return { door, kind: 'request', pieces: cut(dice, one), leave };
}
