/** A quiz at work: checks the answer, says why, and keeps on the device that the answer was right. */
import type { Connect } from '../../kit/element.ts';
import { h } from '../../kit/html.ts';
import { near, readNumber } from './quiz-check.ts';

type Said = 'right' | 'wrong';
type Word = Said | 'some' | 'none' | 'noNumber' | 'isRight' | 'isWrong' | 'places';

interface Result {
  said: Said;
  words: string;
}

/** Connects the shell `root`. */
export const connectQuiz: Connect = (root, signal) => {
  new Quiz(root).connect(signal);
};

class Quiz {
  readonly #root: HTMLElement;
  readonly #form: HTMLFormElement;
  readonly #status: HTMLElement;
  readonly #again: HTMLElement;
  readonly #words: Record<Word, string>;
  readonly #judges: Record<string, () => Result | string> = {
    one: () => this.#judgeOne(),
    several: () => this.#judgeSeveral(),
    order: () => this.#judgeOrder(),
    number: () => this.#judgeNumber(),
  };

  constructor(root: HTMLElement) {
    this.#root = root;
    this.#form = this.#one('form');
    this.#status = this.#one('[role="status"]');
    this.#again = this.#one('[data-again]');
    this.#words = JSON.parse(root.dataset.words ?? '{}') as Record<Word, string>;
  }

  connect(signal: AbortSignal): void {
    const form = this.#form;
    form.addEventListener('submit', (event) => this.#submit(event), { signal });
    form.addEventListener('input', () => this.#unmark(), { signal });
    form.addEventListener('click', ({ target }) => this.#move(target as Element), { signal });
    this.#again.addEventListener('click', () => this.#restart(), { signal });
    this.#markEnds();
    if (this.#wasRight()) this.#solve();
  }

  #one<T extends Element = HTMLElement>(query: string): T {
    const found = this.#root.querySelector<T>(query);
    if (!found) throw new Error(`<push-quiz> lacks its ${query}`);
    return found;
  }

  #rows(): HTMLElement[] {
    return [...this.#root.querySelectorAll<HTMLElement>('.answers li')];
  }

  // ------------------------------------------------------------------------------------------------- what was answered

  #judge(): Result | string {
    return this.#judges[this.#root.dataset.kind ?? '']?.() ?? '';
  }

  #result(right: boolean): Result {
    const said = right ? 'right' : 'wrong';
    return { said, words: this.#words[said] };
  }

  #judgeOne(): Result | string {
    const row = this.#rows().find(isTicked);
    if (!row) return this.#words.none;
    this.#mark(row, isRight(row));
    return this.#result(isRight(row));
  }

  #judgeSeveral(): Result | string {
    const rows = this.#rows();
    const ticked = rows.filter(isTicked);
    if (ticked.length === 0) return this.#words.none;
    for (const row of ticked) this.#mark(row, isRight(row));
    if (!ticked.every(isRight)) return this.#result(false);
    const missing = rows.some((row) => isRight(row) && !isTicked(row));
    return missing ? { said: 'wrong', words: this.#words.some } : this.#result(true);
  }

  #judgeOrder(): Result {
    const rows = this.#rows();
    const fits = rows.map((row, i) => Number(row.dataset.place) === i);
    rows.forEach((row, i) => {
      this.#mark(row, fits[i] === true);
    });
    const right = fits.filter(Boolean).length;
    if (right === rows.length) return this.#result(true);
    const words = this.#words.places.replace('{{right}}', String(right)).replace('{{all}}', String(rows.length));
    return { said: 'wrong', words };
  }

  #judgeNumber(): Result | string {
    const given = readNumber(this.#one<HTMLInputElement>('.number input').value);
    if (Number.isNaN(given)) return this.#words.noNumber;
    const { value, tolerance } = this.#root.dataset;
    return this.#result(near(given, Number(value), Number(tolerance)));
  }

  // --------------------------------------------------------------------------------------------------------- showing

  #mark(row: HTMLElement, right: boolean): void {
    row.dataset.said = right ? 'right' : 'wrong';
    const word = right ? this.#words.isRight : this.#words.isWrong;
    (row.querySelector('label') ?? row).prepend(h('span', { class: 'sr-only told' }, word));
    row.querySelector('.why')?.removeAttribute('hidden');
  }

  #unmark(): void {
    this.#status.textContent = '';
    delete this.#status.dataset.said;
    for (const row of this.#rows()) delete row.dataset.said;
    for (const word of this.#root.querySelectorAll('.told')) word.remove();
    for (const why of this.#root.querySelectorAll('form .why')) why.setAttribute('hidden', '');
  }

  #show(result: Result | string): void {
    if (typeof result === 'string') {
      this.#status.textContent = result;
      return;
    }
    this.#status.textContent = result.words;
    this.#status.dataset.said = result.said;
    this.#root.querySelector('.why.all')?.removeAttribute('hidden');
    this.#again.hidden = false;
    if (result.said === 'right') this.#keep('right');
  }

  /** The first item cannot go up, the last cannot go down. */
  #markEnds(): void {
    const rows = this.#rows();
    rows.forEach((row, i) => {
      const [up, down] = row.querySelectorAll('button');
      if (up) up.disabled = i === 0;
      if (down) down.disabled = i === rows.length - 1;
    });
  }

  /** Shows the right answer, which the reader has given before. */
  #solve(): void {
    for (const row of this.#rows()) {
      const input = row.querySelector('input');
      if (input) input.checked = isRight(row);
    }
    const list = this.#root.querySelector('.sortable');
    list?.append(...this.#rows().sort((a, b) => Number(a.dataset.place) - Number(b.dataset.place)));
    const number = this.#root.querySelector<HTMLInputElement>('.number input');
    if (number) number.value = this.#root.dataset.value ?? '';
    this.#markEnds();
    this.#unmark();
    this.#show(this.#judge());
  }

  // ------------------------------------------------------------------------------------------------- the reader's deeds

  #submit(event: Event): void {
    event.preventDefault();
    this.#unmark();
    this.#show(this.#judge());
  }

  #move(target: Element): void {
    const button = target.closest<HTMLButtonElement>('[data-move]');
    const row = button?.closest('li');
    if (!button || !row) return;
    this.#unmark();
    if (button.dataset.move === '1') row.nextElementSibling?.after(row);
    else row.previousElementSibling?.before(row);
    this.#markEnds();
    if (button.disabled) row.querySelector<HTMLButtonElement>('button:enabled')?.focus();
    else button.focus();
  }

  #restart(): void {
    this.#unmark();
    this.#form.reset();
    this.#keep(null);
    this.#again.hidden = true;
    this.#form.querySelector<HTMLElement>('input, button')?.focus();
  }

  // ---------------------------------------------------------------------------------------------------- on the device

  #keep(value: 'right' | null): void {
    const key = `pushlab:${this.#root.id}`;
    try {
      if (value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, value);
    } catch {
      // No storage on this device: the answer lives as long as the page.
    }
  }

  #wasRight(): boolean {
    try {
      return localStorage.getItem(`pushlab:${this.#root.id}`) === 'right';
    } catch {
      return false;
    }
  }
}

const isRight = (row: HTMLElement): boolean => row.dataset.right === 'true';
const isTicked = (row: HTMLElement): boolean => row.querySelector('input')?.checked === true;
