/** The sums of a class: answers as bars, latencies in bins, bytes of all devices. Pure. */
import type { TechniqueId } from '../../protocol.ts';
import type { KeptQuestion } from '../log/state.ts';
import {
  type Answer,
  LATENCY_BINS,
  type LaneCounts,
  type Question,
  type QuestionKey,
  type SeatResult,
  type Tally,
} from '../protocol.ts';

/** Whether an answer can be one to this question at all: indices that there are, each once, or a finite number. */
export function isAnswer(question: Question, answer: unknown): answer is Answer {
  if (question.kind === 'number') return typeof answer === 'number' && Number.isFinite(answer);
  if (!Array.isArray(answer) || new Set(answer).size !== answer.length) return false;
  if (!answer.every((index) => Number.isInteger(index) && index >= 0 && index < question.choices.length)) return false;
  if (question.kind === 'one') return answer.length === 1;
  return question.kind === 'order' ? answer.length === question.choices.length : answer.length > 0;
}

/** Whether an answer is right. A number may be off by the key's tolerance; without a value every number is. */
export function isRight(question: Question, key: QuestionKey, answer: Answer): boolean {
  if (typeof answer === 'number') return key.value !== null && Math.abs(answer - key.value) <= key.tolerance;
  if (question.kind === 'order') return answer.every((index, place) => index === key.right[place]);
  return answer.length === key.right.length && answer.every((index) => key.right.includes(index));
}

/** The answers to a question as bars. */
export function tally({ question, key, answers }: KeptQuestion): Tally {
  const counts = question.choices.map(() => 0);
  const numbers: number[] = [];
  let right = 0;
  for (const { answer } of answers.values()) {
    if (isRight(question, key, answer)) right += 1;
    if (typeof answer === 'number') numbers.push(answer);
    // Sorted lists have no bar for each choice: a choice counts where it was put in its place.
    else if (question.kind === 'order')
      answer.forEach((index, place) => {
        if (index === key.right[place]) counts[index] = (counts[index] ?? 0) + 1;
      });
    else for (const index of answer) counts[index] = (counts[index] ?? 0) + 1;
  }
  return { answered: answers.size, right, counts, numbers: numbers.sort((a, b) => a - b) };
}

/** The latencies of all results, by lane, in LATENCY_BINS. */
export function pool(results: Iterable<SeatResult>): Partial<Record<TechniqueId, number[]>> {
  const pooled: Partial<Record<TechniqueId, number[]>> = {};
  for (const { lanes } of results) {
    for (const [id, { bins }] of Object.entries(lanes) as [TechniqueId, { bins: number[] }][]) {
      const sums = pooled[id] ?? new Array<number>(LATENCY_BINS.length + 1).fill(0);
      pooled[id] = sums.map((sum, bin) => sum + (bins[bin] ?? 0));
    }
  }
  return pooled;
}

type Counts = Partial<Record<TechniqueId, LaneCounts>>;

/** The counts of all devices together, by lane. */
export function sumCounts(all: Iterable<Counts>): Counts {
  const sums: Counts = {};
  for (const lanes of all) {
    for (const [id, counts] of Object.entries(lanes) as [TechniqueId, LaneCounts][]) {
      const sum = { ...counts };
      const before = sums[id];
      if (before) for (const name of Object.keys(sum) as (keyof LaneCounts)[]) sum[name] += before[name];
      sums[id] = sum;
    }
  }
  return sums;
}
