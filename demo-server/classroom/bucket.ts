/** A bucket of tokens: `burst` at once, then `perSecond`. `take` says whether there was one. `clock` in ms. */
export function bucket(burst: number, perSecond: number, clock: () => number = performance.now.bind(performance)) {
  let tokens = burst;
  let last = clock();
  return {
    take(): boolean {
      const at = clock();
      tokens = Math.min(burst, tokens + ((at - last) / 1000) * perSecond);
      last = at;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
export type Bucket = ReturnType<typeof bucket>;
