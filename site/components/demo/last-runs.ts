/**
 * What the reader's last finished run of each technique measured, kept on the device for the lesson around it. Small and
 * without any chart code: lesson pages import it.
 */
import type { LaneLedger, RunSettings, TechniqueId } from '../../../demo-server/protocol.ts';

/** How a figure is written. */
export type FigureKind = 'count' | 'bytes' | 'ms';

/** Every figure that a lesson may ask about, by the name that authors use. */
export const FIGURES = {
  requests: 'count',
  connectionsOpened: 'count',
  connectionsReused: 'count',
  events: 'count',
  lost: 'count',
  headBytes: 'bytes',
  headUp: 'bytes',
  headDown: 'bytes',
  framing: 'bytes',
  envelope: 'bytes',
  payload: 'bytes',
  redundantPayload: 'bytes',
  wireBytes: 'bytes',
  bytesPerEvent: 'bytes',
  latencyP50: 'ms',
  latencyP95: 'ms',
  latencyMax: 'ms',
} as const satisfies Record<string, FigureKind>;
export type FigureName = keyof typeof FIGURES;

/** One finished run of one technique. Figures that there was nothing to tell of are missing. */
export interface KeptRun {
  run: string;
  technique: TechniqueId;
  settings: RunSettings;
  /** When it ended, in ms since the epoch by the server's clock. */
  endedAt: number;
  ledger: LaneLedger;
  figures: Partial<Record<FigureName, number>>;
  /** How far latencies may be off, in ms; null where nobody knows. */
  uncertaintyMs: number | null;
}

/** Dispatched by a demo on itself, bubbling, as its run begins and ends. `kept` has what was measured once it is finished. */
export interface RunNews {
  run: string;
  techniques: readonly TechniqueId[];
  state: 'running' | 'finished' | 'stopped' | 'failed';
  kept: readonly KeptRun[];
}

export const RUN_NEWS = 'pushlab:run';

const keyOf = (technique: TechniqueId): string => `pushlab:run:${technique}`;

/** Keeps a run as the technique's last one. Where the device keeps nothing, it lives in the event alone. */
export function keepRun(kept: KeptRun): void {
  try {
    localStorage.setItem(keyOf(kept.technique), JSON.stringify(kept));
  } catch {
    // Storage is full or not allowed.
  }
}

/** The technique's last finished run on this device; null where there is none. */
export function lastRun(technique: TechniqueId): KeptRun | null {
  try {
    return JSON.parse(localStorage.getItem(keyOf(technique)) ?? 'null') as KeptRun | null;
  } catch {
    return null;
  }
}
