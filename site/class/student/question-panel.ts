/** The question that is open in the class, on a student's device: answer, change the answer, and see it revealed. */
import type { Answer, OpenQuestion } from '../../../demo-server/classroom/protocol.ts';
import { readNumber } from '../../components/questions/quiz-check.ts';
import { h, show } from '../../kit/html.ts';
import { say, setText, type Words } from '../../kit/words.ts';
import { measureLines } from '../measured.ts';
import { answerBars } from './answers.ts';

/** The class has it; it has just been sent; it waits on this device. */
export type Delivery = 'told' | 'leaving' | 'waits';

export interface QuestionPanel {
  readonly element: HTMLElement;
  /** Shows the question with this device's own answer, and where that is; null hides the panel. */
  show(open: OpenQuestion | null, own: Answer | null, delivery: Delivery): void;
}

/** Makes the panel; `answer` is called with what the reader gives. */
export function questionPanel(words: Words, answer: (question: string, answer: Answer) => void): QuestionPanel {
  const kicker = h('p', { class: 'kicker' }, say(words, 'class.question.title'));
  const fold = h('button', { type: 'button', class: 'fold', 'aria-controls': 'class-question-box', click: toggle });
  // Stays while the rest is drawn anew, so that it is read out.
  const status = h('p', { class: 'own', role: 'status' });
  const box = h('div', { id: 'class-question-box' });
  const title = say(words, 'class.question.title');
  const element = h(
    'section',
    { class: 'class-question', 'aria-label': title, hidden: true },
    h('div', { class: 'head' }, h('div', { class: 'told' }, kicker, status), fold),
    box,
  );
  let folded = false;
  /** The question and how far this device is with it: an answer that is given folds it away, once. */
  let stage = '';

  function setFolded(now: boolean): void {
    folded = now;
    box.hidden = folded;
    fold.setAttribute('aria-expanded', String(!folded));
    setText(fold, say(words, folded ? 'class.question.unfold' : 'class.question.fold'));
  }
  function toggle(): void {
    setFolded(!folded);
  }
  return {
    element,
    show(open, own, delivery) {
      element.hidden = open === null;
      const now = open ? `${open.id} ${open.revealed ? 'revealed' : JSON.stringify(own)}` : '';
      if (now !== stage) {
        // Where the focus was in what is folded away, it stays beside it.
        const within = box.contains(document.activeElement);
        setFolded(open !== null && !open.revealed && own !== null);
        if (within && folded) fold.focus();
      }
      stage = now;
      setText(kicker, folded && open ? open.question.text : title);
      setText(status, open && own !== null ? ownInWords(open, own, delivery, words) : '');
      show(box, open && [open.id, own, open.revealed, open.revealed ? open.answered : 0], () =>
        open ? (open.revealed ? revealed(open, words) : asking(open, own, words, answer)) : [],
      );
    },
  };
}

/** What this device has answered, and until it is revealed whether the class has it. */
function ownInWords(open: OpenQuestion, own: Answer, delivery: Delivery, words: Words): string {
  const answer = say(words, 'class.question.own', { answer: answerInWords(own, open) });
  return open.revealed ? answer : `${answer}. ${say(words, `class.question.${delivery}`)}`;
}

function heading(open: OpenQuestion): HTMLElement {
  return h('h2', { id: 'class-question' }, open.question.text);
}

function asking(
  open: OpenQuestion,
  own: Answer | null,
  words: Words,
  answer: (question: string, answer: Answer) => void,
): HTMLElement[] {
  const { question, id } = open;
  const status = h('p', { role: 'status' });
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
    heading(open),
    h('form', { submit, 'aria-labelledby': 'class-question' }, fields, h('div', { class: 'row' }, button, status)),
  ];
}

function revealed(open: OpenQuestion, words: Words): HTMLElement[] {
  const { question, revealed } = open;
  if (!revealed) return [];
  const { key, tally, measured } = revealed;
  return [
    heading(open),
    answerBars(question, tally, key, words),
    ...measureLines(question, key, measured, words, true),
    ...key.why.map((why) => h('p', { class: 'why' }, why)),
  ];
}

function answerInWords(own: Answer, { question }: OpenQuestion): string {
  return typeof own === 'number'
    ? `${own} ${question.unit}`.trim()
    : own.map((index) => question.choices[index]).join(', ');
}
