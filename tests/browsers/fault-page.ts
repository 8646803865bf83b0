/** What the test page runs: a whole comparison as the lab does it, and what each fault did to each lane. Bundled for the browser. */
import type { TechniqueId } from '../../demo-server/protocol.ts';
import { runComparison } from '../../site/lab/comparison.ts';
import { judge } from '../../site/lab/fault-happened.ts';
import { happenedInWords } from '../../site/lab/fault-report.ts';
import { OUTCOMES } from '../../site/lab/fault-table.ts';
import { formatter } from '../../site/lab/format.ts';
import { settingsFromTexts, textsFromQuery } from '../../site/lab/settings.ts';
import { receivers } from '../../site/lab/stage.ts';
import type { Receive } from '../../site/techniques/lane.ts';

/** One lane after the run: what the table expects, what came of it, and the words for it that a failed test shows. */
export interface FaultResult {
  technique: TechniqueId;
  outcome: string;
  verdict: string;
  differences: string[];
  happened: string;
  unaccountedBytes: number | undefined;
}

/** Runs the comparison that the query spells, with a watchdog of `silenceMs`, and judges its only fault in every lane. */
export async function runFault(query: string, silenceMs: number): Promise<FaultResult[]> {
  const read = settingsFromTexts(textsFromQuery(query));
  if ('faults' in read) throw new Error(JSON.stringify(read.faults));
  const impatient = new Map<TechniqueId, Receive>();
  for (const [id, receive] of receivers) impatient.set(id, (lane) => receive({ ...lane, silenceMs }));
  const { signal } = new AbortController();
  const recording = await runComparison({
    settings: read.settings,
    receivers: impatient,
    signal,
    stop: signal,
    tell() {},
  });
  const [fault, ...more] = recording.info?.faults ?? [];
  if (!fault || more.length > 0)
    throw new Error(`the run tells of ${more.length + (fault ? 1 : 0)} faults, not of one`);
  return [...recording.lanes.values()].map((lane) => {
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
    };
  });
}

Object.assign(window, { runFault });
