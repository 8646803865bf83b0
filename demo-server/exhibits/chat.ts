/**
 * A small chat over WebSocket, for the page on it: what one says in a room, all in the room hear, the one who said it too. In
 * no lane. Nothing is kept: who comes later has missed it, and a room is gone with its last reader.
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
/** So many messages may come at once, and one more each so many ms. */
const BURST = 5;
const ONE_EVERY_MS = 1000;
/** Messages dropped as too fast in a row; one more, and the connection is closed with 1008. */
const PATIENCE = 20;

type Room = Map<WebSocket, string>;

/** A name that nobody else in the room has: as wished, or with a number behind it. */
function nameIn(room: Room, wish: string): string {
  const taken = new Set(room.values());
  // Whatever is not seen, or turns the direction of what follows, is left out.
  const bare = [...wish.replace(/[\p{C}\p{Z}]+/gu, ' ').trim()].slice(0, NAME_LETTERS).join('') || 'Reader';
  let name = bare;
  for (let n = 2; taken.has(name); n += 1) name = `${bare} ${n}`;
  return name;
}

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
    schema: {
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
    },
    preHandler: async (request) => {
      const { room: code } = request.params as { room: string };
      if (!ROOM.test(code)) {
        const got = JSON.stringify(code.slice(0, 40));
        throw new RefusalError(400, 'bad-room', `Got the room ${got}, takes 4 to 16 letters a–z and digits.`);
      }
      if (!request.ws) return;
      if ((rooms.get(code)?.size ?? 0) >= MOST_READERS)
        throw new RefusalError(503, 'room-full', `Room ${code} has ${MOST_READERS} readers. Choose another.`);
      if (!rooms.has(code) && rooms.size >= MOST_ROOMS)
        throw new RefusalError(503, 'too-many-rooms', `There are ${MOST_ROOMS} rooms. Try again when one is empty.`);
      request.raw.socket.once('close', takeOfAddress(perAddress, request, limits.echoesPerAddress));
    },
    handler: refusePlainGet,
    wsHandler: (socket, request) => {
      const { room: code } = request.params as { room: string };
      const room = rooms.get(code) ?? new Map<WebSocket, string>();
      const name = nameIn(room, (request.query as { name?: string }).name ?? '');
      room.set(socket, name);
      rooms.set(code, room);
      const tell = (one: WebSocket, message: ChatMessage): void => one.send(JSON.stringify(message));
      // #region chat
      const tellAll = (message: (one: WebSocket) => ChatMessage): void => {
        for (const one of room.keys()) tell(one, message(one));
      };
      const say = (text: string): void =>
        tellAll((one) => ({ type: 'said', from: name, text, mine: one === socket, readers: room.size }));
      // #endregion

      let left = BURST;
      let dropped = 0;
      socket.on('message', (message: Buffer, isBinary) => {
        if (isBinary) return socket.close(1003, 'text only');
        if (message.length > TEXT_BYTES) return socket.close(1009, `at most ${TEXT_BYTES} bytes`);
        if (left > 0) {
          left -= 1;
          dropped = 0;
          return say(message.toString());
        }
        dropped += 1;
        if (dropped > PATIENCE) return socket.close(1008, 'too fast');
        tell(socket, { type: 'dropped' });
      });

      heartbeat(socket, heartbeatMs);
      const allowance = setInterval(() => {
        left = Math.min(BURST, left + 1);
      }, ONE_EVERY_MS);
      socket.once('close', () => {
        clearInterval(allowance);
        room.delete(socket);
        if (room.size === 0) rooms.delete(code);
        tellAll(() => ({ type: 'went', name, readers: room.size }));
      });
      tellAll((one) => ({ type: 'came', name, mine: one === socket, readers: room.size }));
    },
  });
}
