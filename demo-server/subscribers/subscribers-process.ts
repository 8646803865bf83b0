/**
 * The process of the simulated subscribers, made by subscribers.ts. A process and not a thread: its CPU time and its
 * sockets are its own, so that the server's figures stay the server's, and a crash takes nobody along.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { TechniqueId } from '../protocol.ts';
import { type Crowd, createCrowd, type Joining, type LaneReport } from './crowd.ts';

/** From the server. `start`: the run begins at that time of its clock; `finish`: the run has ended at event `lastSeq`; `leave`: let go at once. */
export type Order =
  | ({ type: 'join'; serverEpochMs: number } & Omit<Joining, 'clockOffsetMs'>)
  | { type: 'start'; run: string; startsAt: number }
  | { type: 'finish'; run: string; lastSeq: number }
  | { type: 'leave'; run: string };

/** To the server, four times a second for each run, and once more with `done` when all its clients have ended. */
export interface Report {
  run: string;
  lanes: Partial<Record<TechniqueId, LaneReport>>;
  process: { cpuMs: number; rssBytes: number; eventLoopDelayMs: number };
  refusal: string | undefined;
  done: boolean;
}

const REPORT_MS = 250;
/** After the end of a run its clients have so long to hear of it. */
const LAST_WORDS_MS = 5000;
const DELAY_STEP_MS = 10;

const crowds = new Map<string, Crowd>();

process.on('message', (order: Order) => {
  if (order.type === 'join') join(order);
  const crowd = crowds.get(order.run);
  if (order.type === 'start') crowd?.start(order.startsAt);
  if (order.type === 'leave') crowd?.leave();
  if (order.type === 'finish') {
    crowd?.finish(order.lastSeq);
    setTimeout(() => crowd?.leave(), LAST_WORDS_MS).unref();
  }
});
// The server ends us by letting go. A Ctrl-C in its terminal reaches us, too, and is for the server to act on.
process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => {});

function join({ serverEpochMs, ...joining }: Extract<Order, { type: 'join' }>): void {
  const { run } = joining;
  // Both processes have the same monotonic clock under theirs, so the two can be compared without any exchange.
  const crowd = createCrowd({ ...joining, clockOffsetMs: serverEpochMs - epochMs() });
  const before = process.cpuUsage();
  const delay = monitorEventLoopDelay({ resolution: DELAY_STEP_MS });
  delay.enable();
  const tell = (done: boolean): void => {
    const { user, system } = process.cpuUsage(before);
    const eventLoopDelayMs = delay.count === 0 ? 0 : Math.max(0, delay.max / 1e6 - DELAY_STEP_MS);
    const figures = { cpuMs: (user + system) / 1000, rssBytes: process.memoryUsage.rss(), eventLoopDelayMs };
    const report: Report = { run, lanes: crowd.report(), process: figures, refusal: crowd.refusal(), done };
    // The server may let go at any moment; without a callback that would be an error nobody catches.
    process.send?.(report, undefined, undefined, () => {});
  };
  const timer = setInterval(tell, REPORT_MS, false);
  crowds.set(run, crowd);
  // What it costs to connect them all is not what it costs to serve them.
  void crowd.joined.then(() => delay.reset());
  void crowd.ended.then(() => {
    clearInterval(timer);
    delay.disable();
    crowds.delete(run);
    tell(true);
  });
}

/** Where the monotonic clock of the machine was 0, in ms since the epoch, as this process believes. */
function epochMs(): number {
  return performance.timeOrigin + performance.now() - Number(process.hrtime.bigint()) / 1e6;
}
