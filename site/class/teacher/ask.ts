/** Makes a class question of a `<Quiz>` or `<Predict>` as it stands in a page, be it this one or one that was fetched. */
import {
  NEAR,
  nearestChoice,
  type Prediction,
  type Question,
  type QuestionKey,
} from '../../../demo-server/classroom/protocol.ts';
import { isTechnique, settingsFromTexts, textsFromQuery } from '../../../demo-server/measure/settings.ts';
import { demoOf } from '../../components/questions/demo-of.ts';

export interface AskedQuestion {
  question: Question;
  key: QuestionKey;
}

/** Every question of a page, in its order. `path` is the address of that page. */
export function questionsOf(page: ParentNode, path: string): { element: HTMLElement; asked: AskedQuestion }[] {
  return [...page.querySelectorAll<HTMLElement>('push-quiz, push-predict')].flatMap((element) => {
    const asked = element.localName === 'push-quiz' ? fromQuiz(element, path) : fromPredict(element, path);
    return asked ? [{ element, asked }] : [];
  });
}

/** The text of an element as it is read, without what is there for screen readers only. */
function textOf(element: Element | null | undefined): string {
  if (!element) return '';
  const copy = element.cloneNode(true) as Element;
  for (const told of copy.querySelectorAll('.told, .sr-only')) told.remove();
  return (copy.textContent ?? '').replace(/\s+/g, ' ').trim();
}

function fromQuiz(element: HTMLElement, path: string): AskedQuestion | null {
  const kind = element.dataset.kind as Question['kind'];
  const rows = [...element.querySelectorAll<HTMLElement>('form .answers li')];
  const text = textOf(element.querySelector('legend'));
  const choices = rows.map((row) => textOf(row.querySelector('.item') ?? row.querySelector('label span:not(.told)')));
  const whys = rows.map((row, n) => {
    const why = textOf(row.querySelector('.why'));
    return why === '' ? '' : `${choices[n]} – ${why}`;
  });
  const place = (row: HTMLElement) => Number(row.dataset.place);
  const right =
    kind === 'order'
      ? rows.map((_, n) => n).sort((a, b) => place(rows[a] as HTMLElement) - place(rows[b] as HTMLElement))
      : rows.flatMap((row, n) => (row.dataset.right === 'true' ? [n] : []));
  const unit = textOf(element.querySelector('form .number input + span'));
  if (!text) return null;
  return {
    question: { kind, text, choices, unit, path: `${path}#${element.id}` },
    key: {
      right,
      value: kind === 'number' ? Number(element.dataset.value) : null,
      tolerance: Number(element.dataset.tolerance ?? 0),
      why: [...whys, textOf(element.querySelector('form .why.all'))].filter((why) => why !== ''),
    },
  };
}

function fromPredict(element: HTMLElement, path: string): AskedQuestion | null {
  const text = textOf(element.querySelector('legend'));
  const labels = [...element.querySelectorAll('form .choices label span')].map(textOf);
  const numbers = JSON.parse(element.dataset.choices ?? '[]') as number[];
  const recorded = Number(element.dataset.recorded);
  if (!text || !Number.isFinite(recorded)) return null;
  const choosing = labels.length > 1;
  return {
    question: {
      kind: choosing ? 'one' : 'number',
      text,
      choices: labels,
      unit: choosing ? '' : textOf(element.querySelector('form .number input + span')),
      path: `${path}#${element.id}`,
      predicts: predictionOf(element, choosing ? numbers : []),
    },
    key: {
      right: choosing ? [numbers.indexOf(nearestChoice(numbers, recorded))] : [],
      value: choosing ? null : recorded,
      tolerance: choosing ? 0 : recorded * NEAR,
      why: [textOf(element.querySelector(':scope > .why'))].filter((why) => why !== ''),
      recorded: ['b', 'small'].map((part) => textOf(element.querySelector(`.plain details p ${part}`))).join(', '),
    },
  };
}

/** What it asks about the run of the demo that follows it. */
function predictionOf(element: HTMLElement, numbers: number[]): Prediction | undefined {
  const { technique = '', figure = '' } = element.dataset;
  const demo = demoOf(element, technique);
  const read = settingsFromTexts(textsFromQuery(demo?.dataset.settings ?? ''));
  if (!demo || !isTechnique(technique) || 'faults' in read) return undefined;
  return { technique, figure, settings: { ...read.settings }, numbers };
}
