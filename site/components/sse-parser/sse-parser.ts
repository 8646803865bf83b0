/** The SSE workbench at work: parses anew at each key. */
import { MOST_TYPED_BYTES } from '../../../demo-server/protocol.ts';
import type { Connect } from '../../kit/element.ts';
import { readWords, say } from '../../kit/words.ts';
import { afterHtml, comparisonHtml, linesHtml, sameDispatches, summary } from './sse-html.ts';
import { type Outcome, parseStream } from './sse-parse.ts';
import { realDispatches } from './sse-real.ts';
import { type LineEnd, SAMPLES, type SampleName, streamBytes } from './sse-samples.ts';

/** Longer streams would only make the page slow. */
const MOST_BYTES = 20_000;
/** What is typed in one go is sent in one go (ms). */
const SEND_AFTER_MS = 300;

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
    compareSoon(lost ? bytes.subarray(0, at) : bytes, at, outcome);
  }

  // ------------------------------------------------------------------------------- the reader's own EventSource

  const real = part<HTMLInputElement>('real');
  let timer = 0;
  let asking = new AbortController();
  const tell = (key: string, values: Record<string, string | number> = {}): void => {
    part('real-status').textContent = key === '' ? '' : say(words, `sse.real.${key}`, values);
  };
  function compareSoon(bytes: Uint8Array, cut: number, outcome: Outcome): void {
    clearTimeout(timer);
    asking.abort();
    part('real-rows').hidden = true;
    delete part('real-status').dataset.same;
    if (!real.checked) tell('');
    else if (bytes.length === 0 || bytes.length > MOST_TYPED_BYTES)
      tell('size', { bytes: bytes.length, most: MOST_TYPED_BYTES });
    else {
      tell('waiting');
      timer = window.setTimeout(() => void compare(bytes, cut, outcome), SEND_AFTER_MS);
    }
  }
  async function compare(bytes: Uint8Array, cut: number, { steps, dispatches }: Outcome): Promise<void> {
    asking = new AbortController();
    const mine = asking.signal;
    // Every type that the stream names, dispatched by our parser or not.
    const types = steps.filter(({ field }) => field === 'event').map(({ value }) => value);
    try {
      const theirs = await realDispatches(bytes, Math.min(cut, bytes.length), types, mine);
      const same = sameDispatches(dispatches, theirs);
      part('real-status').dataset.same = String(same);
      tell(same ? 'same' : 'other', { count: theirs.length });
      part('real-rows').innerHTML = comparisonHtml(dispatches, theirs, words);
      part('real-rows').hidden = dispatches.length + theirs.length === 0;
    } catch {
      if (!mine.aborted) tell('failed');
    }
  }
  signal.addEventListener('abort', () => {
    clearTimeout(timer);
    asking.abort();
  });

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
  real.addEventListener('change', show, { signal });
  form.addEventListener('submit', (event) => event.preventDefault(), { signal });
  // A browser may have kept what the reader wrote before a reload.
  show();
};
