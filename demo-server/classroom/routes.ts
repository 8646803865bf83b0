/** What of a class goes by plain requests: that it is there, and for the teacher the kept classes, their files, their end. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RefusalError } from '../refusal.ts';
import type { Classroom } from './classroom.ts';
import { keptUntil } from './log/retention.ts';
import { type ClassState, NO_CLASS, reduce } from './log/state.ts';
import type { ClassInfo } from './protocol.ts';
import { classDeleteSchema, classExportSchema, classInfoSchema, classListSchema } from './schemas.ts';
import { toCsv, toJson } from './seats/export.ts';

/** What a server without a class says of it, so that the page to join one need not meet an error; nothing else of it exists. */
export function noClassRoutes(app: FastifyInstance): void {
  app.get('/classroom/info', { schema: classInfoSchema }, async (): Promise<ClassInfo> => ({ open: false }));
}

type OfClass = { Params: { id: string; format: string } };

/** `days`: how long classes are kept after they were used last; undefined = for ever. */
export function classRoutes(app: FastifyInstance, room: Classroom, days: number | undefined): void {
  const { log } = room;

  /** The token comes in a header: an address would stand in histories and logs. */
  const teachersOnly = async ({ headers }: FastifyRequest): Promise<void> => {
    if (room.isTeacher(/^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1])) return;
    throw new RefusalError(
      401,
      'teachers-only',
      'This takes the teacher’s token in the header Authorization: Bearer <token>. It stands in the private link that the server printed.',
    );
  };
  async function stateOf(id: string): Promise<ClassState> {
    if (id === room.id && !room.erased) return room.state;
    const changes = await log.read(id);
    if (changes.length === 0)
      throw new RefusalError(404, 'no-such-class', `No class ${JSON.stringify(id)} is kept here.`);
    return changes.reduce(reduce, NO_CLASS);
  }

  app.get('/classroom/info', { schema: classInfoSchema }, async (): Promise<ClassInfo> => {
    const { name, locked, ended } = room.state;
    return { open: true, name, locked, ended };
  });
  const classes = { preHandler: teachersOnly };
  app.get('/classroom/classes', { ...classes, schema: classListSchema }, async () => ({
    current: room.id,
    keepDays: days ?? null,
    classes: (await log.list()).map((one) => ({ ...one, keptUntil: keptUntil(one, days, room.id) })),
  }));
  app.get<OfClass>(
    '/classroom/classes/:id/:format',
    { ...classes, schema: classExportSchema },
    async (request, reply) => {
      const { id, format } = request.params;
      const state = await stateOf(id);
      reply.header('cache-control', 'no-store');
      // The mark at the beginning is what Excel knows UTF-8 by: without it Zoë is ZoÃ«.
      if (format === 'csv') return reply.type('text/csv; charset=utf-8').send(`\ufeff${toCsv(state)}`);
      return reply.type('application/json; charset=utf-8').send(JSON.stringify(toJson(state), null, 2));
    },
  );
  app.delete<OfClass>('/classroom/classes/:id', { ...classes, schema: classDeleteSchema }, async (request, reply) => {
    const { id } = request.params;
    await stateOf(id);
    if (id === room.id && !room.state.ended)
      throw new RefusalError(409, 'class-goes-on', 'This class goes on. End it first, then delete it.');
    await log.delete(id);
    return reply.code(204).send();
  });
}
