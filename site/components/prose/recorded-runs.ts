/**
 * The recorded runs that demos, race and lab show where no demo server answers: made by `node tests/tools/record-runs.ts`, found at
 * build time by their settings.
 */

import type { RunDocument } from '../../../demo-server/measure/run-document.ts';
import { queryFromSettings, type WantedSettings } from '../../../demo-server/measure/settings.ts';

const files = import.meta.glob<RunDocument>('/content/recorded/runs/*.json', { import: 'default', eager: true });
const addresses = import.meta.glob<string>('/content/recorded/runs/*.json', {
  query: '?url',
  import: 'default',
  eager: true,
});

/** Where the page fetches the run that was recorded with these settings (any seed); '' where there is none yet. */
export function recordedRunAddress(settings: WantedSettings): string {
  const asked = withoutSeed(settings);
  const found = Object.entries(files).find(([, { run }]) => withoutSeed(run.settings) === asked);
  return found ? (addresses[found[0]] ?? '') : '';
}

const withoutSeed = ({ seed: _, ...settings }: WantedSettings): string => queryFromSettings(settings);
