/**
 * What a fault did to a lane, read from the recording, and whether that is what the table expects. Pure.
 */

import { SILENCE_MS, type Trouble } from '../../../demo-server/measure/lane.ts';
import type { LaneRecord, Recording } from '../../../demo-server/measure/recording.ts';
import { lowerBound } from '../../../demo-server/measure/store.ts';
import {
  type BegunFault,
  beginsWithCut,
  GATHERED_BYTES,
  HEARTBEAT_MS,
  IDLE_LIMIT_MS,
  type RunSettings,
  STATE_EVENTS,
  type TechniqueId,
  TRAITS,
} from '../../../demo-server/protocol.ts';
import { EXPECTED, OUTCOMES, type Outcome, type OutcomeName } from './fault-table.ts';

/** What followed a fault in one lane, until the next fault of that lane or the end of the run. Times in ms since the fault. */
export interface Happened {
  /** How long it could be watched. */
  windowMs: number;
  /** Nothing more can follow: the run is over, or the next fault has begun. */
  closed: boolean;
  /** The first request after the fault; null while there is none. */
  askedMs: number | null;
  /** When that one came to its end; Infinity while it is open. */
  answeredMs: number;
  /** The first event that arrived after it. */
  firstEventMs: number | null;
  /** The longest that an event was on its way, of those that arrived since. */
  slowestMs: number | null;
  troubles: Partial<Record<Trouble, number>>;
  resets: number;
  /** Events that later ones have overtaken for good; and those that had not come when the lane ended. */
  lost: number;
  unseen: number;
  duplicated: number;
  /** The lane has ended although its run had not. */
  gaveUp: boolean;
}

/** What did not come as expected. */
export type Difference =
  | 'gave-up'
  | 'not-asked'
  | 'asked'
  | 'no-event'
  | 'no-reset'
  | 'reset'
  | 'lost'
  | 'duplicated'
  | 'not-held'
  | `no-${Trouble}`
  | `trouble-${Trouble}`;

/** `open`: the time in which it should show is not over yet; `short`: it will not be, as the run or the next fault cut it off. */
export type Verdict = 'agrees' | 'differs' | 'open' | 'short';

export interface Judgement {
  name: OutcomeName;
  happened: Happened;
  verdict: Verdict;
  differences: Difference[];
}

/** What wraps the payload of an event on a stream, at the most (a hidden frame's script), in bytes. */
const WRAPPING = 100;

/** The outcome that the table expects, for these settings: a limit on silence does nothing to a feed that is never silent so long. */
function outcomeName(fault: BegunFault, technique: TechniqueId, settings: RunSettings): OutcomeName {
  const name = EXPECTED[fault.fault][technique];
  if (fault.fault === 'stall') return stalledFor((fault.seconds ?? 0) * 1000, technique, name);
  if (fault.fault !== 'idle-limit' || name === 'answers-at-once') return name;
  const gap = 1000 / settings.eventsPerSecond;
  const quiet = technique === 'long-poll' ? Math.min(gap, settings.longPollTimeoutMs) : gap;
  return quiet > IDLE_LIMIT_MS ? name : 'never-quiet';
}

/** A stall that outlasts the patience of one end does break the connection: the server's Ping, or the script's watchdog. */
function stalledFor(ms: number, technique: TechniqueId, name: OutcomeName): OutcomeName {
  if (technique === 'websocket') return ms >= HEARTBEAT_MS ? 'half-open' : name;
  return TRAITS[technique].watched && ms >= SILENCE_MS - HEARTBEAT_MS ? 'watchdog-barks' : name;
}

/** What followed fault `fault` in `lane`, at `now` (ms of the page's clock). */
function happenedTo(lane: LaneRecord, recording: Recording, fault: BegunFault, now: number): Happened {
  const { clock, info, over } = recording;
  const { events, requests } = lane;
  const moment = clock.toPage(fault.at);
  // What the two clocks are apart at the most must not put a consequence before its cause.
  const from = moment - clock.uncertaintyMs - 1;
  const later = (info?.faults ?? []).find(({ at, techniques }) => at > fault.at && techniques.includes(lane.technique));
  const ended =
    info?.state === 'finished' && info.endsAt !== null ? clock.toPage(info.endsAt) : Number.POSITIVE_INFINITY;
  const to = Math.min(later ? clock.toPage(later.at) : Number.POSITIVE_INFINITY, Number.isNaN(over) ? now : over);
  const askedTo = Math.min(to, ended);

  const sinceFault = (at: number) => Math.max(0, at - moment);
  const first = events.from(from);
  const end = events.from(to);
  let slowest = 0;
  let highest = first > 0 ? (events.seq[first - 1] as number) : 0;
  const known = highest;
  for (let index = first; index < end; index++) {
    slowest = Math.max(slowest, events.latency[index] as number);
    highest = Math.max(highest, events.seq[index] as number);
  }
  // What a lane has not received by its end goes with the last fault it had.
  const last = !later && info?.state === 'finished' && lane.done ? info.lastSeq : highest;
  const next = lowerBound(requests.start, requests.length, from);
  const asked = next < requests.length && (requests.start[next] as number) < askedTo;

  const troubles: Happened['troubles'] = {};
  let [resets, duplicated] = [0, 0];
  for (const { at, kind, reason } of lane.moments) {
    // What closes with the run is no consequence of the fault.
    if (at < from || at >= (kind === 'trouble' ? askedTo : to)) continue;
    if (kind === 'reset') resets++;
    else if (kind === 'duplicate') duplicated++;
    else if (reason) troubles[reason] = (troubles[reason] ?? 0) + 1;
  }
  return {
    windowMs: sinceFault(Math.min(to, ended)),
    closed: later !== undefined || !Number.isNaN(over) || ended < now,
    askedMs: asked ? sinceFault(requests.start[next] as number) : null,
    answeredMs: (requests.end[next] ?? 0) - moment,
    firstEventMs: first < end ? sinceFault(events.at[first] as number) : null,
    slowestMs: first < end ? slowest : null,
    troubles,
    resets,
    lost: Math.max(0, highest - known - (end - first)),
    unseen: Math.max(0, last - highest),
    duplicated,
    gaveUp: lane.failed !== null || (lane.done && info?.state !== 'finished'),
  };
}

/** Holds what happened to a lane against the table. */
export function judge(lane: LaneRecord, recording: Recording, fault: BegunFault, now: number): Judgement | null {
  const settings = recording.info?.settings;
  if (!settings) return null;
  const name = outcomeName(fault, lane.technique, settings);
  const outcome = outcomeFor(OUTCOMES[name], lane, recording, fault);
  const happened = happenedTo(lane, recording, fault, now);
  const differences: Difference[] = [];
  // Cuts and earlier faults break connections as well, and a POST opens some: then only what must be can be asked for.
  const crowded = settings.cutEverySeconds > 0 || overlaps(fault, lane.technique, recording);
  const alone = !crowded && settings.uplinkPerSecond === 0;
  const eventMs = 1000 / settings.eventsPerSecond;
  const lasts = (fault.seconds ?? 0) * 1000;
  const reloads = TRAITS[lane.technique].brings === 'state';
  const interval = reloads || lane.technique === 'polling' ? settings.pollIntervalMs : 0;
  // A reload shows so much of the state, and more events may have come since the last.
  const mayLose = outcome.loses || (reloads && 2 * interval + lasts > STATE_EVENTS * eventMs);

  if (happened.gaveUp) differences.push('gave-up');
  if (happened.duplicated > 0) differences.push('duplicated');
  if (happened.lost > 0 && !crowded && !mayLose) differences.push('lost');
  if (happened.resets > 0 && alone && outcome.reset === 'no') differences.push('reset');
  if (happened.askedMs !== null && alone && outcome.asks === 'no') differences.push('asked');
  for (const kind of Object.keys(happened.troubles) as Trouble[]) {
    if (alone && !outcome.must.includes(kind) && !outcome.may.includes(kind)) differences.push(`trouble-${kind}`);
  }
  if (differences.length > 0) return { name, happened, verdict: 'differs', differences };

  const missing: Difference[] = [];
  if (outcome.asks === 'must' && happened.askedMs === null) missing.push('not-asked');
  // A request behind a refusal has not noticed it, nor has the script whose browser (Firefox) tries until it is over.
  const unnoticed = name === 'polls-fail' && happened.answeredMs > lasts;
  for (const kind of outcome.must) if (!happened.troubles[kind] && !unnoticed) missing.push(`no-${kind}`);
  if (outcome.reset === 'must' && happened.resets === 0) missing.push('no-reset');
  const need = outcome.held ? heldMs(fault, settings, eventMs, interval) : 0;
  if (happened.unseen > 0 && !mayLose) missing.push('lost');
  if (happened.firstEventMs === null && !(outcome.held && fault.seconds === null)) missing.push('no-event');
  else if (need > 0 && (happened.slowestMs ?? 0) < need && happened.firstEventMs !== null) missing.push('not-held');
  if (missing.length === 0) return { name, happened, verdict: 'agrees', differences };
  // A poll may be answered wrongly, and the next one brings the event.
  const enough = lasts + outcome.withinMs + 2 * (eventMs + interval) + settings.rttMs * 4 + need;
  if (happened.windowMs >= enough) return { name, happened, verdict: 'differs', differences: missing };
  return { name, happened, verdict: happened.closed ? 'short' : 'open', differences: [] };
}

/** What can be asked of this lane: a cut breaks no stream that was not there yet, on a slow machine or behind another fault. */
function outcomeFor(outcome: Outcome, lane: LaneRecord, { clock }: Recording, fault: BegunFault): Outcome {
  const at = clock.toPage(fault.at) - clock.uncertaintyMs - 1;
  const streams = TRAITS[lane.technique].brings === 'stream';
  if (!streams || !beginsWithCut(fault.fault) || wasStreaming(lane, at)) return outcome;
  const noticed: readonly Trouble[] = ['connection-lost', 'silent'];
  return {
    ...outcome,
    asks: outcome.asks === 'must' ? 'may' : outcome.asks,
    must: outcome.must.filter((trouble) => !noticed.includes(trouble)),
    may: [...outcome.may, ...noticed],
  };
}

/** Whether at `time` (ms, page's clock) the request was open that had brought the lane its last event. */
function wasStreaming({ events, requests }: LaneRecord, time: number): boolean {
  const last = events.from(time) - 1;
  if (last < 0) return false;
  const request = (events.request[last] as number) - 1;
  return request >= requests.length || (requests.end[request] as number) >= time;
}

/** Whether what an earlier fault did to this lane may not have been over when this one began. */
function overlaps(fault: BegunFault, technique: TechniqueId, { info }: Recording): boolean {
  return (info?.faults ?? []).some((other) => {
    if (!info || other === fault || other.at > fault.at || !other.techniques.includes(technique)) return false;
    const { withinMs } = OUTCOMES[outcomeName(other, technique, info.settings)];
    return other.at + (other.seconds ?? Number.POSITIVE_INFINITY) * 1000 + withinMs > fault.at;
  });
}

/** How late the slowest event has to be where something holds events back (ms); 0 where that cannot be known beforehand. */
function heldMs(fault: BegunFault, settings: RunSettings, eventMs: number, interval: number): number {
  if (settings.arrivals !== 'steady') return 0;
  if (fault.fault === 'stall') return Math.max(0, ((fault.seconds ?? 0) * 1000 - 2 * eventMs - interval) / 2);
  const gathered = fault.fault === 'proxy-buffer' || fault.fault === 'compressor' ? GATHERED_BYTES[fault.fault] : 0;
  return (gathered / (settings.payloadBytes + WRAPPING)) * eventMs * 0.5;
}
