/**
 * Which rungs the reader has read, kept on the device. An inline script in the page's head puts the list on the root
 * element before anything is drawn, and CSS marks the ladder by it; this is the button at a lesson's end, and the words.
 */
import type { Connect } from '../kit/element.ts';

/** Words with spaces between them, as in `data-read` of the root element. Also in astro.config.mjs. */
const KEY = 'pushlab:read';

const readOnes = (): string[] => (document.documentElement.dataset.read ?? '').split(' ').filter(Boolean);

function keep(ids: readonly string[]): void {
  document.documentElement.dataset.read = ids.join(' ');
  try {
    localStorage.setItem(KEY, ids.join(' '));
  } catch {
    // No storage on this device: the mark lives as long as the page.
  }
}

/** Says in words, for those who do not see the mark, which links lead to rungs that were read. */
function tellLinks(word: string): void {
  const read = readOnes();
  for (const link of document.querySelectorAll<HTMLElement>('a[data-technique]')) {
    const told = link.querySelector('.told-read');
    const is = read.includes(link.dataset.technique ?? '');
    if (!is) told?.remove();
    if (!is || told) continue;
    const note = document.createElement('span');
    note.className = 'told-read sr-only';
    note.textContent = ` (${word})`;
    link.append(note);
  }
}

/** Connects the shell `root`. */
export const connectProgress: Connect = (root, signal) => {
  const button = root.querySelector('button');
  const count = root.querySelector('[role="status"]');
  const { id = '', word = '', mark = '', marked = '', sentence = '', all = '' } = root.dataset;
  if (!button || !count) throw new Error('<push-progress> lacks its button or its status');
  const show = () => {
    const read = readOnes();
    button.setAttribute('aria-pressed', String(read.includes(id)));
    button.textContent = read.includes(id) ? marked : mark;
    const known = all.split(' ');
    count.textContent = sentence.replace('{{read}}', String(read.filter((one) => known.includes(one)).length));
    tellLinks(word);
  };
  button.addEventListener(
    'click',
    () => {
      const read = readOnes();
      keep(read.includes(id) ? read.filter((one) => one !== id) : [...read, id]);
      show();
    },
    { signal },
  );
  button.disabled = false;
  show();
};
