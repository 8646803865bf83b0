/** The classroom as one part of the server: opened only with --classroom; without it no route of it exists. */
import type { FastifyInstance } from 'fastify';
import type { Limits } from '../limits.ts';
import type { Networks } from '../network/networks.ts';
import type { Runs } from '../runs/runs.ts';
import { StoreError } from '../store/errors.ts';
import type { Ledger } from '../wire/ledger.ts';
import type { JoinPicture, ListensAt } from './addresses.ts';
import { type Classroom, openClassroom } from './classroom.ts';
import { watchJoinPlace } from './join-place.ts';
import { type ClassLog, memoryLog } from './log/log.ts';
import { keepDays } from './log/retention.ts';
import { classRoutes } from './routes.ts';
import { classFeed } from './run/feed.ts';
import { runOf } from './seats/pictures.ts';
import { drawCode, drawId, drawSecret, hashOf } from './seats/secrets.ts';
import { classSocket } from './socket/socket.ts';

export interface ClassroomOptions {
  /** How the class is called; without it, the last one that has not ended goes on, or a new one begins. */
  name?: string | undefined;
  /** Where it is kept; in memory if not given. The server closes it. */
  log?: ClassLog | undefined;
  /** Days that a class is kept after it was used last; for ever if not given. */
  keepDays?: number | undefined;
  /** Address of the site as devices reach it, where that is not this server's own: behind a proxy. */
  publicUrl?: string | undefined;
  /** Where the server listens, if that is not where the app itself does; known once it listens. */
  listensAt?: (() => ListensAt | undefined) | undefined;
  /** Which of this machine's addresses the wall shows: an address or the name of a network; else the likeliest. */
  joinAddress?: string | undefined;
  /** Called when the class is joined at other addresses than before, as this machine is in another network. */
  moved?: ((join: JoinPicture) => void) | undefined;
  /** How the machine's networks are looked at, and how often (ms); tests have networks of their own. */
  look?: (() => Promise<Networks>) | undefined;
  lookMs?: number | undefined;
  /** What time a seat has been there is measured by (ms); tests have one of their own. */
  clock?: (() => number) | undefined;
}

/** The class of a server that was started with one. */
export interface OpenedClass {
  room: Classroom;
  /** The teacher's token for this start, to be told to nobody else. */
  token: string;
  /** Where to join, once the server listens. */
  join(): JoinPicture;
}

/** What a class is called when nobody has said. */
const NAME = 'Pushlab class';

/** The id of the class that goes on, or of a new one; from now on `token` leads it. */
async function findClass(log: ClassLog, name: string | undefined, token: string): Promise<string> {
  const kept = (await log.list()).filter((one) => !one.ended && (name === undefined || one.name === name)).at(-1);
  const fresh = drawId();
  const id = kept?.id ?? (await log.claim?.(name ?? NAME, fresh)) ?? fresh;
  if (!kept && (await log.read(id)).length === 0)
    await log.append(id, { type: 'opened', name: (name ?? NAME).slice(0, 80), code: drawCode() });
  await log.append(id, { type: 'teacher-link', tokenHash: hashOf(token) });
  return id;
}

/** Opens (or goes on with) the class and registers its routes. Throws a StoreError where what keeps it cannot be used. */
export async function registerClassroom(
  app: FastifyInstance,
  options: ClassroomOptions,
  { runs, ledger, limits, heartbeatMs }: { runs: Runs; ledger: Ledger; limits: Limits; heartbeatMs: number },
): Promise<OpenedClass> {
  const {
    name,
    log = memoryLog(),
    keepDays: days,
    publicUrl,
    listensAt,
    joinAddress,
    moved,
    look,
    lookMs,
    clock,
  } = options;
  const token = drawSecret();
  let current: string | undefined;
  if (days !== undefined) {
    const stop = await keepDays(log, days, () => current);
    app.addHook('onClose', async () => stop());
  }
  const id = await findClass(log, name, token).catch((error: Error) => {
    throw error instanceof StoreError ? error : new StoreError(`the class cannot be opened: ${error.message}.`);
  });
  current = id;
  const room = await openClassroom(log, id, { runs, ledger, clock });

  const appAt = (): ListensAt => {
    const address = app.server.address();
    if (typeof address !== 'object' || !address) return { protocol: 'http', host: 'localhost', port: 0 };
    const host = address.address === '::1' || address.address === '127.0.0.1' ? 'localhost' : address.address;
    return { protocol: 'http', host, port: address.port };
  };
  const place = await watchJoinPlace({
    listensAt: () => listensAt?.() ?? appAt(),
    code: () => room.state.code,
    publicUrl,
    chosen: joinAddress,
    busy: () => runOf(room.state)?.state === 'running',
    moved(join) {
      moved?.(join);
      room.othersChanged();
    },
    look,
    lookMs,
  });
  classRoutes(app, room, days);
  const sight = { place, feed: classFeed(room, await log.read(id), { runs, ledger }) };
  classSocket(app, room, { limits, heartbeatMs, sight, clock });
  app.addHook('onClose', () => {
    place.close();
    return log.close();
  });
  return { room, token, join: place.picture };
}
