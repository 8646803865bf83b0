/**
 * The buttons beside a picture that take it away.
 */
import { say, type Words } from '../../kit/words.ts';

/** The forms in which a picture is taken away: as it looks, in pixels, as the numbers in it. */
const TAKES = ['svg', 'png', 'csv'] as const;
export type Take = (typeof TAKES)[number];

/** The buttons of the picture `title`; `save` is called with the form that was pressed. */
export function takeButtons(title: string, words: Words, save: (kind: Take) => void): HTMLElement {
  const box = document.createElement('p');
  box.className = 'take';
  for (const kind of TAKES) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'quiet';
    button.textContent = kind.toUpperCase();
    button.title = say(words, `runs.save.${kind}`, { title });
    button.setAttribute('aria-label', button.title);
    button.addEventListener('click', () => save(kind));
    box.append(button);
  }
  return box;
}
