/** The classroom as one part of the server: opened only with --classroom; without it no route of it exists. */
import type { FastifyInstance } from 'fastify';
import type { Limits } from '../limits.ts';
import type { Runs } from '../runs.ts';
import type { Ledger } from '../wire/ledger.ts';
import { joinPicture } from './addresses.ts';
import { type Classroom, openClassroom } from './classroom.ts';
import { classFeed } from './feed.ts';
import { type ClassLog, memoryLog } from './log.ts';
import { classRoutes } from './routes.ts';
import { drawCode, drawId, drawSecret, hashOf } from './secrets.ts';
import { classSocket } from './socket.ts';
import { StoreError } from './sqlite-log.ts';

export interface ClassroomOptions {
  /** How the class is called; without it, the last one that has not ended goes on, or a new one begins. */
  name?: string | undefined;
  /** Where it is kept; in memory if not given. The server closes it. */
  log?: ClassLog | undefined;
  /** Address of the site as devices reach it, where that is not this server's own: behind a proxy. */
  publicUrl?: string | undefined;
  /** Where devices reach this server over HTTPS, if they do; known once it listens. */
  secureFront?: (() => { host: string; port: number } | undefined) | undefined;
}

/** The class of a server that was started with one. */
export interface OpenedClass {
  room: Classroom;
  /** The teacher's token for this start, to be told to nobody else. */
  token: string;
  /** Where to join, once the server listens. */
  join(): ReturnType<typeof joinPicture>;
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
  { name, log = memoryLog(), publicUrl, secureFront }: ClassroomOptions,
  { runs, ledger, limits, heartbeatMs }: { runs: Runs; ledger: Ledger; limits: Limits; heartbeatMs: number },
): Promise<OpenedClass> {
  const token = drawSecret();
  const id = await findClass(log, name, token).catch((error: Error) => {
    throw error instanceof StoreError ? error : new StoreError(`the class cannot be opened: ${error.message}.`);
  });
  const room = await openClassroom(log, id, runs, ledger);

  const join = () => {
    const address = app.server.address();
    const { address: host, port } =
      typeof address === 'object' && address ? address : { address: 'localhost', port: 0 };
    const front = secureFront?.();
    const at = front ?? { host: host === '::1' || host === '127.0.0.1' ? 'localhost' : host, port };
    return joinPicture({ protocol: front ? 'https' : 'http', ...at, publicUrl }, room.state.code);
  };
  classRoutes(app, room);
  // A picture is made often, its QR codes once.
  let drawn: ReturnType<typeof joinPicture> | undefined;
  const sight = { join: () => (drawn ??= join()), feed: classFeed(room, await log.read(id), { runs, ledger }) };
  classSocket(app, room, { limits, heartbeatMs, sight });
  app.addHook('onClose', () => log.close());
  return { room, token, join };
}
