/** The SSE workbench at work: parses anew at each key. */
import { MOST_TYPED_BYTES } from '../../../demo-server/protocol.ts';
import type { Connect } from '../../kit/element.ts';
import { type Part, partsOf } from '../../kit/parts.ts';
import { readWords, say, type Words } from '../../kit/words.ts';
import { afterHtml, comparisonHtml, linesHtml, sameDispatches, summary } from './sse-html.ts';
import { type Outcome, parseStream } from './sse-parse.ts';
import { realDispatches } from './sse-real.ts';
import { type LineEnd, SAMPLES, type SampleName, streamBytes } from './sse-samples.ts';

/** Longer streams would only make the page slow. */
const MOST_BYTES = 20_000;
/** What is typed in one go is sent in one go (ms). */
const SEND_AFTER_MS = 300;

/** Connects the shell `root`. */
export const connectSseParser: Connect = (root, signal) => {
  const part = partsOf(root);
  const words = readWords(root);
  const real = new RealParser(part, words, signal);
  const form = part<HTMLFormElement>('form');
  const stream = part<HTMLTextAreaElement>('stream');
  const sample = part<HTMLSelectElement>('sample');
  const cut = part<HTMLInputElement>('cut');
  /** Whether the stream is not cut: then the cut stays at its end, however long it becomes. */
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
    real.compareSoon(lost ? bytes.subarray(0, at) : bytes, at, outcome);
  }
  const on = (target: EventTarget, type: string, act: (event: Event) => void) =>
    target.addEventListener(type, act, { signal });

  on(cut, 'input', () => {
    whole = cut.value === cut.max;
  });
  on(sample, 'change', () => {
    stream.value = SAMPLES[sample.value as SampleName];
    whole = true;
  });
  on(form, 'input', show);
  on(part('real'), 'change', show);
  on(form, 'submit', (event) => event.preventDefault());
  // A browser may have kept what the reader wrote before a reload.
  show();
};

/** The reader's own EventSource beside ours: it gets the same bytes from the server, and its events are compared. */
class RealParser {
  readonly #part: Part;
  readonly #words: Words;
  #timer = 0;
  #asking = new AbortController();

  constructor(part: Part, words: Words, signal: AbortSignal) {
    this.#part = part;
    this.#words = words;
    signal.addEventListener('abort', () => {
      clearTimeout(this.#timer);
      this.#asking.abort();
    });
  }

  /** Compares once no more is typed, where the reader wants it. */
  compareSoon(bytes: Uint8Array, cut: number, outcome: Outcome): void {
    clearTimeout(this.#timer);
    this.#asking.abort();
    this.#part('real-rows').hidden = true;
    delete this.#part('real-status').dataset.same;
    if (!this.#part<HTMLInputElement>('real').checked) this.#say('');
    else if (bytes.length === 0 || bytes.length > MOST_TYPED_BYTES)
      this.#say('size', { bytes: bytes.length, most: MOST_TYPED_BYTES });
    else {
      this.#say('waiting');
      this.#timer = window.setTimeout(() => void this.#compare(bytes, cut, outcome), SEND_AFTER_MS);
    }
  }

  async #compare(bytes: Uint8Array, cut: number, { steps, dispatches }: Outcome): Promise<void> {
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    // Every type that the stream names, dispatched by our parser or not.
    const types = steps.filter(({ field }) => field === 'event').map(({ value }) => value);
    try {
      const theirs = await realDispatches(bytes, Math.min(cut, bytes.length), types, signal);
      const same = sameDispatches(dispatches, theirs);
      this.#part('real-status').dataset.same = String(same);
      this.#say(same ? 'same' : 'other', { count: theirs.length });
      this.#part('real-rows').innerHTML = comparisonHtml(dispatches, theirs, this.#words);
      this.#part('real-rows').hidden = dispatches.length + theirs.length === 0;
    } catch {
      if (!signal.aborted) this.#say('failed');
    }
  }

  #say(key: string, values: Record<string, string | number> = {}): void {
    this.#part('real-status').textContent = key === '' ? '' : say(this.#words, `sse.real.${key}`, values);
  }
}
