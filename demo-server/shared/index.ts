/** Several servers that serve the same runs through one Redis (`REDIS_URL`); without it a server is alone and all stays in its memory. */
import type { RunLedger } from '../protocol.ts';
import type { Sharing } from '../run.ts';
import type { Runs } from '../runs.ts';
import { type SharedLedgers, shareLedgers } from './ledgers.ts';
import { type SharedRuns, shareRuns } from './runs.ts';

export interface Shared extends Sharing {
  whole: SharedLedgers['whole'];
  caughtUp: SharedRuns['caughtUp'];
  /** Resolves once Redis was found, or found missing. Before that nobody knows which runs there are. */
  readonly found: Promise<void>;
  follow(runs: Runs, read: (run: string) => RunLedger): void;
  close(): Promise<void>;
}

/** Connects to the Redis at `url` (`redis://[user:password@]host:port`), and goes on trying while it is not there. `redisChanged` is told whenever it has come or gone, and why. */
export function share(url: string, redisChanged: (up: boolean, fault: string | null) => void = () => {}): Shared {
  let runs: Runs | undefined;
  const found = Promise.withResolvers<void>();
  const shared = shareRuns(url, (up) => {
    if (up) ledgers.ask();
    runs?.sharingChanged();
    redisChanged(up, shared.link.fault);
    found.resolve();
  });
  const ledgers = shareLedgers(shared.link, shared.server);
  return {
    changed: shared.changed,
    made: shared.made,
    state: () => (shared.link.up ? 'up' : 'down'),
    caughtUp: shared.caughtUp,
    found: found.promise,
    whole: ledgers.whole,
    follow(all, read) {
      runs = all;
      shared.follow(all);
      ledgers.follow(all, read);
    },
    async close() {
      ledgers.close();
      await shared.close();
    },
  };
}

/** The run that a request's target is about, or undefined. */
export function runOf(target: string): string | undefined {
  return /^\/runs\/([^/?]+)/.exec(target)?.[1] ?? /[?&]run=([^&]+)/.exec(target)?.[1];
}
