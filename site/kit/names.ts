import { TECHNIQUES, type TechniqueId } from '../../demo-server/protocol.ts';
import type { Words } from './words.ts';

/** The technique names in the page's language. */
export function namesFrom(words: Words): Readonly<Record<TechniqueId, string>> {
  const pairs = TECHNIQUES.map((id) => [id, words[`technique.${id}.name`] ?? id]);
  return Object.fromEntries(pairs) as Record<TechniqueId, string>;
}
