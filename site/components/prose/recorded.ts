/** The recorded exchanges that stand in until the reader has run something: made by `node tests/tools/record.ts`, read at build time. */
import type { TechniqueId, WireTranscript } from '../../../demo-server/protocol.ts';
import type { KeptRun } from '../demo/last-runs.ts';

/** A file of content/recorded/: one run of one technique, as it was, and with what it was made. */
export interface Recorded {
  technique: TechniqueId;
  browser: string;
  date: string;
  command: string;
  run: KeptRun;
  transcript: WireTranscript;
}

const files = import.meta.glob<Recorded>('/content/recorded/*.json', { import: 'default', eager: true });
const addresses = import.meta.glob<string>('/content/recorded/*.json', {
  query: '?url',
  import: 'default',
  eager: true,
});
const fileOf = (technique: TechniqueId): string => `/content/recorded/${technique}.json`;

/** The recording of a technique. Throws where there is none. */
export function recordedOf(tag: string, technique: TechniqueId): Recorded {
  const found = files[fileOf(technique)];
  if (!found)
    throw new Error(`<${tag} technique="${technique}"> has no recording: run node tests/tools/record.ts ${technique}`);
  return found;
}

/** Where the page fetches the recording from. */
export function recordedAddress(technique: TechniqueId): string {
  return addresses[fileOf(technique)] ?? '';
}
