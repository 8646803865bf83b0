/** The annotated bytes as a thing to read in: views, exchanges, and what the byte that one points at is. */
import type { WireTranscript } from '../../demo-server/protocol.ts';
import type { Format } from '../kit/format.ts';
import { partsOf } from '../kit/parts.ts';
import { say, type Words } from '../kit/words.ts';
import { annotate, mostTelling, sizeOf } from './wire-annotate.ts';
import { legendHtml, rowsHtml, turnsHtml, type View } from './wire-html.ts';

/** Turns shown until everything is asked for. */
const MOST = 12;
const NARROW = '(max-width: 40rem)';

export interface WireView {
  /** Shows a transcript from now on, beginning with exchange `which`, or the one that tells most. */
  take(transcript: WireTranscript, which?: number): void;
  /** Whether it has the bytes themselves, and not only the picture that the page came with. */
  has(): boolean;
}

/** Connects the shell of WireBytes.astro inside `root`. `needTranscript` is asked for the bytes when a view needs them. */
export function connectWireView(
  root: HTMLElement,
  words: Words,
  format: Format,
  signal: AbortSignal,
  needTranscript: () => Promise<void> = async () => {},
): WireView {
  const part = partsOf(root);
  const [bytes, bits, note, select] = [part('bytes'), part('bits'), part('note'), part<HTMLSelectElement>('exchange')];
  let transcript: WireTranscript | null = null;
  let chosen = 0;
  let view: View = 'text';
  let most = MOST;

  function take(now: WireTranscript, which = mostTelling(now)): void {
    transcript = now;
    chosen = which;
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
  // Not `pointerover`: that also comes when what is drawn or scrolled moves below a mouse at rest, and takes the place of a key's.
  bytes.addEventListener(
    'pointermove',
    (event) => {
      const [byte, moved] = [byteAt(event), event.movementX !== 0 || event.movementY !== 0];
      if (byte && moved && byte.dataset.n !== pointed) point(byte);
    },
    { signal },
  );
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
        if (!transcript) await needTranscript();
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
      if (!transcript) await needTranscript();
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
  return { take, has: () => transcript !== null };
}
