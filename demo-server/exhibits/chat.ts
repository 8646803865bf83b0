/**
 * A small chat over WebSocket, for the lesson on it: a message goes to all readers of a room, its sender included. In no
 * lane. Nothing is kept: later readers do not get earlier messages, and a room ends with its last reader.
 */
import type { FastifyInstance } from 'fastify';
import type { WebSocket } from 'ws';
import type { Limits } from '../limits.ts';
import type { ChatMessage } from '../protocol.ts';
import { takeOfAddress } from '../push.ts';
import { RefusalError, refusePlainGet } from '../refusal.ts';
import { refused } from '../schemas/refused.ts';
import { heartbeat } from '../web/heartbeat.ts';

/** The subprotocol that it speaks, offered or not: text up, JSON down. */
export const CHAT_PROTOCOL = 'chat';
export const IS_CHAT = /^\/chat\//;

const ROOM = /^[a-z0-9]{4,16}$/;
const MOST_ROOMS = 200;
const MOST_READERS = 64;
const NAME_LETTERS = 24;
const TEXT_BYTES = 500;
/** Messages that a reader may send at once, and after how many ms one more is allowed. */
const BURST = 5;
const ONE_EVERY_MS = 1000;
/** Messages that may be dropped in a row as too fast; the next closes the connection with 1008. */
const PATIENCE = 20;

type Room = Map<WebSocket, string>;

/** A name that nobody else in the room has: as wished, or with a number after it. */
function nameIn(room: Room, wish: string): string {
  const taken = new Set(room.values());
  // Without characters that are invisible or change the direction of the text after them.
  const bare = [...wish.replace(/[\p{C}\p{Z}]+/gu, ' ').trim()].slice(0, NAME_LETTERS).join('') || 'Reader';
  let name = bare;
  for (let n = 2; taken.has(name); n += 1) name = `${bare} ${n}`;
  return name;
}

const chatSchema = {
  tags: ['chat'],
  summary: 'A room in which all hear what one says',
  description: `A WebSocket. A text message of at most ${TEXT_BYTES} bytes goes to all in the room, as JSON: {"type":"said","from","text","mine","readers"}; {"type":"came"|"went","name","readers"} tells who comes and goes, {"type":"dropped"} that a message came too fast. At most ${MOST_READERS} readers in a room. Nothing is kept. In no lane.`,
  params: { type: 'object', properties: { room: { type: 'string', description: '4 to 16 of a–z and 0–9.' } } },
  querystring: {
    type: 'object',
    properties: { name: { type: 'string', description: `What the others see, at most ${NAME_LETTERS} letters.` } },
  },
  response: {
    101: { description: 'Switching Protocols: from here on WebSocket frames.', type: 'null' },
    400: refused('No such room code.'),
    426: refused('A plain GET: this route speaks WebSocket.'),
    429: refused('Too many chats from this address.'),
    503: refused('The room is full, or there are too many rooms.'),
  },
};

/** Registers `/chat/<room>`. */
export function chatRoute(
  app: FastifyInstance,
  { heartbeatMs, limits }: { heartbeatMs: number; limits: Limits },
): void {
  const rooms = new Map<string, Room>();
  const perAddress = new Map<string, number>();

  app.route({
    method: 'GET',
    url: '/chat/:room',
    schema: chatSchema,
    preHandler: async (request) => {
      const { room: code } = request.params as { room: string };
      refuseRoom(code);
      if (!request.ws) return;
      refuseFull(rooms, code);
      request.raw.socket.once('close', takeOfAddress(perAddress, request, limits.echoesPerAddress));
    },
    handler: refusePlainGet,
    wsHandler: (socket, request) => {
      const { room: code } = request.params as { room: string };
      const room = rooms.get(code) ?? new Map<WebSocket, string>();
      rooms.set(code, room);
      // Before the room's own listener, which reports who is left.
      socket.once('close', () => {
        room.delete(socket);
        if (room.size === 0) rooms.delete(code);
      });
      heartbeat(socket, heartbeatMs);
      enter(socket, room, nameIn(room, (request.query as { name?: string }).name ?? ''));
    },
  });
}

function refuseRoom(code: string): void {
  if (ROOM.test(code)) return;
  const got = JSON.stringify(code.slice(0, 40));
  throw new RefusalError(400, 'bad-room', `Got the room ${got}, takes 4 to 16 letters a–z and digits.`);
}

function refuseFull(rooms: ReadonlyMap<string, Room>, code: string): void {
  if ((rooms.get(code)?.size ?? 0) >= MOST_READERS)
    throw new RefusalError(503, 'room-full', `Room ${code} has ${MOST_READERS} readers. Choose another.`);
  if (!rooms.has(code) && rooms.size >= MOST_ROOMS)
    throw new RefusalError(503, 'too-many-rooms', `There are ${MOST_ROOMS} rooms. Try again when one is empty.`);
}

/** Lets a reader into a room: announces it, passes its messages on, and announces that it has left. */
function enter(socket: WebSocket, room: Room, name: string): void {
  room.set(socket, name);
  const tell = (one: WebSocket, message: ChatMessage): void => one.send(JSON.stringify(message));
  // #region chat
  const tellAll = (message: (one: WebSocket) => ChatMessage): void => {
    for (const one of room.keys()) tell(one, message(one));
  };
  const say = (text: string): void =>
    tellAll((one) => ({ type: 'said', from: name, text, mine: one === socket, readers: room.size }));
  // #endregion

  onMessage(socket, { say, dropped: () => tell(socket, { type: 'dropped' }) });
  socket.once('close', () => tellAll(() => ({ type: 'went', name, readers: room.size })));
  tellAll((one) => ({ type: 'came', name, mine: one === socket, readers: room.size }));
}

/** Calls `say` for each message that may pass and `dropped` for one that came too fast; closes the socket of a sender that does not stop. */
function onMessage(socket: WebSocket, { say, dropped }: { say(text: string): void; dropped(): void }): void {
  let left = BURST;
  let droppedInARow = 0;
  socket.on('message', (message: Buffer, isBinary) => {
    if (isBinary) return socket.close(1003, 'text only');
    if (message.length > TEXT_BYTES) return socket.close(1009, `at most ${TEXT_BYTES} bytes`);
    if (left > 0) {
      left -= 1;
      droppedInARow = 0;
      return say(message.toString());
    }
    droppedInARow += 1;
    if (droppedInARow > PATIENCE) return socket.close(1008, 'too fast');
    dropped();
  });
  const allowance = setInterval(() => {
    left = Math.min(BURST, left + 1);
  }, ONE_EVERY_MS);
  socket.once('close', () => clearInterval(allowance));
}
