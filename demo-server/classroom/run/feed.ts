/**
 * The class feed: each change of the class as one numbered event, over the technique that the teacher has picked. A run
 * like any other for the rooms of the techniques and for the ledger, so what it costs is counted like any other.
 */
import { createFeed, type Feed, now } from '../../feed.ts';
import { checkSettings, type RunInfo, type RunSettings, TECHNIQUES } from '../../protocol.ts';
import { RefusalError } from '../../refusal.ts';
import type { Run } from '../../runs/run.ts';
import type { Runs } from '../../runs/runs.ts';
import type { Ledger } from '../../wire/ledger.ts';
import type { Classroom } from '../classroom.ts';
import { type ClassState, type LoggedChange, NO_CLASS, reduce } from '../log/state.ts';
import { type ClassNews, type FeedPicture, laneCounts } from '../protocol.ts';
import type { HeardFeed } from '../seats/peers.ts';
import { questionOf, runOf, seatsOf } from '../seats/pictures.ts';

/** Most events that a reader gets again after an absence, and that a reload of the state brings. */
const KEPT_EVENTS = 50;
/** Latencies of the feed that are remembered, the newest. */
const KEPT_LATENCIES = 2000;
/** A cursor up to this far ahead comes from a server that has read more of the log; beyond, from another class. */
const LEAD_EVENTS = 200;

export interface ClassFeed {
  /** `heard`: what the devices have reported, to each server of the class. */
  picture(heard: readonly HeardFeed[]): FeedPicture | null;
  /** What devices have reported to this server; null where no feed is on. */
  readonly heardHere: HeardFeed | null;
  /** A device has reported how long news took to reach it, in ms. */
  heard(seat: string, latencies: readonly number[]): void;
}

/**
 * Carries the feed of the class `room` as a run whose id is the class's own. A seq is that of the change in the log, so it
 * means the same on every server, and also after a restart. `changes`: what the log holds by now.
 */
export function classFeed(
  room: Classroom,
  changes: readonly LoggedChange[],
  { runs, ledger }: { runs: Runs; ledger: Ledger },
): ClassFeed {
  const settings = { ...settingsFor(room.state), durationSeconds: Number.POSITIVE_INFINITY };
  const feed = createFeed(settings, KEPT_EVENTS, { made() {}, lead: LEAD_EVENTS });
  ledger.open(room.id, TECHNIQUES);
  ledger.setState(room.id, 'running');
  runs.host(runOfFeed(room, feed));
  const carried = new CarriedFeed(room, feed, ledger);
  changes.reduce((before, logged) => {
    const state = reduce(before, logged);
    carried.publish(logged, state);
    return state;
  }, NO_CLASS);
  room.watch((logged) => logged && carried.publish(logged, room.state));
  return carried;
}

/** The feed as the techniques see it: a run that goes on, and that only the class changes. */
function runOfFeed(room: Classroom, feed: Feed): Run {
  const createdAt = room.state.openedAt;
  const refuse = (): never => {
    throw new RefusalError(403, 'class-feed', 'The feed of a class is its teacher’s.');
  };
  const info = (): RunInfo => ({
    id: room.id,
    state: 'running',
    settings: settingsFor(room.state),
    createdAt,
    startsAt: createdAt,
    endsAt: null,
    lastSeq: feed.lastSeq,
    faults: [],
  });
  return {
    id: room.id,
    state: 'running',
    feed,
    conditions: undefined,
    get settings() {
      return settingsFor(room.state);
    },
    info,
    start: refuse,
    disturb: refuse,
    finish: refuse,
    make() {},
    hosted: true,
    changes: () => [],
    watch: () => () => {},
  };
}

class CarriedFeed implements ClassFeed {
  readonly #room: Classroom;
  readonly #feed: Feed;
  readonly #ledger: Ledger;
  #readers = new Set<string>();
  #latencies: number[] = [];
  #technique: ClassState['feed'] = null;
  /** The seq of the change that picked the technique. */
  #picked = 0;

  constructor(room: Classroom, feed: Feed, ledger: Ledger) {
    this.#room = room;
    this.#feed = feed;
    this.#ledger = ledger;
  }

  /** Makes an event of a change, after which the class is `state`. */
  publish(logged: LoggedChange, state: ClassState): void {
    // The log has the time of the clock on the wall; pages know this server's own, which stands still while a laptop sleeps.
    const sentAt = logged.at + now() - Date.now();
    this.#feed.take({ seq: logged.seq, sentAt, data: newsData(newsOf(logged, state)) });
    if (state.feed === this.#technique) return;
    this.#technique = state.feed;
    this.#picked = logged.seq;
    this.#readers = new Set();
    this.#latencies = [];
  }

  picture(heard: readonly HeardFeed[]): FeedPicture | null {
    const technique = this.#technique;
    if (technique === null) return null;
    const lane = this.#ledger.read(this.#room.id).lanes[technique];
    if (!lane) return null;
    const told = heard.filter((one) => one.picked === this.#picked);
    return {
      technique,
      events: lane.eventsSent,
      readers: new Set(told.flatMap((one) => one.readers)).size,
      counts: laneCounts(lane),
      latency: spread(told.flatMap((one) => one.latencies)),
    };
  }

  get heardHere(): HeardFeed | null {
    if (this.#technique === null) return null;
    return { picked: this.#picked, readers: [...this.#readers], latencies: this.#latencies };
  }

  heard(seat: string, latencies: readonly number[]): void {
    this.#readers.add(seat);
    const rounded = latencies.map((ms) => Math.round(ms * 10) / 10);
    this.#latencies = [...this.#latencies, ...rounded].slice(-KEPT_LATENCIES);
  }
}

function settingsFor({ feed }: ClassState): RunSettings {
  const checked = checkSettings({ eventsPerSecond: 1 });
  if ('faults' in checked) throw new Error('the default settings do not pass their own check');
  return { ...checked.settings, techniques: feed === null ? [] : [feed], seed: 0 };
}

/** What readers of the feed get of a change: no secrets, and nothing that a question hides. */
function newsOf({ change }: LoggedChange, state: ClassState): ClassNews {
  if (change.type === 'joined') return { kind: 'joined', nickname: state.seats.get(change.seat)?.nickname ?? '' };
  if (change.type === 'answered')
    return { kind: 'answered', answered: questionOf(state)?.answers.size ?? 0, seats: seatsOf(state).length };
  if (change.type === 'result') return { kind: 'result', results: runOf(state)?.results.size ?? 0 };
  if (change.type === 'said') return { kind: 'said', text: change.text };
  if (change.type === 'asked' || change.type === 'revealed') return { kind: change.type };
  if (change.type === 'run-called' || change.type === 'run-started' || change.type === 'run-over')
    return { kind: change.type };
  return { kind: 'changed' };
}

/** News as the data of an event: JSON in ASCII without "<", because one technique carries it inside a script. */
export function newsData(news: ClassNews): string {
  return JSON.stringify(news).replace(
    /[<\u007f-\uffff]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function spread(values: readonly number[]): FeedPicture['latency'] {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length, Math.max(1, Math.ceil(share * sorted.length))) - 1] as number;
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), max: at(1) };
}
