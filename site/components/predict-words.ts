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

/** Of several choices the one that is nearest to what was measured, by ratio (zero is nearest to zero only). */
export function nearestChoice(choices: readonly number[], measured: number): number {
  const distance = (choice: number): number =>
    choice === measured
      ? 0
      : choice <= 0 || measured <= 0
        ? Math.abs(choice - measured) * 1e6
        : Math.abs(Math.log(choice / measured));
  return choices.reduce((best, choice) => (distance(choice) < distance(best) ? choice : best));
}
