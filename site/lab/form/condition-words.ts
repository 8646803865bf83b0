/**
 * The simulated network of a run in words, for wherever its figures stand: nobody is to take them for a real network's.
 */
import { NETWORKS, type NetworkId, type NetworkSettings } from '../../../demo-server/protocol.ts';
import type { Format } from '../../kit/format.ts';
import { say, type Words } from '../../kit/words.ts';

const PARTS = ['rttMs', 'jitterMs', 'kilobitsPerSecond', 'cutEverySeconds'] as const;

/** The named network that has just these values, or null. */
export function networkOf(settings: NetworkSettings): NetworkId | null {
  const names = Object.keys(NETWORKS) as NetworkId[];
  return names.find((id) => PARTS.every((part) => NETWORKS[id][part] === settings[part])) ?? null;
}

/** What is simulated, such as `Satellite (round trip + 600 ms, …)`; null where nothing is. */
export function simulatedInWords(settings: NetworkSettings, words: Words, format: Format): string | null {
  const parts = PARTS.filter((part) => settings[part] > 0).map((part) =>
    say(words, `lab.simulated.${part}`, { value: format.count(settings[part]) }),
  );
  if (parts.length === 0) return null;
  const name = networkOf(settings);
  const conditions = parts.join(', ');
  return name ? say(words, 'lab.simulated.like', { name: say(words, `lab.network.${name}`), conditions }) : conditions;
}
