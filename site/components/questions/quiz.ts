/** A quiz at work: checks the answer, says why, and remembers on the device what was answered rightly. */
import type { Connect } from '../../kit/element.ts';
import { near, readNumber } from './quiz-check.ts';

type Said = 'right' | 'wrong';
type Word = Said | 'some' | 'none' | 'noNumber' | 'isRight' | 'isWrong' | 'places';

interface Result {
  said: Said;
  words: string;
}

/** Connects the shell `root`. */
export const connectQuiz: Connect = (root, signal) => {
  const one = <T extends Element = HTMLElement>(query: string): T => {
    const found = root.querySelector<T>(query);
    if (!found) throw new Error(`<push-quiz> lacks its ${query}`);
    return found;
  };
  const words = JSON.parse(root.dataset.words ?? '{}') as Record<Word, string>;
  const [form, status, again] = [one<HTMLFormElement>('form'), one('[role="status"]'), one('[data-again]')];
  const rows = () => [...root.querySelectorAll<HTMLElement>('.answers li')];
  const inputOf = (row: HTMLElement) => row.querySelector('input') as HTMLInputElement;
  const kept = `pushlab:${root.id}`;

  const mark = (row: HTMLElement, said: Said) => {
    row.dataset.said = said;
    const told = document.createElement('span');
    told.className = 'sr-only told';
    told.textContent = said === 'right' ? words.isRight : words.isWrong;
    (row.querySelector('label') ?? row).prepend(told);
    row.querySelector('.why')?.removeAttribute('hidden');
  };
  const judge: Record<string, () => Result | string> = {
    one() {
      const row = rows().find((each) => inputOf(each).checked);
      if (!row) return words.none;
      const said = row.dataset.right === 'true' ? 'right' : 'wrong';
      mark(row, said);
      return { said, words: words[said] };
    },
    several() {
      const ticked = rows().filter((row) => inputOf(row).checked);
      if (ticked.length === 0) return words.none;
      for (const row of ticked) mark(row, row.dataset.right === 'true' ? 'right' : 'wrong');
      const wrong = ticked.some((row) => row.dataset.right !== 'true');
      const missing = rows().some((row) => row.dataset.right === 'true' && !inputOf(row).checked);
      if (wrong) return { said: 'wrong', words: words.wrong };
      return missing ? { said: 'wrong', words: words.some } : { said: 'right', words: words.right };
    },
    order() {
      const wrong = rows().filter((row, i) => {
        const fits = Number(row.dataset.place) === i;
        mark(row, fits ? 'right' : 'wrong');
        return !fits;
      });
      if (wrong.length === 0) return { said: 'right', words: words.right };
      const all = rows().length;
      const places = words.places.replace('{{right}}', String(all - wrong.length)).replace('{{all}}', String(all));
      return { said: 'wrong', words: places };
    },
    number() {
      const given = readNumber(one<HTMLInputElement>('.number input').value);
      if (Number.isNaN(given)) return words.noNumber;
      const said = near(given, Number(root.dataset.value), Number(root.dataset.tolerance)) ? 'right' : 'wrong';
      return { said, words: words[said] };
    },
  };

  const unmark = () => {
    status.textContent = '';
    delete status.dataset.said;
    for (const row of rows()) delete row.dataset.said;
    for (const told of root.querySelectorAll('.told')) told.remove();
    for (const why of root.querySelectorAll('form .why')) why.setAttribute('hidden', '');
  };
  const ends = () => {
    const list = rows();
    list.forEach((row, i) => {
      const [up, down] = row.querySelectorAll('button');
      if (up) up.disabled = i === 0;
      if (down) down.disabled = i === list.length - 1;
    });
  };
  const show = (result: Result | string) => {
    if (typeof result === 'string') {
      status.textContent = result;
      return;
    }
    status.textContent = result.words;
    status.dataset.said = result.said;
    root.querySelector('.why.all')?.removeAttribute('hidden');
    again.hidden = false;
    if (result.said === 'right') keep('right');
  };
  const keep = (value: string | null) => {
    try {
      if (value === null) localStorage.removeItem(kept);
      else localStorage.setItem(kept, value);
    } catch {
      // No storage on this device: the answer lives as long as the page.
    }
  };
  const solve = () => {
    for (const row of rows()) {
      const input = row.querySelector('input');
      if (input) input.checked = row.dataset.right === 'true';
    }
    const list = root.querySelector('.sortable');
    list?.append(...rows().sort((a, b) => Number(a.dataset.place) - Number(b.dataset.place)));
    const number = root.querySelector<HTMLInputElement>('.number input');
    if (number) number.value = root.dataset.value ?? '';
  };

  form.addEventListener(
    'submit',
    (event) => {
      event.preventDefault();
      unmark();
      show(judge[root.dataset.kind ?? '']?.() ?? '');
    },
    { signal },
  );
  form.addEventListener('input', unmark, { signal });
  form.addEventListener(
    'click',
    (event) => {
      const button = (event.target as Element).closest<HTMLButtonElement>('[data-move]');
      const row = button?.closest('li');
      if (!button || !row) return;
      unmark();
      if (button.dataset.move === '1') row.nextElementSibling?.after(row);
      else row.previousElementSibling?.before(row);
      ends();
      if (button.disabled) row.querySelector<HTMLButtonElement>('button:enabled')?.focus();
      else button.focus();
    },
    { signal },
  );
  again.addEventListener(
    'click',
    () => {
      unmark();
      form.reset();
      keep(null);
      again.hidden = true;
      form.querySelector<HTMLElement>('input, button')?.focus();
    },
    { signal },
  );

  ends();
  try {
    if (localStorage.getItem(kept) !== 'right') return;
  } catch {
    return;
  }
  solve();
  ends();
  unmark();
  show(judge[root.dataset.kind ?? '']?.() ?? '');
};
