/** What the probes of “your browser” find, in words, and how it is recorded. Pure. */
import type { Format } from '../kit/format.ts';
import { say, type Words } from '../kit/words.ts';

/** A figure with its unit, a word (`browser.word.<word>`), or a text that is the same in all languages. `more`: at least so much. */
export type Value =
  | { kind: 'ms' | 'bytes' | 'count'; value: number; more?: true }
  | { kind: 'word'; value: string }
  | { kind: 'text'; value: string };

/** The form of content/recorded/browsers.json, made by `node tests/tools/record-browsers.ts`. */
export interface RecordedBrowsers {
  date: string;
  command: string;
  browsers: { name: string; values: Partial<Record<string, Value>> }[];
}

/** A found value with its unit, in the page's language. */
export function valueInWords(value: Value, words: Words, format: Format): string {
  if (value.kind === 'word') return say(words, `browser.word.${value.value}`);
  if (value.kind === 'text') return value.value;
  const text =
    value.kind === 'ms'
      ? value.value < 1000
        ? format.ms(value.value)
        : format.seconds(value.value)
      : value.kind === 'bytes'
        ? format.exactBytes(value.value)
        : format.count(value.value);
  return value.more ? say(words, 'browser.more', { value: text }) : text;
}

/** The table as text for a letter or a bug report: a heading, then one line for each row, columns with tabs between. */
export function asText(
  head: readonly string[],
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  return [...head, '', columns.join('\t'), ...rows.map((row) => row.join('\t'))].join('\n');
}
