/** What the test page runs: one lane of one technique, its samples collected until it ends. Bundled for the browser. */

import type { Lane, Sample } from '../../demo-server/measure/lane.ts';
import type { TechniqueId } from '../../demo-server/protocol.ts';
import { techniques } from '../../site/techniques/index.ts';

/** How a lane went: its samples, and the words it was refused with. */
export interface LaneReport {
  samples: Sample[];
  refused: string | null;
}

/** Runs a lane until its run has ended, or until it has `enough` events, when it is aborted. */
export async function runLane(
  id: TechniqueId,
  settings: Pick<Lane, 'run' | 'pollIntervalMs' | 'silenceMs' | 'uplinkPerSecond' | 'payloadBytes'> &
    Partial<Pick<Lane, 'server'>>,
  enough: number,
): Promise<LaneReport> {
  const receive = techniques.find((technique) => technique.id === id)?.receive;
  if (!receive) throw new Error(`no technique ${id}`);
  const samples: Sample[] = [];
  const stop = new AbortController();
  const sample = (one: Sample): void => {
    samples.push(one);
    if (samples.filter(({ kind }) => kind === 'event').length >= enough) stop.abort();
  };
  try {
    await receive({ server: '', signal: stop.signal, sample, ...settings });
    return { samples, refused: null };
  } catch (error) {
    return { samples, refused: (error as Error).message };
  }
}

Object.assign(window, { runLane });
