/** Tells the page around a demo how its run goes, and keeps the figures of a finished one. */

import { summaryOf } from '../../../demo-server/measure/measures.ts';
import type { LaneRecord, Recording } from '../../../demo-server/measure/recording.ts';
import { bytesPerEvent, headBytes, wireBytes } from '../../../demo-server/measure/statistics.ts';
import { FIGURES, type FigureName, type KeptRun, keepRun, RUN_NEWS, type RunNews } from './last-runs.ts';

/** Dispatches the news on `root`. */
export function tellRun(root: HTMLElement, state: RunNews['state'], recording: Recording): void {
  const lanes = [...recording.lanes.values()];
  const kept = state === 'finished' ? lanes.flatMap((lane) => keptOf(lane, recording) ?? []) : [];
  for (const one of kept) keepRun(one);
  const techniques = lanes.map(({ technique }) => technique);
  const detail: RunNews = { run: recording.info?.id ?? '', techniques, state, kept };
  root.dispatchEvent(new CustomEvent(RUN_NEWS, { bubbles: true, detail }));
}

function keptOf(lane: LaneRecord, recording: Recording): KeptRun | undefined {
  const { ledger, technique } = lane;
  const { info, clock } = recording;
  if (!ledger || !info || info.endsAt === null) return undefined;
  const { latency, integrity } = summaryOf(lane, recording);
  const { up, down } = ledger.bytes;
  const all: Record<FigureName, number | null | undefined> = {
    requests: ledger.requests,
    connectionsOpened: ledger.connectionsOpened,
    connectionsReused: ledger.connectionsReused,
    events: integrity.received,
    lost: integrity.lost,
    headBytes: headBytes(ledger),
    headUp: up.head,
    headDown: down.head,
    framing: up.framing + down.framing,
    envelope: down.envelope,
    payload: down.payload,
    redundantPayload: down.redundantPayload,
    wireBytes: wireBytes(ledger),
    bytesPerEvent: bytesPerEvent(ledger),
    latencyP50: latency?.p50,
    latencyP95: latency?.p95,
    latencyMax: latency?.max,
  };
  const names = Object.keys(FIGURES) as FigureName[];
  return {
    run: info.id,
    technique,
    settings: info.settings,
    endedAt: info.endsAt,
    ledger,
    figures: Object.fromEntries(names.flatMap((name) => (all[name] == null ? [] : [[name, all[name]]]))),
    uncertaintyMs: clock.current ? clock.uncertaintyMs : null,
  };
}
