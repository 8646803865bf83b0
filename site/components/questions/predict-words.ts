/** How a guess compares with what was measured: the sentence's key and its values. Pure. */

/** Beyond this a guess is not near any more: a quarter more or less. */
const NEAR = 1.25;

/** Which sentence is fair: exact, near, or too high or low by how many times; zero cannot be a share of anything. */
export function compare(
  guess: number,
  measured: number,
): { verdict: 'exact' | 'near' | 'high' | 'low' | 'off'; times: number } {
  if (guess === measured || Math.round(guess) === Math.round(measured)) return { verdict: 'exact', times: 1 };
  if (guess <= 0 || measured <= 0) return { verdict: 'off', times: Number.NaN };
  const times = Math.max(guess / measured, measured / guess);
  if (times <= NEAR) return { verdict: 'near', times };
  return { verdict: guess > measured ? 'high' : 'low', times };
}
