/** The ledgers of several servers that serve the same runs: each counts its own sockets, and a run's ledger is their sum. */
import type { RunLedger } from '../protocol.ts';
import type { Runs } from '../runs/runs.ts';
import { sum } from '../wire/account.ts';
import type { Link } from './link.ts';

export interface SharedLedgers {
  /** A run's ledger on this server with what the others have told of theirs added. */
  whole(own: RunLedger): RunLedger;
  /** Begins to tell and to listen. */
  follow(runs: Runs, read: (run: string) => RunLedger): void;
  /** Asks for what others have told before; for when Redis has come back. */
  ask(): void;
  close(): void;
}

const CHANNEL = 'pushlab:ledgers';
export const ledgersKey = (run: string): string => `pushlab:run:${run}:ledgers`;
const TELL_MS = 250;
const KEPT_MS = 60 * 60_000;

/** `server` is this server's name among the others. */
export function shareLedgers(link: Link, server: string): SharedLedgers {
  const others = new Map<string, Map<string, RunLedger>>();
  const told = new Map<string, string>();
  let runs: Runs | undefined;
  let timer: NodeJS.Timeout | undefined;

  function hear(run: string, from: string, json: string): void {
    if (from === server) return;
    if (!others.has(run)) others.set(run, new Map());
    others.get(run)?.set(from, JSON.parse(json) as RunLedger);
  }

  async function tell(run: string, json: string): Promise<void> {
    await link.checked(
      link.writer
        .multi()
        .hSet(ledgersKey(run), server, json)
        .pExpire(ledgersKey(run), KEPT_MS)
        .publish(CHANNEL, JSON.stringify([run, server, json]))
        .exec(),
    );
    told.set(run, json);
  }

  async function askFor(run: string): Promise<void> {
    for (const [from, json] of Object.entries(await link.checked(link.writer.hGetAll(ledgersKey(run)))))
      hear(run, from, json);
  }

  function ask(): void {
    told.clear();
    for (const { id } of runs?.list() ?? []) askFor(id).catch(() => {});
  }

  return {
    whole: (own) => [...(others.get(own.run)?.values() ?? [])].reduce(sum, own),
    follow(all, read) {
      runs = all;
      const seen = new Set<string>();
      timer = setInterval(() => {
        if (!link.up) return;
        const known = all.list();
        for (const { id } of known) {
          const json = JSON.stringify(read(id));
          if (told.get(id) !== json) tell(id, json).catch(() => {});
          if (seen.has(id)) continue;
          seen.add(id);
          askFor(id).catch(() => {});
        }
        const ids = new Set(known.map(({ id }) => id));
        for (const memory of [others, told, seen]) for (const id of memory.keys()) if (!ids.has(id)) memory.delete(id);
      }, TELL_MS);
      link.subscribe(CHANNEL, (message) => {
        const [run, from, json] = JSON.parse(message) as [string, string, string];
        if (all.list().some(({ id }) => id === run)) hear(run, from, json);
      });
    },
    ask,
    close: () => clearInterval(timer),
  };
}
