/** The control WebSocket: clock pings, start and stop, the run's state, its ledger four times a second. In no lane. */
import type { FastifyInstance } from 'fastify';
import { now } from '../feed.ts';
import type { Limits } from '../limits.ts';
import { type Changes, type ControlMessage, type ControlRequest, changesBetween, type RunLedger } from '../protocol.ts';
import { takeOfAddress } from '../push.ts';
import { RefusalError, refusePlainGet } from '../refusal.ts';
import { controlSchema } from '../schemas/control.ts';
import type { Figures } from './figures.ts';
import { stopRun } from './run-routes.ts';
import type { Runs } from './runs.ts';

const SNAPSHOT_MS = 250;
/** After the end late closings still change the ledger (a browser lets go of sockets when it likes): so many more snapshots. */
const SNAPSHOTS_AFTER_END = 8;

export function controlRoute(app: FastifyInstance, runs: Runs, figures: Figures, limits: Limits): void {
  const perAddress = new Map<string, number>();

  app.route({
    method: 'GET',
    url: '/control',
    schema: controlSchema,
    preHandler: async (request) => {
      runs.get((request.query as { run?: string }).run);
      if (!request.ws) return;
      request.raw.socket.once('close', takeOfAddress(perAddress, request, limits.controlsPerAddress));
    },
    handler: refusePlainGet,
    wsHandler: (socket, request) => {
      const run = runs.get((request.query as { run?: string }).run);
      const tell = (message: ControlMessage): void => socket.send(JSON.stringify(message));
      let told: RunLedger | undefined;
      let timer: NodeJS.Timeout | undefined;
      let left = SNAPSHOTS_AFTER_END;

      /** Whole the first time, then what has changed: of nine lanes most are as they were a quarter of a second ago. */
      function snapshot(): void {
        const at = now();
        // A copy: the accounts themselves go on.
        const ledger = structuredClone(figures.read(run));
        if (told === undefined) tell({ type: 'ledger', at, ledger });
        else tell({ type: 'changes', at, changes: (changesBetween(told, ledger) ?? {}) as Changes });
        told = ledger;
      }

      function changed(): void {
        tell({ type: 'run', run: run.info() });
        snapshot();
        if (run.state === 'ready' || timer) return;
        timer = setInterval(() => {
          if (run.state === 'finished') left -= 1;
          if (left <= 0) return clearInterval(timer);
          snapshot();
        }, SNAPSHOT_MS);
      }
      function release(): void {
        clearInterval(timer);
        unwatch();
      }

      const unwatch = run.watch(changed, (fault) => tell({ type: 'fault', ...fault }));
      socket.once('close', release);
      socket.once('close', runs.enter(run.id));
      socket.on('message', (bytes: Buffer) => {
        const message = parse(bytes.toString());
        if (message?.type === 'ping' && typeof message.id === 'number')
          tell({ type: 'pong', id: message.id, at: now() });
        else if (message?.type === 'start') attempt(() => run.start());
        else if (message?.type === 'stop') attempt(() => stopRun(run));
        else if (message?.type === 'fault' && ['number', 'undefined'].includes(typeof message.id)) disturb(message);
        else tell(badMessage(bytes.toString()));
      });
      function disturb({ type: _, id, ...order }: Extract<ControlRequest, { type: 'fault' }>): void {
        attempt(
          () => {
            run.disturb(order);
            if (id !== undefined) tell({ type: 'done', id });
          },
          id === undefined ? {} : { id },
        );
      }
      function attempt(action: () => void, order: { id?: number } = {}): void {
        try {
          action();
        } catch (error) {
          if (!(error instanceof RefusalError)) throw error;
          tell({ type: 'error', ...order, ...error.body() });
        }
      }
      changed();
    },
  });
}

function badMessage(text: string): ControlMessage {
  const got = JSON.stringify(text.slice(0, 80));
  return {
    type: 'error',
    error: 'bad-message',
    message: `Got ${got}; takes {"type":"ping","id":1}, {"type":"start"}, {"type":"stop"} or {"type":"fault","fault":"cut"}.`,
  };
}

function parse(text: string): ControlRequest | undefined {
  try {
    return JSON.parse(text) as ControlRequest;
  } catch {
    return undefined;
  }
}
