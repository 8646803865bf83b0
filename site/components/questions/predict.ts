/** A guess at work: commits it, waits for the reader's own run, compares. Kept on the device. */
import { nearestChoice } from '../../../demo-server/classroom/protocol.ts';
import type { TechniqueId } from '../../../demo-server/protocol.ts';
import type { Connect } from '../../kit/element.ts';
import { formatter } from '../../kit/format.ts';
import { readWords, say } from '../../kit/words.ts';
import { FIGURES, type FigureName, type KeptRun, RUN_NEWS, type RunNews } from '../demo/last-runs.ts';
import { demoOf } from './demo-of.ts';
import { compare } from './predict-words.ts';
import { readNumber } from './quiz-check.ts';

interface Guess {
  value: number;
  /** What the first whole run behind the guess measured. */
  measured?: number;
}

/** Connects the shell `root`. */
export const connectPredict: Connect = (root, signal) => {
  const one = <T extends Element = HTMLElement>(query: string): T => {
    const found = root.querySelector<T>(query);
    if (!found) throw new Error(`<push-predict> lacks its ${query}`);
    return found;
  };
  const words = readWords(root);
  const format = formatter(words.language ?? 'en');
  const technique = root.dataset.technique as TechniqueId;
  const figure = root.dataset.figure as FigureName;
  const choices = JSON.parse(root.dataset.choices ?? 'null') as number[] | null;
  const write = (value: number) => format[FIGURES[figure]](value);
  const [form, fieldset, commit, status, again] = [
    one<HTMLFormElement>('form'),
    one<HTMLFieldSetElement>('fieldset'),
    one('[type="submit"]'),
    one('[role="status"]'),
    one('[data-again]'),
  ];
  const why = root.querySelector('.why');
  const key = `pushlab:${root.id}`;
  let guess = read();

  function read(): Guess | null {
    try {
      return JSON.parse(localStorage.getItem(key) ?? 'null') as Guess | null;
    } catch {
      return null;
    }
  }
  function keep(now: Guess | null): void {
    guess = now;
    try {
      if (now === null) localStorage.removeItem(key);
      else localStorage.setItem(key, JSON.stringify(now));
    } catch {
      // No storage on this device: the guess lives as long as the page.
    }
    show();
  }

  function show(): void {
    fieldset.disabled = guess !== null;
    commit.hidden = guess !== null;
    again.hidden = guess === null;
    why?.toggleAttribute('hidden', guess?.measured === undefined);
    for (const input of root.querySelectorAll('input')) {
      if (input.type === 'radio') input.checked = guess !== null && Number(input.value) === guess.value;
      else input.value = guess ? String(guess.value) : '';
    }
    status.textContent = guess ? sentence(guess) : '';
  }
  function sentence({ value, measured }: Guess): string {
    if (measured === undefined) return say(words, 'tags.predict.waiting', { guess: write(value) });
    const values = { guess: write(value), measured: write(measured) };
    if (choices) {
      const verdict = nearestChoice(choices, measured) === value ? 'best' : 'other';
      return say(words, `tags.predict.${verdict}`, { ...values, best: write(nearestChoice(choices, measured)) });
    }
    const { verdict, times } = compare(value, measured);
    return say(words, `tags.predict.${verdict}`, { ...values, times: format.times(times) });
  }
  function given(): number {
    const chosen = root.querySelector<HTMLInputElement>('input:checked');
    if (chosen) return Number(chosen.value);
    return readNumber(root.querySelector<HTMLInputElement>('input:not([type="radio"])')?.value ?? '');
  }

  form.addEventListener(
    'submit',
    (event) => {
      event.preventDefault();
      const value = given();
      if (Number.isNaN(value) || value < 0) status.textContent = say(words, 'tags.predict.none');
      else {
        keep({ value });
        again.focus();
      }
    },
    { signal },
  );
  again.addEventListener(
    'click',
    () => {
      keep(null);
      root.querySelector('input')?.focus();
    },
    { signal },
  );
  document.addEventListener(
    RUN_NEWS,
    (event) => {
      const { state, kept } = (event as CustomEvent<RunNews>).detail;
      if (event.target !== demoOf(root, technique) || !guess || guess.measured !== undefined) return;
      if (state === 'stopped') status.textContent = say(words, 'tags.predict.stopped', { guess: write(guess.value) });
      const measured = kept.find((run: KeptRun) => run.technique === technique)?.figures[figure];
      if (measured !== undefined) keep({ ...guess, measured });
    },
    { signal },
  );
  show();
};
