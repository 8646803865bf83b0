/** What counts as right for a prediction, once the class has measured it. */
import { type ClassMeasure, NEAR, nearestChoice, type Question, type QuestionKey } from '../protocol.ts';

/** The key of a prediction by what the class measured; without a measure the key that came with the question. */
export function keyBy({ predicts }: Question, key: QuestionKey, measured: ClassMeasure | null): QuestionKey {
  if (!predicts || !measured) return key;
  const { numbers } = predicts;
  if (numbers.length > 0) return { ...key, right: [numbers.indexOf(nearestChoice(numbers, measured.value))] };
  return { ...key, value: measured.value, tolerance: measured.value * NEAR };
}
