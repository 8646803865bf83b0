/**
 * Everything one run has left in the browser. The comparison writes it, the views read it at their own pace.
 */
import type { LaneLedger, RunInfo, RunLedger, TechniqueId } from '../protocol.ts';
import { Clock } from './clock.ts';
import type { Sample, Trouble } from './lane.ts';
import { BoundedSeries } from './series.ts';
import { headBytes, SeqTally, wireBytes } from './statistics.ts';
import { EventStore, RequestStore, UplinkStore } from './store.ts';

/** Columns of a lane's series, in order. */
export const COLUMNS = ['requests', 'headBytes', 'wireBytes', 'connectionsOpened'] as const;
export type Column = (typeof COLUMNS)[number];

/** Points of a line in a chart: 20 s at four a second fit in full, longer runs are thinned. */
const SERIES_POINTS = 240;

/** Something rare that happened in a lane, in ms of the page's clock. */
export interface Moment {
  at: number;
  kind: 'trouble' | 'reset' | 'duplicate';
  reason?: Trouble;
}

/** Within so long after the feed's end (ms) every lane has had its last answer, or is cut off by us. */
export const LAST_WORDS_MS = 5000;

/** Moments kept of each lane: a lane that fails every poll for an hour must not fill the memory. */
const MOMENTS_KEPT = 1000;

/** One technique's part of a run. */
export interface LaneRecord {
  readonly technique: TechniqueId;
  readonly requests: RequestStore;
  readonly events: EventStore;
  readonly uplink: UplinkStore;
  readonly tally: SeqTally;
  /** Cumulative figures of the ledger over seconds since the start. */
  readonly series: BoundedSeries;
  ledger: LaneLedger | null;
  /** How often the lane ran into each kind of trouble that it survived. */
  troubles: Partial<Record<Trouble, number>>;
  resets: number;
  /** Troubles, resets and events received twice, each with its time; the last 1 000. */
  moments: Moment[];
  /** Why the lane gave up, in words; null while it works. */
  failed: string | null;
  done: boolean;
  /** It had not had its last answer when nobody waited any longer: what is missing at its end may have been on its way. */
  cutOff: boolean;
}

/** What stood in the way of measuring well. */
export interface Conditions {
  isolated: boolean;
  /** Stretches in ms of the page's clock during which the tab could not be seen; the last may be open (Infinity). */
  hidden: { from: number; to: number }[];
  behindProxy: boolean;
  /** The server ends TLS itself: bytes are counted inside it. */
  insideTls: boolean;
  /** The control socket was lost or never opened: counts came by plain requests, once a second. */
  controlLost: boolean;
  /** Without a control socket nobody knows how far the clocks are apart. */
  clockUnknown: boolean;
  /** The most that the event loop was late in which arrivals are stamped, in ms; null where nobody looked. */
  eventLoopDelayMs: number | null;
}

export interface Recording {
  readonly lanes: ReadonlyMap<TechniqueId, LaneRecord>;
  readonly clock: Clock;
  readonly conditions: Conditions;
  info: RunInfo | null;
  ledger: RunLedger | null;
  /** Start of the run in ms of the page's clock; NaN until it is known. */
  zero: number;
  /** Another run of this browser made this one stop. */
  takenOver: boolean;
  /** When the run was over on this page, in ms of its clock; NaN while it goes on. */
  over: number;
}

function laneRecord(technique: TechniqueId): LaneRecord {
  return {
    technique,
    requests: new RequestStore(),
    events: new EventStore(),
    uplink: new UplinkStore(),
    tally: new SeqTally(),
    series: new BoundedSeries(SERIES_POINTS, COLUMNS.length),
    ledger: null,
    troubles: {},
    resets: 0,
    moments: [],
    failed: null,
    done: false,
    cutOff: false,
  };
}

/** An empty recording for these techniques, in the order given. */
export function newRecording(techniques: readonly TechniqueId[], clock = new Clock()): Recording {
  return {
    lanes: new Map(techniques.map((id) => [id, laneRecord(id)])),
    clock,
    conditions: {
      isolated: clock.isolated,
      hidden: [],
      behindProxy: false,
      insideTls: false,
      controlLost: false,
      clockUnknown: false,
      eventLoopDelayMs: null,
    },
    info: null,
    ledger: null,
    takenOver: false,
    zero: Number.NaN,
    over: Number.NaN,
  };
}

/** Files one sample of a lane. Costs no allocation for requests and events: it is called for each of them. */
export function fileSample(recording: Recording, lane: LaneRecord, sample: Sample): void {
  switch (sample.kind) {
    case 'request':
      // A technique counts its requests from 1; our index is one less as long as it tells of each of them.
      lane.requests.begin(sample.at);
      break;
    case 'response':
      lane.requests.finish(sample.request - 1, sample.at, sample.ok);
      break;
    case 'event':
      if (lane.tally.note(sample.seq)) {
        lane.events.push(sample.at, recording.clock.latency(sample.sentAt, sample.at), sample.seq, sample.request);
      } else note(lane, { at: sample.at, kind: 'duplicate' });
      break;
    case 'uplink':
      lane.uplink.push(
        sample.sentAt,
        recording.clock.toPage(sample.at) - sample.sentAt,
        sample.answeredAt - sample.sentAt,
      );
      break;
    case 'reset':
      lane.resets++;
      note(lane, { at: sample.at, kind: 'reset' });
      break;
    case 'trouble':
      lane.troubles[sample.reason] = (lane.troubles[sample.reason] ?? 0) + 1;
      note(lane, { at: sample.at, kind: 'trouble', reason: sample.reason });
  }
}

function note(lane: LaneRecord, moment: Moment): void {
  lane.moments.push(moment);
  if (lane.moments.length > MOMENTS_KEPT) lane.moments.shift();
}

/** Files a ledger that was true at `at` (ms, server's clock). */
export function fileLedger(recording: Recording, ledger: RunLedger, at: number): void {
  recording.ledger = ledger;
  const { startsAt = null, settings } = recording.info ?? {};
  for (const lane of recording.lanes.values()) {
    const account = ledger.lanes[lane.technique];
    if (!account) continue;
    lane.ledger = account;
    if (startsAt === null) continue;
    // Last answers and closings come after the end; they belong to its point, as the axis ends there.
    const seconds = Math.min(Math.max(0, (at - startsAt) / 1000), settings?.durationSeconds ?? 0);
    const values = [account.requests, headBytes(account), wireBytes(account), account.connectionsOpened];
    const last = lane.series.length - 1;
    if (last >= 0 && seconds <= lane.series.timeAt(last)) lane.series.correctLast(values);
    else lane.series.push(seconds, values);
  }
}

/** Events that had not come when their lane was cut off: they count as lost, and may have been on their way. */
export function missedByCut({ cutOff, tally }: LaneRecord, { info }: Recording): number {
  return cutOff ? Math.max(0, (info?.lastSeq ?? 0) - tally.highest) : 0;
}

/** Notes that the tab was hidden (`true`) or seen again at `at` (ms, page's clock). */
export function fileVisibility(conditions: Conditions, hidden: boolean, at: number): void {
  const last = conditions.hidden.at(-1);
  const open = last?.to === Number.POSITIVE_INFINITY;
  if (hidden && !open) conditions.hidden.push({ from: at, to: Number.POSITIVE_INFINITY });
  if (!hidden && open && last) last.to = at;
}
