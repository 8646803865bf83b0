/** The class's WebSocket, one for each device: where it is, and what all of its devices share on this server. */
import type { FastifyInstance } from 'fastify';
import type { Limits } from '../limits.ts';
import { networkOf } from '../names.ts';
import { refusePlainGet } from '../refusal.ts';
import type { Classroom } from './classroom.ts';
import { serveDevice } from './device.ts';
import { codeDoor, placeDoor } from './door.ts';
import type { Hall } from './hall.ts';
import { Members } from './members.ts';
import { everybody, type Part } from './peers.ts';
import { CLASS_SOCKET } from './protocol.ts';
import { classSocketSchema } from './schemas.ts';
import { drawId } from './secrets.ts';
import { type Sight, showClass } from './show.ts';
import { Strangers } from './strangers.ts';

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
    handler: refusePlainGet,
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
