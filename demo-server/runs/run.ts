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

/** What servers that serve the same runs report to each other of one. */
export type RunChange =
  | { type: 'created'; settings: RunSettings; createdAt: number }
  | { type: 'started'; startsAt: number }
  | { type: 'disturbed'; order: FaultOrder }
  | { type: 'finished' };

/** Where several servers serve the same runs (`shared/`): how the others learn of it, and whether they can be reached now. */
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
  /** Carried by another part of the server, which also shares it with the other servers: the feed of a class. */
  readonly hosted?: boolean;
  /** The changes by which another server gets this run, too. */
  changes(): RunChange[];
  /** The obstacles in its lanes; undefined for the open run, which nobody may disturb. */
  readonly conditions: Conditions | undefined;
  /** Begins a fault now, as an order from outside says. Refuses a bad order (400), the open run (403), a finished run (409). */
  disturb(order: unknown): BegunFault;
  /** Calls back after each change of state, and with each fault that begins. Returns how to stop. */
  watch(changed: () => void, begun?: (fault: BegunFault) => void): () => void;
}

/** A run as the list of runs has it: with what happens to it from elsewhere. */
export interface ListedRun extends Run {
  /** Applies a change that another server has reported; a known one changes nothing. */
  apply(change: RunChange): void;
  /** Whether the other servers can be reached has changed. */
  sharingChanged(): void;
  /** Ends its feed and its timer without a change of state: the server closes. */
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

/** From start to the first possible event (ms): the news of the start reaches clients before the first event does. */
const LEAD_MS = 250;
/** From a run's last second to its end (ms): timers are late by some ms, and the same seed must give the same events. */
const TAIL_MS = 50;
/** With several servers: how far one may be behind the one that makes the events, and how long it waits for the run's end. */
const LEAD_EVENTS = 10;
const LEAD_SECONDS = 5;
const PATIENCE_MS = 3000;
/** How long a run that nobody starts is kept, and a finished one (ms). */
const READY_MS = 10 * 60_000;
const FINISHED_MS = 30 * 60_000;

/** A run that is ready; the ledger has it from now on. */
export function createRun(id: string, settings: RunSettings, options: RunOptions): ListedRun {
  return new OwnRun(id, settings, options);
}

class OwnRun implements ListedRun {
  readonly id: string;
  readonly settings: RunSettings;
  readonly feed: Feed;
  readonly conditions: Conditions | undefined;
  readonly #options: RunOptions;
  readonly #watchers = new Set<{ changed: () => void; begun: ((fault: BegunFault) => void) | undefined }>();
  #state: RunState = 'ready';
  #startsAt: number | null = null;
  #endsAt: number | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** Whether the run's events are made here, and whether that has begun. */
  #here: boolean;
  #making = false;

  constructor(id: string, settings: RunSettings, options: RunOptions) {
    const { ledger, ringEvents, sharing } = options;
    this.id = id;
    this.settings = settings;
    this.#options = options;
    this.#here = sharing === undefined;
    const durationSeconds = id === OPEN_RUN ? Number.POSITIVE_INFINITY : settings.durationSeconds;
    this.feed = createFeed(
      { ...settings, durationSeconds },
      ringEvents,
      sharing && {
        made: (event) => sharing.made(id, event),
        lead: LEAD_EVENTS + settings.eventsPerSecond * LEAD_SECONDS,
      },
    );
    if (id !== OPEN_RUN) {
      this.conditions = createConditions(settings, this.feed, (fault) => this.#faultBegun(fault));
      this.#timer = setTimeout(() => this.forget(), READY_MS);
    }
    const links = [...(this.conditions?.lanes ?? [])].map(([technique, { link }]) => [technique, link] as const);
    ledger.open(id, settings.techniques, new Map(links));
  }

  get state(): RunState {
    return this.#state;
  }

  info(): RunInfo {
    const { id, settings } = this;
    const { createdAt, sharing } = this.#options;
    const faults = [...(this.conditions?.begun ?? [])];
    const shared = sharing ? { shared: sharing.state() } : {};
    const [state, startsAt, endsAt] = [this.#state, this.#startsAt, this.#endsAt];
    return { id, state, settings, createdAt, startsAt, endsAt, lastSeq: this.feed.lastSeq, faults, ...shared };
  }

  start(notBefore = 0): number {
    if (this.#state !== 'ready') {
      const words = `Run ${this.id} is ${this.#state}; a run is started once. Create another.`;
      throw new RefusalError(409, 'already-started', words);
    }
    const at = Math.max(notBefore, now() + LEAD_MS);
    this.#begin(at);
    this.#options.sharing?.changed(this.id, { type: 'started', startsAt: at });
    return at;
  }

  disturb(order: unknown): BegunFault {
    if (!this.conditions) {
      const words = 'The open feed is everybody’s; break a run of your own.';
      throw new RefusalError(403, 'open-feed', words);
    }
    const checked = checkFault(order, this.settings.techniques);
    if ('faults' in checked) throw badInput('bad-fault', 'Cannot begin this fault', checked.faults);
    if (this.#state === 'finished') {
      const words = `Run ${this.id} has ended, and its faults with it. Create another.`;
      throw new RefusalError(409, 'run-finished', words);
    }
    this.#options.sharing?.changed(this.id, { type: 'disturbed', order: checked.order });
    return this.conditions.begin(checked.order);
  }

  finish(): void {
    if (this.#state === 'finished') return;
    this.#finishHere();
    this.#options.sharing?.changed(this.id, { type: 'finished' });
  }

  make(here: boolean): void {
    this.#here = here;
    this.#makeIfDue();
  }

  changes(): RunChange[] {
    const { createdAt } = this.#options;
    const startsAt = this.#startsAt;
    return [
      { type: 'created', settings: this.settings, createdAt },
      ...(startsAt === null ? [] : [{ type: 'started', startsAt } as const]),
      ...(this.#state === 'finished' ? [{ type: 'finished' } as const] : []),
    ];
  }

  apply(change: RunChange): void {
    if (change.type === 'disturbed' && this.#state !== 'finished') this.conditions?.begin(change.order);
    if (change.type === 'started' && this.#state === 'ready') this.#begin(change.startsAt);
    if (change.type === 'finished') this.#finishHere();
  }

  sharingChanged(): void {
    for (const watcher of [...this.#watchers]) watcher.changed();
  }

  close(why: FeedEnd): void {
    clearTimeout(this.#timer);
    this.conditions?.release();
    this.feed.end(why);
  }

  forget(): void {
    if (this.#state === 'ready') this.#finishHere();
    clearTimeout(this.#timer);
    this.#options.ledger.forget(this.id);
    this.#options.forgotten();
  }

  watch(changed: () => void, begun?: (fault: BegunFault) => void): () => void {
    const watcher = { changed, begun };
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #begin(at: number): void {
    clearTimeout(this.#timer);
    this.#startsAt = at;
    if (this.id !== OPEN_RUN) {
      this.#endsAt = at + this.settings.durationSeconds * 1000 + TAIL_MS;
      this.#timer = setTimeout(() => this.#endInTurn(), Math.max(0, Math.ceil(this.#endsAt - now())));
    }
    this.conditions?.start(at);
    this.#become('running');
    this.#makeIfDue();
  }

  /** Starts or pauses the making of events, where that is not as it should be. */
  #makeIfDue(): void {
    const due = this.#here && this.#state === 'running';
    if (due === this.#making) return;
    this.#making = due;
    if (!due) {
      this.feed.pause();
      return;
    }
    // The open feed never ends: events that no server was there to make are not made later.
    const behind = (this.feed.lastSeq / this.settings.eventsPerSecond) * 1000;
    this.feed.start(this.id === OPEN_RUN ? now() - behind : (this.#startsAt as number));
  }

  /** The server that makes the events ends the run for all; another one ends it only when that server must be gone. */
  #endInTurn(): void {
    if (this.#making) this.finish();
    else this.#timer = setTimeout(() => this.#finishHere(), PATIENCE_MS);
  }

  #finishHere(): void {
    if (this.#state === 'finished') return;
    this.close('finished');
    this.#endsAt = now();
    this.#become('finished');
    this.#timer = setTimeout(() => this.forget(), FINISHED_MS);
    this.#options.finished();
  }

  #become(next: RunState): void {
    this.#state = next;
    this.#options.ledger.setState(this.id, next);
    for (const watcher of [...this.#watchers]) watcher.changed();
  }

  #faultBegun(fault: BegunFault): void {
    for (const watcher of [...this.#watchers]) watcher.begun?.(fault);
  }
}
