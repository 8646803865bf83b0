/**
 * The class's WebSocket, one for each device. The first frame says who it is; nothing secret stands in the address. A
 * device that sends garbage, floods or never reads is let go, and costs the others nothing.
 */
import type { FastifyInstance } from 'fastify';
import type { WebSocket } from 'ws';
import { now } from '../feed.ts';
import { heartbeat } from '../heartbeat.ts';
import type { Limits } from '../limits.ts';
import { networkOf } from '../names.ts';
import { refusePlainGet } from '../refusal.ts';
import { bucket } from './bucket.ts';
import type { Classroom } from './classroom.ts';
import { codeDoor } from './door.ts';
import { type Member, Members } from './members.ts';
import { everybody, type Part } from './peers.ts';
import {
  CLASS_SOCKET,
  CLOSED_ELSEWHERE,
  CLOSED_FOR_GOOD,
  CLOSED_FOR_NOW,
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
import { Strangers } from './strangers.ts';

/** A device that has not said who it is so long after the handshake is let go. */
const HELLO_MS = 5000;
/** A device is asked for a sign of life so often; one that gives none until the next time is offline. */
const ALIVE_MS = 4000;
/** Messages of one device: a burst of eight pings and what a hasty hand can do, then this many a second. */
const BURST = 40;
const PER_SECOND = 15;
/** A device that lets this many bytes wait does not read. */
const WAITING_BYTES = 256 * 1024;
const NO_ROOM = 'Too many from this network come at once. Come again in a moment with the same.';

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

/** What would be refused now and not in a moment. */
const FOR_NOW: readonly ClassRefusal[] = ['too-many-tries', 'store-lost'];

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
  // Seats and teachers are not counted by network: a whole school is behind one, and who is in has shown a secret. A class
  // has so many seats, a seat so many devices.
  const strangers = new Strangers<(why: ClassRefused) => void>(limits.controlsPerAddress);
  const greetedFrom = new Map<string, number>();
  const door = codeDoor(room.state.code.length);
  room.online = () => all.online;
  room.readyFor = (run) => all.ready(run);
  room.runsFor = (run) => all.runs(run);

  app.route({
    method: 'GET',
    url: CLASS_SOCKET,
    schema: classSocketSchema,
    handler: refusePlainGet,
    wsHandler: (socket, request) => serve(socket, networkOf(request.ip)),
  });
  app.addHook('onClose', () => {
    all.close();
    door.close();
    show.close();
    room.close();
  });
  return members;

  function serve(socket: WebSocket, network: string): void {
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
      if (FOR_GOOD.includes(error.why)) socket.close(CLOSED_FOR_GOOD, error.why);
      else if (who === null && FOR_NOW.includes(error.why)) socket.close(CLOSED_FOR_NOW, error.why);
      else if (error.why === 'too-fast' || who === null) socket.close(1008, error.why);
    };
    const late = setTimeout(() => socket.close(1008, 'hello'), HELLO_MS);
    heartbeat(socket, Math.min(heartbeatMs, ALIVE_MS));
    const gone = new AbortController();
    strangers.add(network, refuse)?.(new ClassRefused('too-many-tries', NO_ROOM));
    socket.once('close', () => {
      gone.abort();
      clearTimeout(late);
      strangers.remove(network, refuse);
      if (who) greetedFrom.set(network, (greetedFrom.get(network) ?? 1) - 1);
      if (greetedFrom.get(network) === 0) greetedFrom.delete(network);
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
      clearTimeout(late);
      if (hello.as === 'teacher') {
        if (!room.isTeacher(hello.token))
          throw new ClassRefused('wrong-token', 'This is not a teacher’s link of this class.');
        become({ teacher: true });
        tell({ type: 'teacher' });
        return show.addTeacher(socket);
      }
      let { seat, secret } = hello as { seat?: string; secret?: string };
      const isNew = hello.as === 'new';
      if (isNew) {
        await passDoor(hello.code, hello.secret);
        ({ seat, secret } = await room.join(hello.code, hello.nickname, hello.secret));
      }
      const { id, nickname } = room.resume(seat, secret);
      if (socket.readyState !== socket.OPEN) return;
      const member: Member = { seat: id, path: '', hidden: false };
      become({ member });
      tell({ type: 'seat', seat: id, nickname, ...(isNew && secret ? { secret } : {}) });
      const tooMany = members.add(member);
      show.addMember(socket, member);
      if (tooMany) show.socketOf(tooMany)?.close(CLOSED_ELSEWHERE, 'elsewhere');
      all.changed();
      show.soon();
    }
    function become(now: NonNullable<typeof who>): void {
      who = now;
      strangers.remove(network, refuse);
      greetedFrom.set(network, (greetedFrom.get(network) ?? 0) + 1);
    }

    /** Waits until the code may be looked at. The secrets of seats and teachers go by no door: they are 32 random bytes. */
    async function passDoor(code: unknown, secret: unknown): Promise<void> {
      room.refuseIfShut(secret);
      // What can be no code of this class is no guess.
      if (typeof code !== 'string' || code.length !== room.state.code.length) return;
      const verdict = await door.knock(
        network,
        greetedFrom.has(network),
        () => room.isCode(code),
        () => tell({ type: 'wait' }),
        gone.signal,
      );
      if (verdict === 'again') throw new ClassRefused('too-many-tries', NO_ROOM);
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
