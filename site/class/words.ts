/** The classroom's sentences. They come by a request of their own: pages carry none of them for readers who are in no class. */
import { TECHNIQUES, type TechniqueId } from '../../demo-server/protocol.ts';
import type { Words } from '../kit/words.ts';

let words: Promise<Words> | undefined;

/** The texts under `class.` and the names of the techniques in the page's language. Rejects where they cannot be loaded. */
export function classWords(): Promise<Words> {
  const language = document.documentElement.lang.toLowerCase();
  const folder = language === 'en' ? '' : `/${language}`;
  words ??= fetch(`${folder}/class-words.json`).then((answer) => {
    if (!answer.ok) throw new Error(`No words of the classroom: ${answer.status}`);
    return answer.json() as Promise<Words>;
  });
  words.catch(() => {
    words = undefined;
  });
  return words;
}

/** The techniques' names in the page's language. */
export function techniqueNames(words: Words): Readonly<Record<TechniqueId, string>> {
  const pairs = TECHNIQUES.map((id) => [id, words[`technique.${id}.name`] ?? id]);
  return Object.fromEntries(pairs) as Record<TechniqueId, string>;
}
