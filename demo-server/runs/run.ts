/** The life of one run: ready → running → finished → forgotten. One timer, cleared when it moves on. */

import { createFeed, type Feed, type FeedEnd, now } from '../feed.ts';
import {
  type BegunFault,
  checkFault,
  type FaultOrder,
  OPEN_RUN,
  type PushEvent,
  type RunInfo,
  type RunSettings,
  type RunState,
  type SharedState,
} from '../protocol.ts';
import { badInput, RefusalError } from '../refusal.ts';
import type { Ledger } from '../wire/ledger.ts';
import { type Conditions, createConditions } from './conditions.ts';

/** What servers that serve the same runs tell each other of one. */
export type RunChange =
  | { type: 'created'; settings: RunSettings; createdAt: number }
  | { type: 'started'; startsAt: number }
  | { type: 'disturbed'; order: FaultOrder }
  | { type: 'finished' };

/** Where several servers serve the same runs (`shared/`): who tells the others, and whether that reaches them now. */
export interface Sharing {
  changed(run: string, change: RunChange): void;
  made(run: string, event: PushEvent): void;
  state(): SharedState;
}

export interface Run {
  readonly id: string;
  readonly settings: RunSettings;
  readonly state: RunState;
  readonly feed: Feed;
  info(): RunInfo;
  /** Starts it, once, not before `notBefore`; a second start is refused with 409. Returns when it starts (both in ms since the epoch). */
  start(notBefore?: number): number;
  /** Ends it at once, from whatever state. */
  finish(): void;
  /** Whether this server makes the run's events, as a server that is alone always does. */
  make(here: boolean): void;
  /** Carried by somebody else, who also tells the other servers of it: the feed of a class. */
  readonly hosted?: boolean;
  /** What another server has to be told so that it has this run, too. */
  changes(): RunChange[];
  /** What stands in the way of its lanes; undefined for the open run, which nobody may disturb. */
  readonly conditions: Conditions | undefined;
  /** Breaks something now, as an order from outside says. Refuses a bad order (400), the open run (403), a finished run (409). */
  disturb(order: unknown): BegunFault;
  /** Calls back after each change of state, and with each fault that begins. Returns how to stop. */
  watch(changed: () => void, begun?: (fault: BegunFault) => void): () => void;
}

/** A run as the list of runs has it: with what happens to it from elsewhere. */
export interface ListedRun extends Run {
  /** What another server has told of it; what is known already changes nothing. */
  apply(change: RunChange): void;
  /** Whether the other servers can be reached has changed. */
  sharingChanged(): void;
  /** Ends its feed and its timer, and tells nobody: the server closes. */
  close(why: FeedEnd): void;
  forget(): void;
}

export interface RunOptions {
  /** In ms since the epoch. */
  createdAt: number;
  ledger: Ledger;
  ringEvents?: number | undefined;
  sharing?: Sharing | undefined;
  finished: () => void;
  forgotten: () => void;
}

/** From start to the first possible event: lets "it has started" reach clients before the first event does. */
const LEAD_MS = 250;
/** A run ends so long after its last second: timers are late by some ms, and the same seed must give the same events. */
const TAIL_MS = 50;
/** With several servers: how far one may be behind another that has made events last, and how long it waits for the run's end. */
const LEAD_EVENTS = 10;
const LEAD_SECONDS = 5;
const PATIENCE_MS = 3000;
/** A run that nobody starts, and a finished one that nobody asks for any more, is forgotten after so long. */
const READY_MS = 10 * 60_000;
const FINISHED_MS = 30 * 60_000;

/** A run that is ready; the ledger has it from now on. */
export function createRun(
  id: string,
  settings: RunSettings,
  { createdAt, ledger, ringEvents, sharing, finished, forgotten }: RunOptions,
): ListedRun {
  const durationSeconds = id === OPEN_RUN ? Number.POSITIVE_INFINITY : settings.durationSeconds;
  const feed = createFeed(
    { ...settings, durationSeconds },
    ringEvents,
    sharing && {
      made: (event) => sharing.made(id, event),
      lead: LEAD_EVENTS + settings.eventsPerSecond * LEAD_SECONDS,
    },
  );
  const watchers = new Set<{ changed: () => void; begun: ((fault: BegunFault) => void) | undefined }>();
  const conditions = id === OPEN_RUN ? undefined : createConditions(settings, feed, tellFault);
  let state: RunState = 'ready';
  let startsAt: number | null = null;
  let endsAt: number | null = null;
  let timer: NodeJS.Timeout | undefined;
  /** Whether the run's events are made here, and whether that has begun. */
  let here = sharing === undefined;
  let making = false;
  if (id !== OPEN_RUN) timer = setTimeout(forget, READY_MS);

  function become(next: RunState): void {
    state = next;
    ledger.setState(id, state);
    for (const watcher of [...watchers]) watcher.changed();
  }
  function tellFault(fault: BegunFault): void {
    for (const watcher of [...watchers]) watcher.begun?.(fault);
  }
  function close(why: FeedEnd): void {
    clearTimeout(timer);
    conditions?.release();
    feed.end(why);
  }
  function make(): void {
    const due = here && state === 'running';
    if (due === making) return;
    making = due;
    // The open feed never ends: what was not made while no server was there is not made up for.
    const since = id === OPEN_RUN ? now() - (feed.lastSeq / settings.eventsPerSecond) * 1000 : startsAt;
    if (due) feed.start(since as number);
    else feed.pause();
  }
  function begin(at: number): void {
    clearTimeout(timer);
    startsAt = at;
    if (id !== OPEN_RUN) {
      endsAt = startsAt + settings.durationSeconds * 1000 + TAIL_MS;
      timer = setTimeout(endInTurn, Math.max(0, Math.ceil(endsAt - now())));
    }
    conditions?.start(at);
    become('running');
    make();
  }
  /** Who makes the events ends the run for all; who waits for them gives up only when their maker must be gone. */
  function endInTurn(): void {
    if (!making) {
      timer = setTimeout(finish, PATIENCE_MS);
      return;
    }
    finish();
    sharing?.changed(id, { type: 'finished' });
  }
  function finish(): void {
    if (state === 'finished') return;
    close('finished');
    endsAt = now();
    become('finished');
    timer = setTimeout(forget, FINISHED_MS);
    finished();
  }
  function forget(): void {
    if (state === 'ready') finish();
    clearTimeout(timer);
    ledger.forget(id);
    forgotten();
  }

  const links = [...(conditions?.lanes ?? [])].map(([technique, { link }]) => [technique, link] as const);
  ledger.open(id, settings.techniques, new Map(links));
  return {
    id,
    settings,
    feed,
    conditions,
    get state() {
      return state;
    },
    info(): RunInfo {
      const faults = [...(conditions?.begun ?? [])];
      const told = sharing ? { shared: sharing.state() } : {};
      return { id, state, settings, createdAt, startsAt, endsAt, lastSeq: feed.lastSeq, faults, ...told };
    },
    start(notBefore = 0): number {
      if (state !== 'ready') {
        throw new RefusalError(409, 'already-started', `Run ${id} is ${state}; a run is started once. Create another.`);
      }
      const at = Math.max(notBefore, now() + LEAD_MS);
      begin(at);
      sharing?.changed(id, { type: 'started', startsAt: at });
      return at;
    },
    disturb(order: unknown): BegunFault {
      if (!conditions) {
        const words = 'The open feed is everybody’s; break a run of your own.';
        throw new RefusalError(403, 'open-feed', words);
      }
      const checked = checkFault(order, settings.techniques);
      if ('faults' in checked) throw badInput('bad-fault', 'Cannot begin this fault', checked.faults);
      if (state === 'finished') {
        const words = `Run ${id} has ended, and its faults with it. Create another.`;
        throw new RefusalError(409, 'run-finished', words);
      }
      sharing?.changed(id, { type: 'disturbed', order: checked.order });
      return conditions.begin(checked.order);
    },
    finish() {
      if (state === 'finished') return;
      finish();
      sharing?.changed(id, { type: 'finished' });
    },
    make(isHere: boolean) {
      here = isHere;
      make();
    },
    changes: (): RunChange[] => [
      { type: 'created', settings, createdAt },
      ...(startsAt === null ? [] : [{ type: 'started', startsAt } as const]),
      ...(state === 'finished' ? [{ type: 'finished' } as const] : []),
    ],
    apply(change: RunChange) {
      if (change.type === 'disturbed' && state !== 'finished') conditions?.begin(change.order);
      if (change.type === 'started' && state === 'ready') begin(change.startsAt);
      if (change.type === 'finished') finish();
    },
    sharingChanged() {
      for (const watcher of [...watchers]) watcher.changed();
    },
    close,
    forget,
    watch(changed: () => void, begun?: (fault: BegunFault) => void) {
      const watcher = { changed, begun };
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}
