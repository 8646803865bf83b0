/**
 * The class's WebSocket, one for each device. The first frame says who it is; nothing secret stands in the address. A
 * device that sends garbage, floods or never reads is let go, and costs the others nothing.
 */
import type { FastifyInstance } from 'fastify';
import type { WebSocket } from 'ws';
import { now } from '../feed.ts';
import { heartbeat } from '../heartbeat.ts';
import type { Limits } from '../limits.ts';
import { take } from '../push.ts';
import { refusePlainGet } from '../refusal.ts';
import { type Bucket, bucket } from './bucket.ts';
import type { Classroom } from './classroom.ts';
import { type Member, Members } from './members.ts';
import { everybody, type Part } from './peers.ts';
import {
  CLASS_SOCKET,
  CLOSED_ELSEWHERE,
  CLOSED_FOR_GOOD,
  type ClassMessage,
  type ClassRefusal,
  type ClassRequest,
  isClassPath,
} from './protocol.ts';
import { readLatencies, readRequest } from './read.ts';
import { ClassRefused } from './refused.ts';
import { classSocketSchema } from './schemas.ts';
import { drawId } from './secrets.ts';
import { type Sight, showClass } from './show.ts';

/** A device that has not said who it is so long after the handshake is let go. */
const HELLO_MS = 5000;
/** A device is asked for a sign of life so often; one that gives none until the next time is offline. */
const ALIVE_MS = 4000;
/** Messages of one device: a burst of eight pings and what a hasty hand can do, then this many a second. */
const BURST = 40;
const PER_SECOND = 15;
/** Wrong codes and tokens of one address: a class that mistypes behind one address, and no machine that tries a million codes. */
const TRIES = 30;
const TRIES_PER_SECOND = 0.5;
/** A device that lets this many bytes wait does not read. */
const WAITING_BYTES = 256 * 1024;

/** A greeting that was refused so will be refused again. */
const FOR_GOOD: readonly ClassRefusal[] = [
  'wrong-code',
  'wrong-token',
  'unknown-seat',
  'removed',
  'locked',
  'ended',
  'full',
];

/** What somebody is told who guesses. */
const GUESSES: readonly ClassRefusal[] = ['wrong-code', 'wrong-token', 'unknown-seat'];

export interface ClassSocketOptions {
  limits: Limits;
  heartbeatMs: number;
  sight: Omit<Sight, 'everybody'>;
}

/** Registers `/classroom`. Returns who is connected. */
export function classSocket(app: FastifyInstance, room: Classroom, options: ClassSocketOptions): Members {
  const { sight, limits, heartbeatMs } = options;
  const members = new Members();
  const server = drawId();
  const ownPart = (): Part => ({
    server,
    online: [...members.online],
    whereabouts: [...members.whereabouts()],
    run: room.devices?.id ?? null,
    ready: [...(room.devices?.seats ?? [])],
    interim: [...(room.devices?.interim ?? [])],
    feed: sight.feed.heardHere,
  });
  const all = everybody(room.log, room.id, members, ownPart, () => room.othersChanged());
  const show = showClass(room, { ...options.sight, everybody: all });
  const perAddress = new Map<string, number>();
  const tries = new Map<string, Bucket>();
  room.online = () => all.online;
  room.readyFor = (run) => all.ready(run);
  room.runsFor = (run) => all.runs(run);

  app.route({
    method: 'GET',
    url: CLASS_SOCKET,
    schema: classSocketSchema,
    preHandler: async (request) => {
      if (!request.ws) return;
      const release = take(perAddress, request.ip, limits.controlsPerAddress, `Address ${request.ip}`);
      request.raw.socket.once('close', release);
    },
    handler: refusePlainGet,
    wsHandler: (socket, request) => serve(socket, request.ip),
  });
  app.addHook('onClose', () => {
    all.close();
    show.close();
    room.close();
  });
  return members;

  function serve(socket: WebSocket, address: string): void {
    const messages = bucket(BURST, PER_SECOND);
    let who: { member: Member } | { teacher: true } | null = null;
    let greeted = false;

    const tell = (message: ClassMessage): void => {
      if (socket.bufferedAmount > WAITING_BYTES) socket.terminate();
      else if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
    };
    const refuse = (error: unknown): void => {
      if (!(error instanceof ClassRefused)) throw error;
      tell({ type: 'refused', why: error.why, message: error.message });
      // Only what was wrong counts: a whole class may join at once from behind one address.
      if (GUESSES.includes(error.why)) tries.get(address)?.take();
      if (FOR_GOOD.includes(error.why)) socket.close(CLOSED_FOR_GOOD, error.why);
      else if (error.why === 'too-fast' || error.why === 'too-many-tries' || who === null)
        socket.close(1008, error.why);
    };
    const late = setTimeout(() => socket.close(1008, 'hello'), HELLO_MS);
    heartbeat(socket, Math.min(heartbeatMs, ALIVE_MS));
    socket.once('close', () => {
      clearTimeout(late);
      show.remove(socket);
      if (who && 'member' in who) members.remove(who.member);
      all.changed();
      show.soon();
    });

    socket.on('message', (bytes: Buffer, isBinary) => {
      if (socket.readyState !== socket.OPEN) return;
      hear(bytes, isBinary).catch((error: unknown) => {
        try {
          refuse(error);
        } catch {
          process.stderr.write(`${(error as Error).stack}\n`);
          socket.close(1011);
        }
      });
    });
    async function hear(bytes: Buffer, isBinary: boolean): Promise<void> {
      if (!messages.take()) throw new ClassRefused('too-fast', `A device may send ${PER_SECOND} messages a second.`);
      const message = readRequest(isBinary ? '' : bytes.toString());
      if (message.type === 'ping') return tell({ type: 'pong', id: Number(message.id) || 0, at: now() });
      if (message.type === 'hello') {
        if (greeted) return;
        greeted = true;
        return greet(message);
      }
      if (who === null) throw new ClassRefused('bad-message', 'The first message is a hello.');
      if ('teacher' in who) return message.type === 'act' ? act(message) : undefined;
      return part(who.member, message);
    }

    async function greet(hello: ClassRequest & { type: 'hello' }): Promise<void> {
      const known = tries.get(address) ?? bucket(TRIES, TRIES_PER_SECOND);
      if (!tries.has(address) && tries.size > 10_000) tries.clear();
      tries.set(address, known);
      // Who comes with a seat's secret guesses nothing, and must not wait for a neighbour who does.
      if (hello.as !== 'seat' && !known.any())
        throw new ClassRefused('too-many-tries', 'Too many tries from this address. Wait a minute, then try again.');
      if (hello.as === 'teacher') {
        if (!room.isTeacher(hello.token))
          throw new ClassRefused('wrong-token', 'This is not a teacher’s link of this class.');
        clearTimeout(late);
        who = { teacher: true };
        tell({ type: 'teacher' });
        return show.addTeacher(socket);
      }
      let { seat, secret } = hello as { seat?: string; secret?: string };
      const isNew = hello.as === 'new';
      if (isNew) ({ seat, secret } = await room.join(hello.code, hello.nickname, hello.secret));
      const { id, nickname } = room.resume(seat, secret);
      if (socket.readyState !== socket.OPEN) return;
      clearTimeout(late);
      const member: Member = { seat: id, path: '', hidden: false };
      who = { member };
      tell({ type: 'seat', seat: id, nickname, ...(isNew && secret ? { secret } : {}) });
      const tooMany = members.add(member);
      show.addMember(socket, member);
      if (tooMany) show.socketOf(tooMany)?.close(CLOSED_ELSEWHERE, 'elsewhere');
      all.changed();
      show.soon();
    }

    async function part(member: Member, message: ClassRequest): Promise<void> {
      const { seat } = member;
      // A seat that was removed a moment ago may still have messages on their way.
      if (room.state.seats.get(seat)?.removed !== false)
        throw new ClassRefused('removed', 'The teacher has removed this seat.');
      if (message.type === 'here') {
        if (isClassPath(message.path)) member.path = message.path;
        member.hidden = message.hidden === true;
        all.changed();
        show.soon();
      } else if (message.type === 'nickname') await room.rename(seat, message.nickname);
      else if (message.type === 'answer')
        await settle(message.n, () => room.answer(seat, message.question, message.answer));
      else if (message.type === 'ready') {
        room.ready(seat, message.classRun, message.run);
        all.changed();
      } else if (message.type === 'heard') sight.feed.heard(seat, readLatencies(message.latencies));
      else if (message.type === 'result') {
        const { classRun, run, result, n } = message;
        const final = message.final === true;
        // Others hear of it from the log, or in a second: told at once, sixty results so far would be told sixty times.
        await settle(final ? n : undefined, () => room.result(seat, classRun, run, result, final));
      } else
        throw new ClassRefused(
          'bad-message',
          `A device of a seat cannot say ${JSON.stringify(String(message.type).slice(0, 20))}.`,
        );
    }

    /** Says what has become of something that the device holds until it knows: kept, or not to be said again. */
    async function settle(n: unknown, keep: () => Promise<boolean>): Promise<void> {
      const say = (kept: boolean) => Number.isSafeInteger(n) && tell({ type: 'settled', n: n as number, kept });
      try {
        say(await keep());
      } catch (error) {
        if (error instanceof ClassRefused && error.why === 'bad-message') say(false);
        throw error;
      }
    }

    async function act({ id, action }: ClassRequest & { type: 'act' }): Promise<void> {
      try {
        // Of this server alone, and of this start: no part of what is kept.
        if (action?.do === 'join-at') {
          sight.place.choose(action.address);
          show.soon();
        } else await room.act(action);
        tell({ type: 'done', id });
      } catch (error) {
        if (!(error instanceof ClassRefused)) throw error;
        tell({ type: 'done', id, refused: error.why, message: error.message });
      }
    }
  }
}
