/** A bucket of tokens: `burst` at once, then `perSecond`. `clock` in ms. */
export function bucket(burst: number, perSecond: number, clock: () => number = performance.now.bind(performance)) {
  let tokens = burst;
  let last = clock();
  function fill(): void {
    const at = clock();
    tokens = Math.min(burst, tokens + ((at - last) / 1000) * perSecond);
    last = at;
  }
  return {
    /** Whether there is a token; it stays. */
    any(): boolean {
      fill();
      return tokens >= 1;
    },
    /** Whether all tokens are there. */
    full(): boolean {
      fill();
      return tokens === burst;
    },
    /** Takes a token. False where there is none. */
    take(): boolean {
      fill();
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
export type Bucket = ReturnType<typeof bucket>;
