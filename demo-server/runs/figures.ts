/** The ledger of a run as it is told: the accounts, what the run cost this process, and its simulated subscribers. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { BUSY_MS, OPEN_RUN, type ProcessFigures, type RunLedger, type SubscriberLedger } from '../protocol.ts';
import type { Ledger } from '../wire/ledger.ts';
import type { Run } from './run.ts';

export interface Figures {
  /** Watches what a new run costs, from its start to its end. */
  follow(run: Run): void;
  read(run: Run): RunLedger;
}

type DelayHistogram = ReturnType<typeof monitorEventLoopDelay>;

/** How often the event loop is asked whether it is late. */
const STEP_MS = 10;

/** `subscribers` tells of a run's simulated ones, undefined where it has none. */
export function createFigures(ledger: Ledger, subscribers: (run: Run) => SubscriberLedger | undefined): Figures {
  const costs = new WeakMap<Run, () => ProcessFigures>();

  function idle(): ProcessFigures {
    const { rss, heapUsed } = process.memoryUsage();
    const openSockets = ledger.openConnections();
    return { cpuMs: 0, rssBytes: rss, heapBytes: heapUsed, openSockets, eventLoopDelayMs: 0 };
  }

  return {
    follow(run) {
      let ended: ProcessFigures | undefined;
      let delay: DelayHistogram | undefined;
      let before: NodeJS.CpuUsage | undefined;
      function read(): ProcessFigures {
        if (before === undefined || ended !== undefined) return ended ?? idle();
        const { user, system } = process.cpuUsage(before);
        return { ...idle(), cpuMs: (user + system) / 1000, eventLoopDelayMs: lateness(delay) };
      }
      function changed(): void {
        if (run.state !== 'ready' && before === undefined) {
          before = process.cpuUsage();
          // A timer a hundred times a second is no price for a run, but it is for the open feed, which is always on.
          if (run.id === OPEN_RUN) return;
          delay = monitorEventLoopDelay({ resolution: STEP_MS });
          delay.enable();
        }
        if (run.state === 'finished' && ended === undefined) {
          ended = read();
          delay?.disable();
        }
      }
      run.watch(changed);
      changed();
      costs.set(run, () => (run.state === 'finished' ? { ...read(), openSockets: ledger.openConnections() } : read()));
    },
    read(run) {
      const simulated = subscribers(run);
      const cost = (costs.get(run) ?? idle)();
      if (simulated && cost.eventLoopDelayMs > BUSY_MS) {
        const late = Math.round(cost.eventLoopDelayMs);
        const message = `The server was late by up to ${late} ms: so many subscribers are more than its processor carries, and all latencies contain that.`;
        simulated.limits.push({ limit: 'server-cpu', value: cost.eventLoopDelayMs, bound: BUSY_MS, message });
      }
      return { ...ledger.read(run.id), process: cost, ...(simulated ? { subscribers: simulated } : {}) };
    },
  };
}

/** The most that the event loop was late, in ms: the histogram holds the time from one look to the next. */
function lateness(delay: DelayHistogram | undefined): number {
  return delay === undefined || delay.count === 0 ? 0 : Math.max(0, delay.max / 1e6 - STEP_MS);
}
