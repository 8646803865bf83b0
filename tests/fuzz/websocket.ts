/** WebSocket handshakes broken in each of their parts, and frames of every opcode, length, mask and order. */
import type { Conversation, Known } from './conversation.ts';
import type { Dice } from './dice.ts';
import { cut, fill, leaving, mutate } from './http.ts';
import { messagesFor } from './json.ts';

const OTHER: Record<string, readonly string[]> = {
  Connection: ['close', 'keep-alive, Upgrade', '', 'upgrade, close'],
  Upgrade: ['h2c', 'WebSocket', 'websocket, h2c', ''],
  'Sec-WebSocket-Version': ['8', '0', '13, 8', '', '-13'],
  'Sec-WebSocket-Key': ['', 'short', 'dGhlIHNhbXBsZSBub25jZQ', '****'],
};

function handshake(dice: Dice, path: string): Buffer {
  const fields: Record<string, string> = {
    Host: 'localhost',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  if (dice.once(4)) {
    const name = dice.pick(Object.keys(OTHER));
    if (dice.once(3)) delete fields[name];
    else fields[name] = dice.pick(OTHER[name] ?? ['']);
  }
  if (dice.once(8)) fields.Origin = dice.pick(['null', 'http://evil.example', 'http://localhost']);
  if (dice.once(6)) fields['Sec-WebSocket-Protocol'] = dice.pick(['chat', 'a, b', ',', dice.word()]);
  if (dice.once(4))
    fields['Sec-WebSocket-Extensions'] = dice.pick([
      'permessage-deflate',
      'permessage-deflate; client_max_window_bits=99',
      'permessage-deflate; server_max_window_bits',
      'x-unknown; a=b',
      ';',
      'permessage-deflate; permessage-deflate',
    ]);
  const method = dice.once(12) ? dice.pick(['POST', 'HEAD', 'OPTIONS']) : 'GET';
  const version = dice.once(12) ? '1.0' : '1.1';
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/${version}\r\n${lines.join('')}\r\n`, 'latin1');
}

const BAD_UTF8 = [
  Buffer.from([0xc0, 0x80]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0xff]),
  Buffer.from([0xf4, 0x90, 0x80, 0x80]),
];
const CLOSE_CODES = [0, 999, 1000, 1001, 1004, 1005, 1006, 1011, 1015, 2999, 3000, 4000, 4999, 5000, 65535];

interface FrameParts {
  opcode: number;
  payload: Buffer;
  fin?: boolean;
  rsv?: number;
  masked?: boolean;
  /** How the length is written: as short as it goes, or longer than it needs to be, or not that of the payload. */
  length?: number;
  wide?: 16 | 64;
}

function frame(
  dice: Dice,
  { opcode, payload, fin = true, rsv = 0, masked = true, length = payload.length, wide }: FrameParts,
): Buffer {
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  const mask = masked ? 0x80 : 0;
  let size: Buffer;
  if (wide === 64 || length > 65535) {
    size = Buffer.alloc(9, mask | 127);
    size.writeBigUInt64BE(BigInt(length), 1);
  } else if (wide === 16 || length > 125) {
    size = Buffer.from([mask | 126, length >> 8, length & 255]);
  } else size = Buffer.from([mask | length]);
  const key = masked ? dice.bytes(4) : Buffer.alloc(0);
  const body = masked ? Buffer.from(payload.map((byte, n) => byte ^ (key[n % 4] as number))) : payload;
  return Buffer.concat([Buffer.from(head), size, key, body]);
}

function closing(dice: Dice): FrameParts {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(dice.pick(CLOSE_CODES));
  const reason = dice.once(2) ? Buffer.alloc(0) : dice.once(3) ? dice.pick(BAD_UTF8) : Buffer.from(dice.word());
  return { opcode: 8, payload: dice.once(6) ? payload.subarray(0, 1) : Buffer.concat([payload, reason]) };
}

/** A frame as no rule foresees it, or just about. */
function oddFrame(dice: Dice): FrameParts {
  const payload = dice.bytes(dice.below(140));
  return dice.pick<() => FrameParts>([
    () => ({ opcode: dice.below(16), payload }),
    () => ({ opcode: 1, payload, rsv: 1 + dice.below(7) }),
    () => ({ opcode: 2, payload, masked: false }),
    () => ({ opcode: 1, payload: dice.pick(BAD_UTF8) }),
    () => ({ opcode: 0, payload }),
    () => ({ opcode: 1, payload: Buffer.from('a'), fin: false }),
    () => ({ opcode: 9, payload: dice.bytes(126) }),
    () => ({ opcode: 9, payload: Buffer.from('p'), fin: false }),
    () => ({ opcode: 10, payload }),
    () => ({ opcode: 2, payload, wide: dice.pick([16, 64] as const) }),
    () => ({ opcode: 2, payload, length: dice.pick([20_000, 2 ** 31, 2 ** 40]) }),
    () => ({ opcode: 1, payload: Buffer.alloc(17_000, 97) }),
    () => closing(dice),
  ])();
}

/** One message in pieces, perhaps with a ping between them. */
function fragmented(dice: Dice, message: Buffer): Buffer[] {
  const parts = cut(dice, message);
  return parts.flatMap((payload, n) => [
    frame(dice, { opcode: n === 0 ? 1 : 0, payload, fin: n === parts.length - 1 }),
    ...(dice.once(4) ? [frame(dice, { opcode: 9, payload: Buffer.from('ping') })] : []),
  ]);
}

/** A conversation over one of the server's sockets. */
export function socketConversation(dice: Dice, known: Known): Conversation {
  const sockets = [
    '/control',
    '/classroom',
    '/echo',
    '/chat/:room',
    '/push/websocket',
    '/probe/connections/:lab',
    '/hijack/open',
    '/hijack/listed',
  ];
  const pattern = dice.once(4)
    ? (dice.pick(known.routes).split(' ')[1] ?? '/')
    : dice.pick([...sockets, '/classroom', '/control']);
  const filled = fill(dice, pattern, known);
  const path =
    pattern === '/control' && !dice.once(4) && known.runs.length > 0 ? `/control?run=${dice.pick(known.runs)}` : filled;
  const opening = handshake(dice, path);
  const frames = messagesFor(dice, path, known).flatMap((message) => {
    const payload = Buffer.from(message);
    return payload.length > 1 && dice.once(4)
      ? fragmented(dice, payload)
      : [frame(dice, { opcode: dice.once(10) ? 2 : 1, payload })];
  });
  if (!dice.once(3)) frames.splice(dice.below(frames.length + 1), 0, frame(dice, oddFrame(dice)));
  if (dice.once(3)) frames.push(frame(dice, closing(dice)));
  const flow = Buffer.concat(frames);
  const pieces = [opening, ...cut(dice, dice.once(5) ? mutate(dice, flow) : flow)];
  const door = dice.once(5) ? dice.pick(['secure', 'h2', 'second'] as const) : 'http';
  return {
    door,
    kind: `socket ${pattern}`,
    pieces: dice.once(4) ? [Buffer.concat(pieces)] : pieces,
    leave: leaving(dice),
  };
}
