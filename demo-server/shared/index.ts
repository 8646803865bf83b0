/** Several servers that serve the same runs through one Redis (`REDIS_URL`); without it a server is alone and all stays in its memory. */
import { randomBytes } from 'node:crypto';
import type { RunLedger, SharedState } from '../protocol.ts';
import type { Sharing } from '../runs/run.ts';
import type { Runs } from '../runs/runs.ts';
import { type SharedLedgers, shareLedgers } from './ledgers.ts';
import { createLink } from './link.ts';
import { type SharedRuns, shareRuns } from './runs.ts';
import { shareServers } from './servers.ts';
import type { LinkState } from './standing.ts';

/** How the servers of one Redis stand, as this one sees it. */
export interface SharingState extends LinkState {
  /** How many servers share it now, this one included; those of the last seconds where Redis is away. */
  servers: number;
}

export interface Shared extends Sharing {
  whole: SharedLedgers['whole'];
  told: SharedRuns['told'];
  caughtUp: SharedRuns['caughtUp'];
  /** Resolves once Redis was found, or found missing. Before that nobody knows which runs there are. */
  readonly found: Promise<void>;
  /** For /readyz and /metrics. */
  describe(): SharingState;
  follow(runs: Runs, read: (run: string) => RunLedger): void;
  close(): Promise<void>;
}

/** Who is told what happens between the servers. */
export interface SharingListener {
  /** Redis has come or gone, and why; the first time also where it never was there. */
  changed?: ((up: boolean, fault: string | null) => void) | undefined;
  /** Something that an operator should know, in a sentence. */
  say?: ((text: string) => void) | undefined;
}

/** Connects to the Redis at `url` (`redis://[user:password@]host:port`), and goes on trying while it is not there. */
export function share(url: string, { changed, say = () => {} }: SharingListener = {}): Shared {
  const server = randomBytes(6).toString('hex');
  const found = Promise.withResolvers<void>();
  let runs: Runs | undefined;
  const link = createLink(url, (up) => {
    if (up) ledgers.ask();
    shared.linkChanged(up);
    runs?.sharingChanged();
    changed?.(up, link.fault);
    found.resolve();
  });
  const ledgers = shareLedgers(link, server);
  const shared = shareRuns(link, server, ledgers.ask, say);
  const servers = shareServers(link, server, say, () => runs?.sharingChanged());
  link.watch({ say });

  function state(): SharedState {
    if (!link.up) return 'down';
    return servers.clocksDiffer() ? 'clocks-differ' : 'up';
  }
  return {
    changed: shared.changed,
    made: shared.made,
    state,
    told: shared.told,
    caughtUp: shared.caughtUp,
    found: found.promise,
    whole: ledgers.whole,
    describe: () => ({
      up: link.up,
      since: link.since,
      fault: link.fault,
      warnings: [...link.warnings, ...servers.warnings()],
      servers: servers.count(),
    }),
    follow(all, read) {
      runs = all;
      shared.follow(all);
      ledgers.follow(all, read);
    },
    async close() {
      ledgers.close();
      await shared.close();
      link.close();
    },
  };
}

/** The run that a request's target is about, or undefined. */
export function runOf(target: string): string | undefined {
  return /^\/runs\/([^/?]+)/.exec(target)?.[1] ?? /[?&]run=([^&]+)/.exec(target)?.[1];
}
