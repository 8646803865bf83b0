/** The SSE workbench at work: parses anew at each key. */
import { readWords, say } from '../lab/words.ts';
import type { Connect } from './lazy-element.ts';
import { afterHtml, linesHtml, summary } from './sse-html.ts';
import { parseStream } from './sse-parse.ts';
import { type LineEnd, SAMPLES, type SampleName, streamBytes } from './sse-samples.ts';

/** Longer streams would only make the page slow. */
const MOST_BYTES = 20_000;

export const connectSseParser: Connect = (root, signal) => {
  const part = <T extends HTMLElement>(name: string): T => {
    const found = root.querySelector<T>(`[data-part="${name}"]`);
    if (!found) throw new Error(`<push-sse-parser> lacks its ${name}`);
    return found;
  };
  const words = readWords(root);
  const form = part<HTMLFormElement>('form');
  const stream = part<HTMLTextAreaElement>('stream');
  const sample = part<HTMLSelectElement>('sample');
  const cut = part<HTMLInputElement>('cut');
  let whole = true;

  function show(): void {
    const choices = new FormData(form);
    const all = streamBytes(stream.value, choices.get('ends') as LineEnd, choices.get('bom') !== null);
    const bytes = all.subarray(0, MOST_BYTES);
    cut.max = String(bytes.length);
    if (whole) cut.value = cut.max;
    const at = Number(cut.value);
    const lost = choices.get('then') === 'lost';
    const outcome = parseStream(lost ? [bytes.subarray(0, at)] : [bytes.subarray(0, at), bytes.subarray(at)]);
    part('at').textContent = say(words, 'sse.cut.at', { at, all: bytes.length });
    cut.setAttribute('aria-valuetext', part('at').textContent ?? '');
    part('lines').innerHTML = linesHtml(outcome, words);
    part('after').innerHTML = afterHtml(outcome, words);
    part('summary').textContent = summary(outcome, words);
  }

  cut.addEventListener(
    'input',
    () => {
      whole = cut.value === cut.max;
    },
    { signal },
  );
  sample.addEventListener(
    'change',
    () => {
      stream.value = SAMPLES[sample.value as SampleName];
      whole = true;
    },
    { signal },
  );
  form.addEventListener('input', show, { signal });
  form.addEventListener('submit', (event) => event.preventDefault(), { signal });
  // A browser may have kept what the reader wrote before a reload.
  show();
};
