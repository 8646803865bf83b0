/** The question that is open in the class, on a student's device: answer, change the answer, and see it revealed. */
import type { Answer, OpenQuestion } from '../../demo-server/classroom/protocol.ts';
import { readNumber } from '../components/quiz-check.ts';
import { say, type Words } from '../lab/words.ts';
import { answerBars } from './answers.ts';
import { h, show } from './html.ts';
import { measureLines } from './measured.ts';

/** The class has it; it has just been sent; it waits on this device. */
export type Delivery = 'told' | 'leaving' | 'waits';

export interface QuestionPanel {
  readonly element: HTMLElement;
  /** Shows the question with this device's own answer, and where that is; null hides the panel. */
  show(open: OpenQuestion | null, own: Answer | null, delivery: Delivery): void;
}

/** Makes the panel; `answer` is called with what the reader gives. */
export function questionPanel(words: Words, answer: (question: string, answer: Answer) => void): QuestionPanel {
  const element = h('section', {
    class: 'class-question',
    'aria-label': say(words, 'class.question.title'),
    hidden: true,
  });
  return {
    element,
    show(open, own, delivery) {
      element.hidden = open === null;
      const key = open && [open.id, own, delivery, open.revealed, open.revealed ? open.answered : 0];
      show(element, key, () =>
        open ? (open.revealed ? revealed(open, own, words) : asking(open, own, delivery, words, answer)) : [],
      );
    },
  };
}

function heading(open: OpenQuestion, words: Words): HTMLElement[] {
  return [
    h('p', { class: 'kicker' }, say(words, 'class.question.title')),
    h('h2', { id: 'class-question' }, open.question.text),
  ];
}

function asking(
  open: OpenQuestion,
  own: Answer | null,
  delivery: Delivery,
  words: Words,
  answer: (question: string, answer: Answer) => void,
): HTMLElement[] {
  const { question, id } = open;
  const status = h('p', { role: 'status' }, own === null ? '' : say(words, `class.question.${delivery}`));
  const fields = h('div', { class: 'choices' });
  let order = Array.isArray(own) && question.kind === 'order' ? own : question.choices.map((_, n) => n);

  function sortable(): void {
    const move = (at: number, by: number) => () => {
      const next = [...order];
      [next[at], next[at + by]] = [next[at + by] as number, next[at] as number];
      order = next;
      sortable();
      fields
        .querySelector<HTMLElement>(`[data-key="${order[at + by]}/${by}"]:enabled, [data-key^="${order[at + by]}/"]`)
        ?.focus();
    };
    const rows = order.map((index, at) => {
      const item = question.choices[index] ?? '';
      const button = (by: number, sign: string, label: string, disabled: boolean) =>
        h(
          'button',
          {
            type: 'button',
            disabled,
            'data-key': `${index}/${by}`,
            'aria-label': say(words, label, { item }),
            click: move(at, by),
          },
          sign,
        );
      return h(
        'li',
        {},
        h('span', {}, item),
        button(-1, '↑', 'class.question.up', at === 0),
        button(1, '↓', 'class.question.down', at === order.length - 1),
      );
    });
    fields.replaceChildren(h('ol', { class: 'sortable' }, ...rows));
  }

  if (question.kind === 'order') sortable();
  else if (question.kind === 'number') {
    const value = typeof own === 'number' ? String(own) : '';
    const input = h('input', { type: 'text', inputmode: 'decimal', autocomplete: 'off', value });
    fields.append(
      h('label', { class: 'number' }, h('span', {}, say(words, 'class.question.number')), input, question.unit || null),
    );
  } else {
    const type = question.kind === 'one' ? 'radio' : 'checkbox';
    for (const [index, text] of question.choices.entries()) {
      const checked = Array.isArray(own) && own.includes(index);
      fields.append(
        h('label', {}, h('input', { type, name: 'class-answer', value: String(index), checked }), h('span', {}, text)),
      );
    }
  }
  const given = (): Answer | null => {
    if (question.kind === 'order') return order;
    if (question.kind === 'number') {
      const number = readNumber(fields.querySelector('input')?.value ?? '');
      return Number.isNaN(number) ? null : number;
    }
    const chosen = [...fields.querySelectorAll<HTMLInputElement>('input:checked')].map(({ value }) => Number(value));
    return chosen.length > 0 ? chosen : null;
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const now = given();
    if (now === null)
      status.textContent = say(words, question.kind === 'number' ? 'class.question.noNumber' : 'class.question.none');
    else answer(id, now);
  };
  const label = say(words, own === null ? 'class.question.answer' : 'class.question.change');
  const button = h('button', { type: 'submit', class: 'primary' }, label);
  return [
    ...heading(open, words),
    h('form', { submit, 'aria-labelledby': 'class-question' }, fields, h('div', { class: 'row' }, button, status)),
  ];
}

function revealed(open: OpenQuestion, own: Answer | null, words: Words): HTMLElement[] {
  const { question, revealed } = open;
  if (!revealed) return [];
  const { key, tally, measured } = revealed;
  const mine =
    own === null
      ? null
      : h('p', { class: 'own' }, say(words, 'class.question.own', { answer: answerInWords(own, open) }));
  return [
    ...heading(open, words),
    ...[mine].filter((one) => one !== null),
    ...measureLines(question, key, measured, words, true),
    answerBars(question, tally, key, words),
    ...key.why.map((why) => h('p', { class: 'why' }, why)),
  ];
}

function answerInWords(own: Answer, { question }: OpenQuestion): string {
  return typeof own === 'number'
    ? `${own} ${question.unit}`.trim()
    : own.map((index) => question.choices[index]).join(', ');
}
