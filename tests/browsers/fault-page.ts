/** What the test page runs: a whole comparison as the lab does it, and what each fault did to each lane. Bundled for the browser. */

import { now, type Receive } from '../../demo-server/measure/lane.ts';
import type { LaneRecord, Recording } from '../../demo-server/measure/recording.ts';
import { settingsFromTexts, textsFromQuery } from '../../demo-server/measure/settings.ts';
import type { BegunFault, FaultOrder, TechniqueId } from '../../demo-server/protocol.ts';
import { formatter } from '../../site/kit/format.ts';
import { judge } from '../../site/lab/faults/fault-happened.ts';
import { happenedInWords } from '../../site/lab/faults/fault-report.ts';
import { OUTCOMES } from '../../site/lab/faults/fault-table.ts';
import { type Break, runComparison } from '../../site/lab/run/comparison.ts';
import { receivers } from '../../site/lab/run/stage.ts';

/** One lane after the run: what the table expects, what came of it, and the words for it that a failed test shows. */
export interface FaultResult {
  technique: TechniqueId;
  outcome: string;
  verdict: string;
  differences: string[];
  happened: string;
  unaccountedBytes: number | undefined;
  /** Whether a connection of it was refused, and a request of its script failed. */
  refused: boolean;
}

/** What is broken, and how the run is watched: the watchdog of its hidden frame, how many events are awaited after all was as expected. */
export interface Watch {
  fault: FaultOrder;
  silenceMs: number;
  afterwards: number;
}

/**
 * Runs the comparison that the query spells, begins the fault once every lane has had an event, and judges it in each. The
 * run is stopped when the fault is over, every lane has done as expected and has had so many more events; or as soon as
 * one has not.
 */
export async function runFault(query: string, { fault, silenceMs, afterwards }: Watch): Promise<FaultResult[]> {
  const read = settingsFromTexts(textsFromQuery(query));
  if ('faults' in read) throw new Error(JSON.stringify(read.faults));
  const stop = new AbortController();
  let recording: Recording | undefined;
  let until = Number.POSITIVE_INFINITY;
  let breakIt: Break | null = null;
  let ordered: Promise<void> | null = null;
  function look(): void {
    if (!recording || stop.signal.aborted) return;
    const all = [...recording.lanes.values()];
    // Not at an event that is named beforehand: on a busy machine a browser may not have opened every stream by then.
    if (!ordered && breakIt && all.every(({ events }) => events.length > 0)) {
      ordered = breakIt(fault);
      ordered.catch(() => stop.abort());
    }
    const [begun] = recording.info?.faults ?? [];
    if (!begun || now() < end(begun, recording)) return;
    const verdicts = all.map((lane) => judge(lane, recording as Recording, begun, now())?.verdict);
    if (verdicts.includes('differs')) stop.abort();
    if (!verdicts.every((verdict) => verdict === 'agrees')) return;
    if (until === Number.POSITIVE_INFINITY) until = Math.max(...all.map(newest)) + afterwards;
    if (all.every((lane) => newest(lane) >= until)) stop.abort();
  }
  const watched = new Map<TechniqueId, Receive>();
  for (const [id, receive] of receivers) {
    watched.set(id, (lane) =>
      receive({
        ...lane,
        // The other streams are told of a connection that is gone; on a busy machine theirs must not bark.
        ...(id === 'iframe-stream' ? { silenceMs } : {}),
        sample(sample) {
          lane.sample(sample);
          look();
        },
      }),
    );
  }
  const done = await runComparison({
    settings: read.settings,
    receivers: watched,
    signal: new AbortController().signal,
    stop: stop.signal,
    tell(phase, made, order) {
      recording = made;
      if (phase === 'running') breakIt = order;
    },
  });
  await ordered;
  const [begun, ...more] = done.info?.faults ?? [];
  if (!begun || more.length > 0)
    throw new Error(`the run tells of ${more.length + (begun ? 1 : 0)} faults, not of one`);
  return [...done.lanes.values()].map((lane) => resultOf(lane, done, begun));
}

function resultOf(lane: LaneRecord, recording: Recording, fault: BegunFault): FaultResult {
  const judgement = judge(lane, recording, fault, recording.over);
  if (!judgement) throw new Error(`no judgement of ${lane.technique}`);
  const { name, verdict, differences, happened } = judgement;
  const words = happenedInWords(happened, {}, formatter('en'));
  return {
    technique: lane.technique,
    outcome: name in OUTCOMES ? name : '',
    verdict,
    differences,
    happened: `${words} ${JSON.stringify(happened)} ${lane.failed ?? ''}`,
    unaccountedBytes: lane.ledger?.unaccountedBytes,
    refused:
      lane.ledger?.cuts.some(({ reason }) => reason.startsWith('refused')) === true &&
      (happened.troubles['connection-lost'] ?? 0) > 0,
  };
}

/** When a fault is over, in page time; one that lasts until the run ends is as over as it gets. */
function end({ at, seconds }: BegunFault, { clock }: Recording): number {
  return clock.toPage(at) + (seconds ?? 0) * 1000;
}

function newest({ events }: LaneRecord): number {
  return events.length === 0 ? 0 : (events.seq[events.length - 1] as number);
}

Object.assign(window, { runFault });
