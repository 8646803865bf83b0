/**
 * The seats of a class as a bound that nobody can use up. Who has the code can take a seat again and again, so in a full
 * class a seat that holds nothing and is not connected gives its place to the next device. Seats that are connected, that
 * hold an answer or a result, or that take part in the class's run stay, whatever network they come from: a whole school
 * is behind one address.
 */

import type { ClassRecord } from '../log/record.ts';
import type { ClassState, Seat } from '../log/state.ts';
import { SEATS } from '../protocol.ts';
import { runOf, seatsOf } from './pictures.ts';
import { ClassRefused } from './refused.ts';

/** So long (ms) after it was given, or this server was started, a seat is left alone: its device may be on its way back. */
const GRACE_MS = 15_000;

/** Who is here, as far as it decides which seats may go. */
export interface Seated {
  /** The seats that are connected, on this server or another. */
  online: () => ReadonlySet<string>;
  /** The seats that take part in a class run. */
  readyFor: (run: string) => ReadonlySet<string>;
  /** How long a seat has been connected (ms). */
  connectedMs: (seat: string) => number;
}

/** The seats that hold nothing and take no part in the newest run; those that are connected only with `connected`. */
export function emptySeats(state: ClassState, seated: Seated, connected = false): Seat[] {
  const run = runOf(state);
  const taking = run ? seated.readyFor(run.id) : new Set<string>();
  const online = connected ? new Set<string>() : seated.online();
  return seatsOf(state).filter(({ id, holds }) => !holds && !taking.has(id) && !online.has(id));
}

export interface Seats {
  /** Whether a seat is free, without another one giving way. */
  readonly free: boolean;
  /** Refuses where none is free and none gives way. */
  refuseIfFull(): void;
  /** Calls `take` once a seat is free; one after the other, so that two never take the last one. Refused as `refuseIfFull` does. */
  take<T>(take: () => Promise<T>): Promise<T>;
}

/** Counts the seats of a class from now on. `clock` in ms. */
export function countSeats(
  record: ClassRecord,
  seated: Seated,
  clock: () => number = performance.now.bind(performance),
): Seats {
  const start = clock();
  const given = new Map<string, number>();
  let last: Promise<unknown> = Promise.resolve();
  record.watch((logged) => {
    if (logged?.change.type === 'joined') given.set(logged.change.seat, clock());
    if (logged?.change.type === 'removed') given.delete(logged.change.seat);
  });
  const isFree = (): boolean => seatsOf(record.state).length < SEATS;

  /** Of those that may go the one that was connected least: whoever takes seats in a loop stays on none of them. */
  function giving(): Seat | undefined {
    const old = emptySeats(record.state, seated).filter(({ id }) => clock() - (given.get(id) ?? start) >= GRACE_MS);
    let least: { seat: Seat; ms: number } | undefined;
    for (const seat of old) {
      const ms = seated.connectedMs(seat.id);
      if (!least || ms < least.ms) least = { seat, ms };
    }
    return least?.seat;
  }
  function refuseIfFull(): void {
    if (isFree() || giving()) return;
    throw new ClassRefused('full', `A class has at most ${SEATS} seats, and all of them are in use.`);
  }

  return {
    get free() {
      return isFree();
    },
    refuseIfFull,
    take(take) {
      const turn = last.then(async () => {
        while (!isFree()) {
          refuseIfFull();
          await record.write({ type: 'removed', seat: (giving() as Seat).id, empty: true });
        }
        return take();
      });
      last = turn.catch(() => {});
      return turn;
    },
  };
}
