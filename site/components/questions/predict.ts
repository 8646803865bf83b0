/** A guess at work: commits it, waits for the reader's own run, compares. Kept on the device. */
import { nearestChoice } from '../../../demo-server/classroom/protocol.ts';
import type { TechniqueId } from '../../../demo-server/protocol.ts';
import type { Connect } from '../../kit/element.ts';
import { type Format, formatter } from '../../kit/format.ts';
import { readWords, say, type Words } from '../../kit/words.ts';
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
  new Prediction(root).connect(signal);
};

class Prediction {
  readonly #root: HTMLElement;
  readonly #words: Words;
  readonly #format: Format;
  readonly #technique: TechniqueId;
  readonly #figure: FigureName;
  readonly #choices: number[] | null;
  readonly #status: HTMLElement;
  readonly #again: HTMLElement;
  #guess: Guess | null;

  constructor(root: HTMLElement) {
    this.#root = root;
    this.#words = readWords(root);
    this.#format = formatter(this.#words.language ?? 'en');
    this.#technique = root.dataset.technique as TechniqueId;
    this.#figure = root.dataset.figure as FigureName;
    this.#choices = JSON.parse(root.dataset.choices ?? 'null') as number[] | null;
    this.#status = this.#one('[role="status"]');
    this.#again = this.#one('[data-again]');
    this.#guess = this.#read();
  }

  connect(signal: AbortSignal): void {
    this.#one('form').addEventListener('submit', (event) => this.#commit(event), { signal });
    this.#again.addEventListener('click', () => this.#restart(), { signal });
    document.addEventListener(RUN_NEWS, (event) => this.#compare(event as CustomEvent<RunNews>), { signal });
    this.#show();
  }

  #one<T extends Element = HTMLElement>(query: string): T {
    const found = this.#root.querySelector<T>(query);
    if (!found) throw new Error(`<push-predict> lacks its ${query}`);
    return found;
  }

  // ------------------------------------------------------------------------------------------------- on the device

  get #key(): string {
    return `pushlab:${this.#root.id}`;
  }

  #read(): Guess | null {
    try {
      return JSON.parse(localStorage.getItem(this.#key) ?? 'null') as Guess | null;
    } catch {
      return null;
    }
  }

  #keep(guess: Guess | null): void {
    this.#guess = guess;
    try {
      if (guess === null) localStorage.removeItem(this.#key);
      else localStorage.setItem(this.#key, JSON.stringify(guess));
    } catch {
      // No storage on this device: the guess lives as long as the page.
    }
    this.#show();
  }

  // ------------------------------------------------------------------------------------------------------- showing

  #show(): void {
    const guess = this.#guess;
    this.#one<HTMLFieldSetElement>('fieldset').disabled = guess !== null;
    this.#one('[type="submit"]').hidden = guess !== null;
    this.#again.hidden = guess === null;
    this.#root.querySelector('.why')?.toggleAttribute('hidden', guess?.measured === undefined);
    for (const input of this.#root.querySelectorAll('input')) {
      if (input.type === 'radio') input.checked = guess !== null && Number(input.value) === guess.value;
      else input.value = guess ? String(guess.value) : '';
    }
    this.#status.textContent = guess ? this.#sentence(guess) : '';
  }

  #write(value: number): string {
    return this.#format[FIGURES[this.#figure]](value);
  }

  #sentence({ value, measured }: Guess): string {
    const words = this.#words;
    if (measured === undefined) return say(words, 'tags.predict.waiting', { guess: this.#write(value) });
    const values = { guess: this.#write(value), measured: this.#write(measured) };
    if (this.#choices) {
      const best = nearestChoice(this.#choices, measured);
      const verdict = best === value ? 'best' : 'other';
      return say(words, `tags.predict.${verdict}`, { ...values, best: this.#write(best) });
    }
    const { verdict, times } = compare(value, measured);
    return say(words, `tags.predict.${verdict}`, { ...values, times: this.#format.times(times) });
  }

  // ------------------------------------------------------------------------------------- the reader's guess and run

  #given(): number {
    const chosen = this.#root.querySelector<HTMLInputElement>('input:checked');
    if (chosen) return Number(chosen.value);
    return readNumber(this.#root.querySelector<HTMLInputElement>('input:not([type="radio"])')?.value ?? '');
  }

  #commit(event: Event): void {
    event.preventDefault();
    const value = this.#given();
    if (Number.isNaN(value) || value < 0) this.#status.textContent = say(this.#words, 'tags.predict.none');
    else {
      this.#keep({ value });
      this.#again.focus();
    }
  }

  #restart(): void {
    this.#keep(null);
    this.#root.querySelector('input')?.focus();
  }

  /** Compares the guess with the first whole run of the demo that it is about. */
  #compare({ target, detail: { state, kept } }: CustomEvent<RunNews>): void {
    const guess = this.#guess;
    if (target !== demoOf(this.#root, this.#technique) || !guess || guess.measured !== undefined) return;
    if (state === 'stopped')
      this.#status.textContent = say(this.#words, 'tags.predict.stopped', { guess: this.#write(guess.value) });
    const measured = kept.find((run: KeptRun) => run.technique === this.#technique)?.figures[this.#figure];
    if (measured !== undefined) this.#keep({ ...guess, measured });
  }
}
