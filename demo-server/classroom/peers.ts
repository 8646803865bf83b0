/**
 * What the servers of one class tell each other and nobody keeps: who is connected to each, and how the devices' runs go.
 * A server that has said nothing for a while is gone, and its devices with it.
 */
import type { ClassLog } from './log.ts';
import type { Members } from './members.ts';
import type { Whereabouts } from './pictures.ts';
import type { ClassCosts, LaneCounts, SeatResult } from './protocol.ts';
import { sumCounts } from './tally.ts';

/** One server's part of a class. */
export interface Part {
  server: string;
  online: string[];
  whereabouts: [string, Whereabouts][];
  /** The class run that the rest is about; null where there is none. */
  run: string | null;
  ready: string[];
  interim: [string, SeatResult][];
  costs: ClassCosts | null;
}

/** A class as all of its servers know it together. */
export interface Everybody {
  readonly online: ReadonlySet<string>;
  whereabouts(): Map<string, Whereabouts>;
  /** Seats that are ready for this class run, or further. */
  ready(run: string | undefined): ReadonlySet<string>;
  interim(run: string | undefined): Map<string, SeatResult>;
  costs(run: string | undefined): ClassCosts | null;
  /** Something has changed here that the others should hear soon. */
  changed(): void;
  close(): void;
}

const TELL_MS = 1000;
/** Many who get ready at once are told of together. */
const SOON_MS = 50;
const GONE_MS = 3500;

/** `own` gives this server's part; `heard` is called when another one's has changed something. */
export function everybody(log: ClassLog, id: string, members: Members, own: () => Part, heard: () => void): Everybody {
  const others = new Map<string, { part: Part; text: string; gone: NodeJS.Timeout }>();
  const channel = log.share?.(id, hear);
  const regularly = channel && setInterval(tell, TELL_MS);
  let soon: NodeJS.Timeout | undefined;

  function tell(): void {
    clearTimeout(soon);
    soon = undefined;
    channel?.tell(JSON.stringify(own()));
  }
  function hear(text: string): void {
    const part = JSON.parse(text) as Part;
    const { server } = part;
    if (server === own().server) return;
    const before = others.get(server);
    clearTimeout(before?.gone);
    const gone = setTimeout(() => {
      others.delete(server);
      heard();
    }, GONE_MS);
    others.set(server, { part, text, gone });
    if (before?.text !== text) heard();
  }
  const parts = (): Part[] => [own(), ...[...others.values()].map(({ part }) => part)];
  const partsOf = (run: string | undefined): Part[] => parts().filter((part) => part.run !== null && part.run === run);

  return {
    get online() {
      return others.size === 0 ? members.online : new Set(parts().flatMap(({ online }) => online));
    },
    whereabouts() {
      const all = new Map<string, Whereabouts>();
      for (const { whereabouts } of parts()) {
        for (const [seat, where] of whereabouts) {
          // Where a seat was last, another server may know better where it is.
          if (where.presence !== 'offline' || !all.has(seat)) all.set(seat, where);
        }
      }
      return all;
    },
    ready: (run) => new Set(partsOf(run).flatMap(({ ready }) => ready)),
    interim: (run) => new Map(partsOf(run).flatMap(({ interim }) => interim)),
    costs(run) {
      const all = partsOf(run).flatMap(({ costs }) => (costs ? [costs] : []));
      const [first] = all;
      if (first === undefined || all.length === 1) return first ?? null;
      return {
        run: first.run,
        devices: all.reduce((sum, { devices }) => sum + devices, 0),
        seconds: Math.max(...all.map(({ seconds }) => seconds)),
        lanes: sumCounts(all.map(({ lanes }): Partial<Record<string, LaneCounts>> => lanes)),
      };
    },
    changed() {
      if (channel) soon ??= setTimeout(tell, SOON_MS);
    },
    close() {
      clearInterval(regularly);
      clearTimeout(soon);
      for (const { gone } of others.values()) clearTimeout(gone);
      channel?.close();
    },
  };
}
