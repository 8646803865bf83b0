/** The class's WebSocket, one for each device: where it is, and what all of its devices share on this server. */
import type { FastifyInstance } from 'fastify';
import type { Limits } from '../../limits.ts';
import { refusePlainGet } from '../../refusal.ts';
import { networkOf } from '../../web/names.ts';
import type { Classroom } from '../classroom.ts';
import { CLASS_SOCKET } from '../protocol.ts';
import { classSocketSchema } from '../schemas.ts';
import { codeDoor, placeDoor } from '../seats/door.ts';
import { Members } from '../seats/members.ts';
import { everybody, type Part } from '../seats/peers.ts';
import { drawId } from '../seats/secrets.ts';
import { type Sight, showClass } from '../seats/show.ts';
import { Strangers } from '../seats/strangers.ts';
import { serveDevice } from './device.ts';
import type { Hall } from './hall.ts';

export interface ClassSocketOptions {
  limits: Limits;
  heartbeatMs: number;
  sight: Omit<Sight, 'everybody'>;
  /** In ms. */
  clock?: (() => number) | undefined;
}

/** Registers `/classroom`. Returns who is connected. */
export function classSocket(
  app: FastifyInstance,
  room: Classroom,
  { sight, limits, heartbeatMs, clock }: ClassSocketOptions,
): Members {
  const members = new Members(clock);
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
  const hall: Hall = {
    room,
    members,
    all,
    show: showClass(room, { ...sight, everybody: all }),
    sight,
    strangers: new Strangers(limits.controlsPerAddress),
    greetedFrom: new Map(),
    doors: { code: codeDoor(room.state.code.length), place: placeDoor() },
    heartbeatMs,
  };
  room.online = () => all.online;
  room.readyFor = (run) => all.ready(run);
  room.runsFor = (run) => all.runs(run);
  room.connectedMs = (seat) => members.connectedMs(seat);
  room.watch((logged) => {
    if (logged?.change.type === 'removed') members.forget(logged.change.seat);
  });

  app.route({
    method: 'GET',
    url: CLASS_SOCKET,
    schema: classSocketSchema,
    // The page on classes has the same path, but for a slash that the router does not see.
    handler: (request, reply) =>
      app.sendPage && request.headers.accept?.includes('text/html')
        ? app.sendPage(reply, 'classroom')
        : refusePlainGet(request, reply),
    wsHandler: (socket, request) => serveDevice(socket, networkOf(request.ip), hall),
  });
  app.addHook('onClose', () => {
    all.close();
    hall.doors.code.close();
    hall.doors.place.close();
    hall.show.close();
    room.close();
  });
  return members;
}
