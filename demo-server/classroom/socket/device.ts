/**
 * One device on the class's WebSocket. The first frame says who it is; nothing secret stands in the address. A device that
 * sends garbage, floods or never reads is let go, and costs the others nothing.
 */
import type { WebSocket } from 'ws';
import { now } from '../../feed.ts';
import { heartbeat } from '../../web/heartbeat.ts';
import { CLOSED_FOR_GOOD, CLOSED_FOR_NOW, type ClassRefusal } from '../protocol.ts';
import { bucket } from '../seats/bucket.ts';
import { readRequest } from '../seats/read.ts';
import { ClassRefused } from '../seats/refused.ts';
import { greet, NO_ROOM, type Who } from './greeting.ts';
import type { Hall, Tell } from './hall.ts';
import { act, part } from './requests.ts';

/** A device that has not said who it is so long after the handshake is let go. */
const HELLO_MS = 5000;
/** A device is asked for a sign of life so often; one that gives none until the next time is offline. */
const ALIVE_MS = 4000;
/** Messages of one device: a burst of eight pings and what a hasty hand can do, then this many a second. */
const BURST = 40;
const PER_SECOND = 15;
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

/** What would be refused now and not in a moment. */
const FOR_NOW: readonly ClassRefusal[] = ['too-many-tries', 'store-lost'];

/** Serves a device that comes from `network` for as long as its socket is open. */
export function serveDevice(socket: WebSocket, network: string, hall: Hall): void {
  const messages = bucket(BURST, PER_SECOND);
  let who: Who | null = null;
  let greeted = false;

  const tell: Tell = (message) => {
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
  heartbeat(socket, Math.min(hall.heartbeatMs, ALIVE_MS));
  const gone = new AbortController();
  hall.strangers.add(network, refuse)?.(new ClassRefused('too-many-tries', NO_ROOM));
  socket.once('close', () => {
    gone.abort();
    clearTimeout(late);
    hall.strangers.remove(network, refuse);
    leave(socket, network, who, hall);
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
      clearTimeout(late);
      return greet(message, { socket, network, tell, become, gone: gone.signal }, hall);
    }
    if (who === null) throw new ClassRefused('bad-message', 'The first message is a hello.');
    if ('teacher' in who) return message.type === 'act' ? act(message, tell, hall) : undefined;
    return part(who.member, message, tell, hall);
  }
  function become(now: Who): void {
    who = now;
    hall.strangers.remove(network, refuse);
    hall.greetedFrom.set(network, (hall.greetedFrom.get(network) ?? 0) + 1);
  }
}

/** Takes a device away whose socket has closed. */
function leave(socket: WebSocket, network: string, who: Who | null, hall: Hall): void {
  const { greetedFrom, show, members, all, room } = hall;
  if (who) greetedFrom.set(network, (greetedFrom.get(network) ?? 1) - 1);
  if (greetedFrom.get(network) === 0) greetedFrom.delete(network);
  show.remove(socket);
  if (who && 'member' in who) {
    members.remove(who.member);
    if (!room.state.seats.has(who.member.seat)) members.forget(who.member.seat);
  }
  all.changed();
  show.soon();
}
