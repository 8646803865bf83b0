/** What a prediction is held against, in words: the class's own run, else this device's own, else the recorded one. */
import {
  type ClassMeasure,
  type Question,
  type QuestionKey,
  sameQuestion,
  type TeacherPicture,
} from '../../demo-server/classroom/protocol.ts';
import { FIGURES, type FigureName, lastRun } from '../components/demo/last-runs.ts';
import { type Format, formatter } from '../kit/format.ts';
import { h } from '../kit/html.ts';
import { say, type Words } from '../kit/words.ts';

/** Writes a figure of the prediction with its unit; undefined for another question. */
function writer({ predicts }: Question, format: Format): ((value: number) => string) | undefined {
  const kind = predicts && FIGURES[predicts.figure as FigureName];
  return kind && format[kind];
}

/** What this device's own last run of the demo measured, where it was of the same settings; else undefined. */
function ownFigure({ predicts }: Question): number | undefined {
  const run = predicts ? lastRun(predicts.technique) : null;
  if (!predicts || !run || !sameQuestion(run.settings, predicts.settings)) return undefined;
  return run.figures[predicts.figure as FigureName];
}

/** The sentences of a revealed prediction; none for another question. `device`: with what this device measured itself. */
export function measureLines(
  question: Question,
  key: QuestionKey,
  measured: ClassMeasure | null,
  words: Words,
  device: boolean,
): HTMLElement[] {
  const language = words.language ?? 'en';
  const write = writer(question, formatter(language));
  if (!write) return [];
  const { recorded = '' } = key;
  const line = (name: string, values: Record<string, string | number>) =>
    h('p', { class: 'measured' }, say(words, `class.measured.${name}`, values));
  if (measured) {
    const { startsAt, devices, value, low, high } = measured;
    const time = new Intl.DateTimeFormat(language, { timeStyle: 'short' }).format(startsAt);
    const figures = { value: write(value), low: write(low), high: write(high) };
    return [
      line(low === high ? 'same' : 'class', { time, count: devices, ...figures }),
      ...(recorded ? [line('beside', { recorded })] : []),
    ];
  }
  const own = device ? ownFigure(question) : undefined;
  const mine = own === undefined ? [] : [line('own', { value: write(own) })];
  return [...mine, ...(recorded ? [line('recorded', { recorded })] : [])];
}

/** For the teacher, before the answer is revealed: by whose figure it will be. Empty for what is no prediction. */
export function willBeMeasured({ class: now, measured }: TeacherPicture, words: Words, format: Format): string {
  const { question, run } = now;
  const write = question && writer(question.question, format);
  if (!question || !write || question.revealed) return '';
  if (run && run.state !== 'over' && sameQuestion(run.settings, question.question.predicts?.settings))
    return say(words, 'class.measured.running');
  if (!measured) return say(words, 'class.measured.missing');
  return say(words, 'class.measured.ready', { value: write(measured.value), count: measured.devices });
}
