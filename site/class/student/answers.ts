/** The answers of a class as bars, with the right ones marked: on the projector, the console and every device alike. */
import type { Question, QuestionKey, Tally } from '../../../demo-server/classroom/protocol.ts';
import { h } from '../../kit/html.ts';
import { say, type Words } from '../../kit/words.ts';

/** A row for each choice (or for each number given). Without a key nothing says which one is right. */
export function answerBars(question: Question, tally: Tally, key: QuestionKey | null, words: Words): HTMLElement {
  const rows =
    question.kind === 'number'
      ? numberRows(question, tally, key, words.language ?? 'en')
      : choiceRows(question, tally, key);
  const list = rows.map(({ text, count, right, measured = false }) =>
    h(
      'li',
      { 'data-right': right },
      h(
        'span',
        { class: 'text' },
        text,
        right && h('b', {}, ` ✓ ${say(words, measured ? 'class.answers.measured' : 'class.answers.right')}`),
      ),
      h('span', { class: 'bar', style: `--share:${count / Math.max(1, tally.answered)}` }),
      h('span', { class: 'count' }, say(words, 'class.answers.count', { count })),
    ),
  );
  return h(
    'div',
    { class: question.kind === 'number' ? 'class-answers numbers' : 'class-answers' },
    question.kind === 'order' && h('p', { class: 'caption' }, say(words, 'class.answers.places')),
    list.length > 0 ? h('ol', {}, ...list) : h('p', {}, say(words, 'class.answers.none')),
    key &&
      tally.answered > 0 &&
      h('p', { class: 'share' }, say(words, 'class.answers.share', { right: tally.right, count: tally.answered })),
  );
}

interface Row {
  text: string;
  count: number;
  right: boolean;
  /** What was measured, which nobody need have answered. */
  measured?: boolean;
}

function choiceRows(question: Question, tally: Tally, key: QuestionKey | null): Row[] {
  const order = question.kind === 'order' && key ? key.right : question.choices.map((_, n) => n);
  return order.map((index) => ({
    text: question.choices[index] ?? '',
    count: tally.counts[index] ?? 0,
    right: question.kind !== 'order' && key?.right.includes(index) === true,
  }));
}

/** Numbers that were given, each once with how often; the right one among them even where nobody gave it. */
function numberRows(question: Question, tally: Tally, key: QuestionKey | null, language: string): Row[] {
  const { format } = new Intl.NumberFormat(language, { maximumSignificantDigits: 4 });
  const counts = new Map<number, number>();
  for (const number of tally.numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  const { value, tolerance } = key ?? { value: null, tolerance: 0 };
  if (value !== null && !counts.has(value)) counts.set(value, 0);
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([number, count]) => ({
      text: `${format(number)} ${question.unit}`.trim(),
      count,
      right: value !== null && Math.abs(number - value) <= tolerance,
      measured: number === value && question.predicts !== undefined,
    }));
}
