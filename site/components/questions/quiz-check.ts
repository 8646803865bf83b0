/** What a quiz is and whether an answer is right. Pure. */

/** One answer to choose from; a wrong one says why it is wrong. */
export interface Answer {
  text: string;
  right?: boolean;
  why?: string;
}

export const KINDS = ['one', 'several', 'order', 'number'] as const;

/** Throws for answers that cannot make a quiz, with what came and what is taken. */
export function checkAnswers(kind: 'one' | 'several', answers: readonly Answer[]): void {
  const fail = (takes: string): never => {
    throw new Error(`<Quiz kind="${kind}"> got ${JSON.stringify(answers)}, takes ${takes}`);
  };
  const known = ['text', 'right', 'why'];
  for (const answer of answers) {
    if (Object.keys(answer).some((key) => !known.includes(key))) fail(`answers with ${known.join(', ')}`);
    if (typeof answer.text !== 'string' || !answer.text) fail('answers with a text each');
    if (!answer.right && !answer.why) fail('a why for each wrong answer');
  }
  const right = answers.filter((answer) => answer.right).length;
  if (answers.length < 2) fail('two answers or more');
  if (kind === 'one' && right !== 1) fail('exactly one right answer');
  if (kind === 'several' && (right === 0 || right === answers.length)) fail('some right answers and some wrong ones');
}

/** An order other than the right one, the same each time: for a list that the reader is to sort. */
export function mixed(count: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  return [...order.filter((i) => i % 2 === 1).reverse(), ...order.filter((i) => i % 2 === 0)];
}

/** A number as people write it, with a comma or a point; NaN for anything else. */
export function readNumber(text: string): number {
  const plain = text
    .trim()
    .replace(/[\s\u00a0\u202f]/g, '')
    .replace(',', '.');
  return /^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(plain) ? Number(plain) : Number.NaN;
}

/** Whether a number is near enough to the right one. */
export function near(given: number, value: number, tolerance: number): boolean {
  // Room for the last bit: 0.3 is meant to be within 0.1 of 0.2.
  return Math.abs(given - value) <= tolerance + Number.EPSILON * Math.max(1, Math.abs(value));
}
