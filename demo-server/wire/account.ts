/** An account: the counters of one lane, the events its readers already have, and a record of its last bytes. */
import type { ByteClass, Cut, LaneLedger } from '../protocol.ts';
import type { Link } from './link.ts';
import type { Direction } from './sink.ts';
import { createTranscript, type Transcript } from './transcript.ts';

/** Clients remembered per account. Beyond that the memory is cleared, and state that is sent again counts as new once. */
const CLIENTS = 4096;

export interface Account {
  ledger: LaneLedger;
  /** Only a lane has one: nothing shows the bytes of pages or of the control socket. */
  transcript: Transcript | undefined;
  /**
   * The highest seq sent to each reader that sends no cursor, by its name or else its address. It separates new events from
   * state that is sent again.
   */
  sent: Map<string, number>;
  /** The simulated network of its connections. Only a lane of a run with its own conditions has one. */
  link: Link | undefined;
}

/** An empty account. That of a lane also keeps a transcript. */
export function createAccount(kind: 'lane' | 'other', link?: Link): Account {
  return {
    ledger: {
      requests: 0,
      responses: 0,
      connectionsOpened: 0,
      connectionsReused: 0,
      eventsSent: 0,
      bytes: {
        up: { head: 0, framing: 0, body: 0 },
        down: { head: 0, framing: 0, envelope: 0, payload: 0, redundantPayload: 0 },
      },
      wireBytesUp: 0,
      wireBytesDown: 0,
      unaccountedBytes: 0,
      cuts: [],
      openConnections: 0,
      uplinkMessages: 0,
    },
    transcript: kind === 'lane' ? createTranscript() : undefined,
    sent: new Map(),
    link,
  };
}

/** Counts `length` bytes of one class. */
export function book({ ledger }: Account, direction: Direction, kind: ByteClass, length: number): void {
  if (direction === 'up') {
    ledger.bytes.up[kind as 'head' | 'framing' | 'body'] += length;
    ledger.wireBytesUp += length;
  } else {
    ledger.bytes.down[kind as Exclude<ByteClass, 'body'>] += length;
    ledger.wireBytesDown += length;
  }
}

/** Remembers that this client has the events up to `seq`. */
export function remember({ sent }: Account, client: string, seq: number): void {
  const before = sent.get(client);
  if (before === undefined && sent.size >= CLIENTS) sent.clear();
  if (before === undefined || before < seq) sent.set(client, seq);
}

/** Counts a connection of this account that the server itself ended. */
export function recordCut({ ledger }: Account, reason: string): void {
  const known = ledger.cuts.find((cut) => cut.reason === reason);
  if (known) known.count += 1;
  else ledger.cuts.push({ reason, count: 1 });
}

/** Adds up all counts of two ledgers of the same shape. Text is taken from the first; cuts are merged by reason. */
export function sum<T>(one: T, other: T): T {
  if (typeof one === 'number' && typeof other === 'number') return (one + other) as T;
  if (Array.isArray(one) && Array.isArray(other)) return joinCuts([...one, ...other]) as T;
  if (typeof one !== 'object' || one === null || typeof other !== 'object' || other === null) return one;
  const [mine, theirs] = [one, other] as Record<string, unknown>[];
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return Object.fromEntries(
    names.map((name) => [
      name,
      mine?.[name] === undefined || theirs?.[name] === undefined
        ? (mine?.[name] ?? theirs?.[name])
        : sum(mine[name], theirs[name]),
    ]),
  ) as T;
}

function joinCuts(cuts: Cut[]): Cut[] {
  const counts = new Map<string, number>();
  for (const { reason, count } of cuts) counts.set(reason, (counts.get(reason) ?? 0) + count);
  return [...counts].map(([reason, count]) => ({ reason, count }));
}
