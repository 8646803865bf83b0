/**
 * What the servers of one class tell each other and nobody keeps: who is connected to each, and how the devices' runs go.
 * A server that has said nothing for a while is gone, and its devices with it; what they had told it still counts.
 */
import type { ClassLog } from '../log/log.ts';
import type { SeatResult } from '../protocol.ts';
import type { Members } from './members.ts';
import type { Whereabouts } from './pictures.ts';

/** What devices have told one server of the class feed. */
export interface HeardFeed {
  /** The change of the class by which the technique was picked: what was told of another one does not count. */
  picked: number;
  readers: string[];
  /** In ms, to a tenth. */
  latencies: number[];
}

/** One server's part of a class. */
export interface Part {
  server: string;
  online: string[];
  whereabouts: [string, Whereabouts][];
  /** The class run that the next two are about; null where there is none. */
  run: string | null;
  /** Seats that are ready or further, each with the run of its device. */
  ready: [string, string][];
  interim: [string, SeatResult][];
  feed: HeardFeed | null;
}

/** A class as all of its servers know it together. */
export interface Everybody {
  readonly online: ReadonlySet<string>;
  whereabouts(): Map<string, Whereabouts>;
  /** Seats that are ready for this class run, or further, on a server that is there. */
  ready(run: string | undefined): ReadonlySet<string>;
  /** The run of each device in this class run, also of those whose server is gone. */
  runs(run: string | undefined): Map<string, string>;
  interim(run: string | undefined): Map<string, SeatResult>;
  /** What all servers were told of the feed, also those that are gone. */
  feeds(): HeardFeed[];
  /** Something has changed here that the others should hear soon. */
  changed(): void;
  close(): void;
}

const TELL_MS = 1000;
/** Many who get ready at once are told of together. */
const SOON_MS = 50;
const GONE_MS = 3500;
/** Servers that are gone and still remembered; more would have been started in one class for no good reason. */
const GONE_KEPT = 8;

/** `own` gives this server's part; `heard` is called when another one's has changed something. */
export function everybody(log: ClassLog, id: string, members: Members, own: () => Part, heard: () => void): Everybody {
  const others = new Map<string, { part: Part; text: string; silence: NodeJS.Timeout }>();
  const gone = new Map<string, Part>();
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
    clearTimeout(before?.silence);
    gone.delete(server);
    others.set(server, { part, text, silence: setTimeout(() => lose(part), GONE_MS) });
    if (before?.text !== text) heard();
  }
  function lose(part: Part): void {
    const whereabouts = part.whereabouts.map(([seat, { path }]): [string, Whereabouts] => [
      seat,
      { presence: 'offline', path },
    ]);
    others.delete(part.server);
    gone.set(part.server, { ...part, online: [], whereabouts });
    for (const server of [...gone.keys()].slice(0, -GONE_KEPT)) gone.delete(server);
    heard();
  }
  const here = (): Part[] => [...[...others.values()].map(({ part }) => part), own()];
  const all = (): Part[] => [...gone.values(), ...here()];
  const about = (run: string | undefined, parts: Part[]) =>
    parts.filter((part) => part.run !== null && part.run === run);

  /** One value for each seat: that of the server where the seat is; of where it was, the one heard last. */
  function bySeat<T>(parts: Part[], entries: (part: Part) => [string, T][]): Map<string, T> {
    const values = new Map<string, T>();
    for (const part of parts) for (const [seat, value] of entries(part)) values.set(seat, value);
    for (const part of parts)
      for (const [seat, value] of entries(part)) if (part.online.includes(seat)) values.set(seat, value);
    return values;
  }

  return {
    get online() {
      return others.size === 0 ? members.online : new Set(here().flatMap(({ online }) => online));
    },
    whereabouts: () => bySeat(all(), ({ whereabouts }) => whereabouts),
    ready: (run) => new Set(about(run, here()).flatMap(({ ready }) => ready.map(([seat]) => seat))),
    runs: (run) => bySeat(about(run, all()), ({ ready }) => ready),
    interim: (run) => bySeat(about(run, all()), ({ interim }) => interim),
    feeds: () => all().flatMap(({ feed }) => feed ?? []),
    changed() {
      if (channel) soon ??= setTimeout(tell, SOON_MS);
    },
    close() {
      clearInterval(regularly);
      clearTimeout(soon);
      for (const { silence } of others.values()) clearTimeout(silence);
      channel?.close();
    },
  };
}
