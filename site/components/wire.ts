/** The annotated bytes at work: fetches the reader's own exchange, switches views, explains what one points at. */

import type { TechniqueId, WireTranscript } from '../../demo-server/protocol.ts';
import { demoServer } from '../lab/demo-server.ts';
import { formatter } from '../lab/format.ts';
import { lastRun, RUN_NEWS, type RunNews } from '../lab/kept-runs.ts';
import { readWords, say } from '../lab/words.ts';
import type { Connect } from './lazy-element.ts';
import type { Recorded } from './recorded.ts';
import { annotate, mostTelling, sizeOf } from './wire-annotate.ts';
import { legendHtml, rowsHtml, turnsHtml, type View } from './wire-html.ts';

/** Turns shown until everything is asked for. */
const MOST = 12;
const NARROW = '(max-width: 40rem)';

/** Connects the shell `root`. */
export const connectWire: Connect = (root, signal) => {
  const part = <T extends HTMLElement = HTMLElement>(name: string): T => {
    const found = root.querySelector<T>(`[data-part="${name}"]`);
    if (!found) throw new Error(`<push-wire> lacks its part "${name}"`);
    return found;
  };
  const words = readWords(root);
  const format = formatter(words.language ?? 'en');
  const technique = root.dataset.technique as TechniqueId;
  const [bytes, bits, note, select] = [part('bytes'), part('bits'), part('note'), part<HTMLSelectElement>('exchange')];
  let transcript: WireTranscript | null = null;
  let chosen = 0;
  let view: View = 'text';
  let most = MOST;

  async function fetchJson<T>(address: string): Promise<T | number> {
    const answer = await fetch(address, { signal });
    return answer.ok ? ((await answer.json()) as T) : answer.status;
  }
  async function showOwn(run: string): Promise<void> {
    const status = part('status');
    try {
      const own = await fetchJson<WireTranscript>(`${demoServer()}/runs/${encodeURIComponent(run)}/wire/${technique}`);
      if (typeof own === 'number') status.textContent = say(words, 'tags.wire.gone');
      else if (own.exchanges.length > 0) {
        status.textContent = '';
        part('whose').textContent = say(words, 'tags.wire.own');
        part('where').textContent = say(words, 'tags.wire.ownText', { run });
        root.dataset.own = '';
        take(own);
      }
    } catch {
      if (!signal.aborted) status.textContent = say(words, 'tags.wire.offline');
    }
  }
  /** Views and other exchanges need the bytes themselves; the page came with a picture of them only. */
  async function needTranscript(): Promise<void> {
    if (transcript) return;
    try {
      const recorded = await fetchJson<Recorded>(root.dataset.recorded ?? '');
      if (typeof recorded !== 'number' && !transcript) take(recorded.transcript);
    } catch {
      if (!signal.aborted) part('status').textContent = say(words, 'tags.wire.offline');
    }
  }
  function take(now: WireTranscript): void {
    transcript = now;
    chosen = mostTelling(now);
    most = MOST;
    const { exchanges } = now;
    const options = exchanges.map((exchange, i) => {
      const option = document.createElement('option');
      const { startedAt, endedAt } = exchange;
      option.textContent = say(words, 'tags.wire.exchangeOf', {
        number: i + 1,
        all: exchanges.length,
        bytes: format.exactBytes(sizeOf(exchange)),
        duration: endedAt === null ? say(words, 'tags.wire.unended') : format.ms(endedAt - startedAt),
      });
      return option;
    });
    select.replaceChildren(...options);
    select.selectedIndex = chosen;
    part('pick').hidden = exchanges.length < 2;
    draw();
  }
  function draw(): void {
    const exchange = transcript?.exchanges[chosen];
    if (!exchange) return;
    const turns = annotate(exchange);
    const perLine = matchMedia(NARROW).matches ? 8 : 16;
    const look = { words, format, view, most, perLine };
    part('turns').innerHTML = turnsHtml(turns, look);
    part('legend').innerHTML = legendHtml(turns, look);
    part('rows').innerHTML = rowsHtml(turns, look);
    part('all').hidden = turns.length <= most;
    bytes.scrollTop = 0;
    point(null);
  }

  const spans = (n: string | undefined) => [...bytes.querySelectorAll<HTMLElement>(`[data-n="${n}"]`)];
  let pointed: string | undefined;
  function point(span: HTMLElement | null): void {
    for (const each of pointed === undefined ? [] : spans(pointed)) each.removeAttribute('data-on');
    pointed = span?.dataset.n;
    for (const each of pointed === undefined ? [] : spans(pointed)) each.dataset.on = '';
    note.textContent = span?.dataset.note ?? say(words, 'tags.wire.hint');
    bits.hidden = !span?.dataset.bits;
    bits.textContent = span?.dataset.bits ?? '';
  }
  function step(by: number): void {
    const numbers = [...new Set([...bytes.querySelectorAll<HTMLElement>('[data-n]')].map((span) => span.dataset.n))];
    const at = pointed === undefined ? (by > 0 ? -1 : numbers.length) : numbers.indexOf(pointed);
    const next = spans(numbers[Math.min(numbers.length - 1, Math.max(0, at + by))])[0];
    if (!next) return;
    point(next);
    // Only inside its own box: the page stays where it is.
    const [box, place] = [bytes.getBoundingClientRect(), next.getBoundingClientRect()];
    if (place.top < box.top + 24) bytes.scrollTop += place.top - box.top - 24;
    else if (place.bottom > box.bottom - 8)
      bytes.scrollTop += Math.min(place.bottom - box.bottom + 8, place.top - box.top - 24);
  }
  const KEYS: Readonly<Record<string, number>> = {
    ArrowRight: 1,
    ArrowDown: 1,
    ArrowLeft: -1,
    ArrowUp: -1,
    Home: Number.NEGATIVE_INFINITY,
    End: Number.POSITIVE_INFINITY,
  };

  const byteAt = (event: Event) => (event.target as Element).closest<HTMLElement>('[data-n]');
  bytes.addEventListener('pointerover', (event) => byteAt(event) && point(byteAt(event)), { signal });
  bytes.addEventListener('click', (event) => byteAt(event) && point(byteAt(event)), { signal });
  bytes.addEventListener(
    'keydown',
    (event) => {
      const by = KEYS[event.key];
      if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      step(by);
    },
    { signal },
  );
  for (const button of root.querySelectorAll<HTMLButtonElement>('[data-view]')) {
    button.addEventListener(
      'click',
      async () => {
        await needTranscript();
        view = button.dataset.view as View;
        for (const each of root.querySelectorAll('[data-view]'))
          each.setAttribute('aria-pressed', String(each === button));
        draw();
      },
      { signal },
    );
  }
  part('all').addEventListener(
    'click',
    async () => {
      await needTranscript();
      most = Number.POSITIVE_INFINITY;
      draw();
      bytes.focus();
    },
    { signal },
  );
  select.addEventListener(
    'change',
    () => {
      chosen = select.selectedIndex;
      most = MOST;
      draw();
    },
    { signal },
  );
  document.addEventListener(
    RUN_NEWS,
    (event) => {
      const { state, run, techniques } = (event as CustomEvent<RunNews>).detail;
      if (techniques.includes(technique) && (state === 'finished' || state === 'stopped')) void showOwn(run);
    },
    { signal },
  );
  part('all').hidden = bytes.querySelector('.more') === null;
  const last = lastRun(technique);
  if (last) void showOwn(last.run);
};
