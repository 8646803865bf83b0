/**
 * A comparison's problem as a sentence and a way on.
 */

import { say, type Words } from '../../kit/words.ts';
import { Problem } from './run-requests.ts';

export interface Plight {
  text: string;
  /** What the button beside the sentence does: make the other run stop and start here, or try once more. */
  wayOn: 'takeOver' | 'again' | null;
  /** Set where a recorded run stands in: that is a note, and no failure. */
  tone?: 'recorded';
}

/** The sentence and the way on for whatever `runComparison` rejected with. */
export function plightOf(error: unknown, words: Words): Plight {
  if (!(error instanceof Problem)) {
    return { text: say(words, 'lab.problem.other', { message: String(error) }), wayOn: 'again' };
  }
  if (error.kind === 'second-tab') return { text: say(words, 'lab.problem.secondTab'), wayOn: 'takeOver' };
  if (error.kind === 'refused') {
    const busy = error.status === 429 || error.status === 503;
    const key = error.faults.length > 0 ? 'settings' : busy ? 'busy' : 'refused';
    return {
      text: say(words, `lab.problem.${key}`, { message: error.message, status: error.status }),
      wayOn: error.faults.length > 0 ? null : 'again',
    };
  }
  return { text: say(words, `lab.problem.${error.kind}`), wayOn: 'again' };
}

/** Fills the box that tells a problem and offers the way on; `null` hides it. */
export function showPlight(
  box: HTMLElement,
  plight: Plight | null,
  words: Words,
  act: (takeOver: boolean) => void,
): void {
  box.hidden = plight === null;
  box.dataset.tone = plight?.tone ?? '';
  const text = box.querySelector('p');
  const button = box.querySelector('button');
  if (!text || !button) throw new Error('The problem box lacks its <p> or its <button>');
  text.textContent = plight?.text ?? '';
  button.hidden = !plight?.wayOn;
  if (plight?.wayOn) button.textContent = say(words, `lab.wayOn.${plight.wayOn}`);
  button.onclick = () => act(plight?.wayOn === 'takeOver');
}
