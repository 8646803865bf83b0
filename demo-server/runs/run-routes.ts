/** The routes under /runs: make, start, read, stop a run, and read its ledger and its bytes. */
import type { FastifyInstance } from 'fastify';
import { OPEN_RUN, type TechniqueId } from '../protocol.ts';
import { RefusalError } from '../refusal.ts';
import { ledgerSchema, wireSchema } from '../schemas/ledger.ts';
import { beginFaultSchema, createRunSchema, readRunSchema, startRunSchema, stopRunSchema } from '../schemas/runs.ts';
import { networkOf } from '../web/names.ts';
import { isProxied } from '../web/origin.ts';
import type { Ledger } from '../wire/ledger.ts';
import type { Figures } from './figures.ts';
import type { Run } from './run.ts';
import type { Runs } from './runs.ts';

type WithId = { Params: { id: string } };

/** Registers them. `endsTls` says of a port of loopback whether TLS is ended in front of this server for it. */
export function runRoutes(
  app: FastifyInstance,
  {
    runs,
    ledger,
    figures,
    endsTls,
  }: {
    runs: Runs;
    ledger: Ledger;
    figures: Figures;
    endsTls: (port: number | undefined) => boolean;
  },
): void {
  // Some schemas are documentation only: Ajv would stop at the first fault, and not say what is taken instead.
  const unchecked = { validatorCompiler: () => () => true };

  app.post('/runs', { schema: createRunSchema, ...unchecked }, async (request, reply) => {
    const run = runs.create(request.body === undefined ? {} : request.body, networkOf(request.ip));
    return reply
      .code(201)
      .header('location', `/runs/${run.id}`)
      .send({ ...run.info(), proxied: isProxied(request.raw), tls: endsTls(request.raw.socket.remotePort) });
  });
  app.post<WithId>('/runs/:id/start', { schema: startRunSchema }, async (request) => ({
    startsAt: runs.get(request.params.id).start(),
  }));
  app.get<WithId>('/runs/:id', { schema: readRunSchema }, async (request) => runs.get(request.params.id).info());
  app.delete<WithId>('/runs/:id', { schema: stopRunSchema }, async (request) => {
    const run = runs.get(request.params.id);
    stopRun(run);
    return run.info();
  });
  app.post<WithId>('/runs/:id/faults', { schema: beginFaultSchema, ...unchecked }, async (request) =>
    runs.get(request.params.id).disturb(request.body),
  );
  app.get<WithId>('/runs/:id/ledger', { schema: ledgerSchema }, async (request) =>
    figures.read(runs.get(request.params.id)),
  );
  app.get<{ Params: { id: string; technique: TechniqueId } }>(
    '/runs/:id/wire/:technique',
    { schema: wireSchema, ...unchecked },
    async (request) => {
      const { id, technique } = request.params;
      const run = runs.get(id);
      const transcript = ledger.wire(id, technique);
      if (transcript) return transcript;
      throw new RefusalError(
        404,
        'no-such-lane',
        `Run ${id} has no lane ${JSON.stringify(technique)}; it has ${run.settings.techniques.join(', ')}.`,
      );
    },
  );
}

/** Ends a run from outside; the open one belongs to everybody and is refused with 403. */
export function stopRun(run: Run): void {
  if (run.id === OPEN_RUN)
    throw new RefusalError(403, 'open-feed', 'The open feed is everybody’s and always on; stop a run of your own.');
  run.finish();
}
