/**
 * A run that was recorded, for where no demo server answers: shown in the same views, and said to be what it is. Loaded only
 * there.
 */

import type { Recording } from '../../../demo-server/measure/recording.ts';
import { type RunDocument, recordingOf, withDefaults } from '../../../demo-server/measure/run-document.ts';
import type { Format } from '../../kit/format.ts';
import { say, type Words } from '../../kit/words.ts';
import { dateIn } from '../tables/run-words.ts';

export interface RecordedRun {
  document: RunDocument;
  recording: Recording;
}

/** Fetches the recorded run at `address`; null where it cannot be had. */
export async function fetchRecorded(address: string, signal: AbortSignal): Promise<RecordedRun | null> {
  if (address === '') return null;
  try {
    const answer = await fetch(address, { signal });
    // From our own build, which has read it: the schema is not loaded for it.
    const found = withDefaults((await answer.json()) as RunDocument);
    return answer.ok ? { document: found, recording: recordingOf(found) } : null;
  } catch {
    return null;
  }
}

/** What has to be said beside a recording: that it is not live, when and with what it was made, how long it was. */
export function recordedInWords({ document: kept }: RecordedRun, words: Words, format: Format): string {
  const { at, agent, system } = kept.made;
  const { eventsPerSecond, durationSeconds } = kept.run.settings;
  return say(words, 'runs.recorded', {
    date: dateIn(words, at),
    agent,
    system,
    rate: String(eventsPerSecond),
    duration: format.count(durationSeconds),
  });
}
