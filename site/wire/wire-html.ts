/** An annotated exchange as HTML, the same at build time and in the page. */
import type { ByteClass } from '../../demo-server/protocol.ts';
import type { Format } from '../kit/format.ts';
import { say, type Words } from '../kit/words.ts';
import { type Turn, totals } from './wire-annotate.ts';
import type { Stretch } from './wire-tokens.ts';

/** The classes in the order of the legend, with the letter that stands for each beside its colour. */
const CLASSES: Readonly<Record<ByteClass, string>> = {
  head: 'H',
  framing: 'F',
  body: 'B',
  envelope: 'E',
  payload: 'P',
  redundantPayload: 'R',
};

export type View = 'text' | 'hex';

export interface Look {
  words: Words;
  format: Format;
  view: View;
  /** Turns shown at the most; the middle is left out. */
  most?: number;
  /** Bytes in a line of the hex view. */
  perLine?: number;
}

/** Text as HTML. */
export const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] ?? sign);

/** What a stretch is, in words. */
export function explain({ note, kind, bytes, unmasked }: Stretch, { words, format }: Look): string {
  const key = `tags.wire.${note.key}`;
  const known = words[key] === undefined && note.otherwise ? `tags.wire.${note.otherwise}` : key;
  const name =
    note.key.startsWith('frame.first') && note.values.name ? words[`tags.wire.opcode.${note.values.name}`] : undefined;
  const sentence = say(words, known, { ...note.values, ...(name === undefined ? {} : { name }) });
  const [letter, title] = [CLASSES[kind], say(words, `tags.wire.class.${kind}.name`)];
  const plain = unmasked && note.values.text ? ` ${say(words, 'tags.wire.unmasked', { text: note.values.text })}` : '';
  return `${letter} ${title}, ${format.exactBytes(bytes.length)}. ${sentence}${plain}`;
}

/** A time within the exchange: in ms at its beginning, in seconds later. */
const when = (at: number, format: Format): string =>
  at < 1000 ? format.ms(Math.round(at * 10) / 10) : format.moment(at);

/** The turns, one list item each. */
export function turnsHtml(turns: readonly Turn[], look: Look): string {
  const { words, format, most = Number.POSITIVE_INFINITY } = look;
  const tail = Math.min(2, Math.floor(most / 3));
  const hidden = turns.length > most ? turns.length - most : 0;
  let count = 0;
  return turns
    .map((turn, i) => {
      const skip = hidden > 0 && i >= most - tail && i < turns.length - tail;
      if (skip) {
        if (i > most - tail) return '';
        return `<li class="more">${escaped(say(words, 'tags.wire.more', { count: hidden }))}</li>`;
      }
      const size = turn.stretches.reduce((sum, { bytes }) => sum + bytes.length, 0);
      const way = say(words, `tags.wire.${turn.direction}`);
      const gap = turn.omitted
        ? `<li class="more">${escaped(say(words, 'tags.wire.omitted', { bytes: format.exactBytes(turn.omitted) }))}</li>`
        : '';
      const first = count;
      count += turn.stretches.length;
      const body = look.view === 'hex' ? hexHtml(turn.stretches, look, first) : textHtml(turn.stretches, look, first);
      return (
        `${gap}<li class="turn ${turn.direction}"><p class="when"><b>${escaped(way)}</b> ` +
        `<span>${escaped(when(turn.at, format))}</span> <span>${escaped(format.exactBytes(size))}</span></p>` +
        `<pre>${body}</pre></li>`
      );
    })
    .join('');
}

const open = (stretch: Stretch, look: Look, n: number): string =>
  `<span class="b ${stretch.kind}" data-n="${n}" data-note="${escaped(explain(stretch, look))}"` +
  `${stretch.note.values.bits ? ` data-bits="${stretch.note.values.bits}"` : ''}>`;

const letter = (stretch: Stretch, before: Stretch | undefined): string =>
  before?.kind === stretch.kind ? '' : `<i class="${stretch.kind}" aria-hidden="true">${CLASSES[stretch.kind]}</i>`;

const utf8 = new TextDecoder();

/** Bytes as text: line ends are drawn and kept, what is no text is written in hex. */
function readable({ bytes, binary }: Stretch): string {
  if (binary) return `<samp>${hex(bytes.subarray(0, 64))}${bytes.length > 64 ? ' …' : ''}</samp> `;
  return escaped(utf8.decode(bytes)).replace(/\r?\n|\r|\p{Cc}/gu, (sign) => {
    const drawn = { '\r\n': '\\r\\n', '\n': '\\n', '\r': '\\r', '\t': '\\t' }[sign];
    if (drawn === undefined) return `<samp>${hex(new TextEncoder().encode(sign))}</samp>`;
    return `<samp>${drawn}</samp>${sign.includes('\n') ? '\n' : ''}`;
  });
}

function textHtml(stretches: readonly Stretch[], look: Look, first: number): string {
  return stretches
    .map(
      (stretch, i) =>
        `${letter(stretch, stretches[i - 1])}${open(stretch, look, first + i)}${readable(stretch)}</span>`,
    )
    .join('');
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
const printable = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => (byte > 32 && byte < 127 ? String.fromCharCode(byte) : '·')).join('');

/** Bytes in lines of sixteen (or `perLine`): place, values, characters. */
function hexHtml(stretches: readonly Stretch[], look: Look, first: number): string {
  const { perLine = 16 } = look;
  const lines: string[] = [];
  let [values, text, filled, place] = ['', '', 0, 0];
  const flush = () => {
    const missing = '   '.repeat(perLine - filled);
    lines.push(`<s>${place.toString(16).padStart(4, '0')}</s>  ${values}${missing} <s>${escaped(text)}</s>\n`);
    place += filled;
    [values, text, filled] = ['', '', 0];
  };
  stretches.forEach((stretch, i) => {
    for (let from = 0; from < stretch.bytes.length; ) {
      const part = stretch.bytes.subarray(from, from + perLine - filled);
      values += `${open(stretch, look, first + i)}${hex(part)}</span> `;
      text += printable(part);
      filled += part.length;
      from += part.length;
      if (filled === perLine) flush();
    }
  });
  if (filled > 0) flush();
  return lines.join('');
}

/** The classes that occur, with their letter, name and bytes. */
export function legendHtml(turns: readonly Turn[], { words, format }: Look): string {
  const sum = totals(turns);
  const names = Object.keys(CLASSES) as ByteClass[];
  return names
    .filter((kind) => sum[kind] !== undefined)
    .map(
      (kind) =>
        `<li><i class="${kind}" aria-hidden="true">${CLASSES[kind]}</i> <span class="b ${kind}">${escaped(say(words, `tags.wire.class.${kind}.name`))}</span> ` +
        `<b>${escaped(format.exactBytes(sum[kind] ?? 0))}</b></li>`,
    )
    .join('');
}

/** Every stretch as a row of a table: time, way, class, bytes, what it is. */
export function rowsHtml(turns: readonly Turn[], look: Look): string {
  const { words, format, most = Number.POSITIVE_INFINITY } = look;
  return turns
    .filter((_, i) => i < most)
    .flatMap(({ stretches }) => stretches)
    .map((stretch) => {
      const shown = stretch.binary ? hex(stretch.bytes.subarray(0, 16)) : utf8.decode(stretch.bytes).trim();
      const short = shown.length > 60 ? `${shown.slice(0, 59)}…` : shown;
      return (
        `<tr><td>${escaped(when(stretch.at, format))}</td><td>${escaped(say(words, `tags.wire.${stretch.direction}`))}</td>` +
        `<td><code>${escaped(short)}</code></td><td>${escaped(explain(stretch, look))}</td></tr>`
      );
    })
    .join('');
}
