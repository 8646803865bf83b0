/**
 * Numbers as the reader's language writes them, always with their unit. Give the elements `tabular-nums`.
 */
export interface Format {
  /** A count: `1,234`. */
  count(value: number): string;
  /** Bytes, at most four digits: `831 B`, `12.4 kB` (1 kB = 1000 bytes). */
  bytes(value: number): string;
  /** Bytes to the byte: `12,431 B`. */
  exactBytes(value: number): string;
  /** Milliseconds, at most three significant digits below a second: `0.85 ms`, `502 ms`. */
  ms(value: number): string;
  /** How far a figure in ms may be off: `± 0.04 ms`. */
  uncertainty(value: number): string;
  /** Seconds from a value in ms, to the tenth: `12.5 s`. */
  seconds(ms: number): string;
  /** A moment in seconds from a value in ms, to the millisecond: `12.503 s`. */
  moment(ms: number): string;
  /** A share from 0 to 1, to the tenth of a percent: `97.5 %`. */
  percent(share: number): string;
  /** A ratio: `15 ×`, `1.3 ×`. */
  times(value: number): string;
}

/** Shown where there is nothing to show yet; never a zero that nobody measured. */
export const NOTHING = '–';

/**
 * Makes the formatter of a language, given by its BCP 47 tag. Digits are the language's own; unit symbols are the SI's,
 * as Intl would write "sec" in English and spell bytes out in others.
 */
export function formatter(language: string): Format {
  const unit = (symbol: string, options: Intl.NumberFormatOptions) => {
    const number = new Intl.NumberFormat(language, options);
    return (value: number) => `${number.format(value)}\u00a0${symbol}`;
  };
  const guard = (format: (value: number) => string) => (value: number) =>
    Number.isFinite(value) ? format(value) : NOTHING;

  const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  const inBytes = unit('B', { maximumFractionDigits: 0 });
  const kilobytes = unit('kB', { maximumSignificantDigits: 3 });
  const megabytes = unit('MB', { maximumSignificantDigits: 3 });
  const fine = unit('ms', { maximumSignificantDigits: 3 });
  const finer = unit('ms', { maximumSignificantDigits: 2 });
  const coarse = unit('ms', { maximumFractionDigits: 0 });
  const tenths = unit('s', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const thousandths = unit('s', { minimumFractionDigits: 3, maximumFractionDigits: 3 });
  const percents = unit('%', { maximumFractionDigits: 1 });
  const fewTimes = unit('×', { maximumSignificantDigits: 2 });
  const manyTimes = unit('×', { maximumFractionDigits: 0 });
  return {
    count: guard((value) => whole.format(value)),
    exactBytes: guard(inBytes),
    bytes: guard((value) => {
      if (value < 999.5) return inBytes(value);
      return value < 999_500 ? kilobytes(value / 1e3) : megabytes(value / 1e6);
    }),
    ms: guard((value) => (Math.abs(value) < 1000 ? fine : coarse)(value)),
    uncertainty: guard((value) => `±\u00a0${finer(value)}`),
    seconds: guard((value) => tenths(value / 1000)),
    moment: guard((value) => thousandths(value / 1000)),
    // All of them is 100 %, and nothing less is.
    percent: guard((share) => percents(share < 1 ? Math.min(99.9, share * 100) : 100)),
    times: guard((value) => (value < 10 ? fewTimes : manyTimes)(value)),
  };
}
