/** What was read from frames as HTML, the same at build time and in the page. */
import type { Format } from '../../kit/format.ts';
import { say, type Words } from '../../kit/words.ts';
import { OPCODES } from '../../wire/opcodes.ts';
import { annotate } from '../../wire/wire-annotate.ts';
import { escaped, explain } from '../../wire/wire-html.ts';
import { asExchange, type Decoded, type Fault, hexOf, isControl, type Reading, type Sender } from './frame-codec.ts';

interface Look {
  words: Words;
  format: Format;
}

/** Bytes of a payload that are shown, and bytes whose mask is taken off in front of the reader. */
const MOST_BYTES = 48;
const MOST_SUMS = 8;
/** Frames that are shown; more only cost time. */
const MOST_FRAMES = 12;

const shortHex = (bytes: Uint8Array): string =>
  hexOf(bytes.subarray(0, MOST_BYTES)) + (bytes.length > MOST_BYTES ? ' …' : '');
const textOf = (bytes: Uint8Array): string => {
  const text = new TextDecoder().decode(bytes.subarray(0, 200));
  return bytes.length > 200 ? `${text}…` : text;
};

export function faultText(fault: Fault, words: Words): string {
  return say(words, `frames.fault.${fault.key}`, fault.values);
}

/** How many frames and bytes, and whether a rule is broken: for the status line. */
export function summary({ frames, faults }: Reading, { words }: Look): string {
  const head = frames.reduce((sum, frame) => sum + frame.headBytes, 0);
  const payload = frames.reduce((sum, frame) => sum + frame.payload.length, 0);
  const broken = faults.length + frames.reduce((sum, frame) => sum + frame.faults.length, 0);
  const counted = frames.length > 0 ? say(words, 'frames.summary', { count: frames.length, head, payload }) : '';
  return `${counted} ${say(words, broken > 0 ? 'frames.faults' : 'frames.valid')}${broken > 0 ? `: ${broken}.` : ''}`.trim();
}

/** Every frame: its broken rules, its fields bit by bit, its bytes with their notes, its payload. */
export function readingHtml({ frames, faults }: Reading, from: Sender, look: Look): string {
  const shown = frames.slice(0, MOST_FRAMES).map((frame, i) => frameHtml(frame, i, frames.length, from, look));
  return shown.join('') + faultsHtml(faults, look);
}

function faultsHtml(faults: readonly Fault[], { words }: Look): string {
  if (faults.length === 0) return '';
  return `<ul class="faults">${faults.map((fault) => `<li>${escaped(faultText(fault, words))}</li>`).join('')}</ul>`;
}

function frameHtml(frame: Decoded, i: number, count: number, from: Sender, look: Look): string {
  const { words } = look;
  const label = (key: string) => escaped(say(words, key));
  const number = say(words, 'frames.number', { number: i + 1 });
  const columns = ['field', 'bits', 'value', 'what'].map(
    (name) => `<th scope="col">${label(`frames.column.${name}`)}</th>`,
  );
  const rows = frame.fields.map(
    ({ name, bits, value }) =>
      `<tr><th scope="row">${label(`frames.field.${name}`)}</th><td><code>${bits}</code></td>` +
      `<td><code>${value}</code></td><td>${escaped(whatOf(frame, name, value, words))}</td></tr>`,
  );
  return (
    `<section>${count > 1 ? `<h4>${escaped(number)}</h4>` : ''}${faultsHtml(frame.faults, look)}` +
    `<div class="scroll" tabindex="0" role="group" aria-label="${escaped(number)}">` +
    `<table><thead><tr>${columns.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>` +
    `<p class="kicker">${label('frames.parts')}</p>${partsHtml(frame, from, look)}` +
    `<p class="payload">${escaped(payloadText(frame, words))}</p>${unmaskHtml(frame, words)}</section>`
  );
}

function whatOf(frame: Decoded, name: string, value: string, words: Words): string {
  if (name === 'opcode') return say(words, `tags.wire.opcode.${OPCODES[frame.opcode] ?? 'reserved'}`);
  if (name === 'fin' || name === 'mask') return say(words, `frames.what.${name}.${value}`);
  if (name === 'length') return say(words, `frames.what.length.${frame.form}`);
  return say(words, `frames.what.${name}`);
}

/** The bytes with the notes of the wire view. There the mask tells who sent a frame; here that is what may be wrong. */
function partsHtml(frame: Decoded, from: Sender, { words, format }: Look): string {
  const lengths = ['plain7', 'plain16', 'plain64', 'masked7', 'masked16', 'masked64'].map((form) => [
    `tags.wire.frame.length.${form}`,
    words[`frames.length.${form.replace(/\d+/, '')}`] ?? '',
  ]);
  const named = {
    ...words,
    ...Object.fromEntries(lengths),
    'tags.wire.class.body': words['ws.bytes.body'] ?? '',
    'tags.wire.class.body.name': words['ws.bytes.bodyName'] ?? '',
  };
  const parts = annotate(asExchange(frame, from))
    .flatMap((turn) => turn.stretches)
    .filter(({ kind, bytes }) => kind !== 'head' && bytes.length > 0)
    .map((stretch) => {
      const told = explain(stretch, { words: named, format, view: 'hex' });
      return `<code class="${stretch.kind}">${shortHex(stretch.bytes)}</code><span>${escaped(told)}</span>`;
    });
  return `<div class="parts">${parts.join('')}</div>`;
}

function payloadText({ opcode, payload }: Decoded, words: Words): string {
  if (payload.length === 0) return say(words, 'frames.payload.empty');
  if (opcode === 8 && payload.length >= 2) {
    const code = (payload[0] as number) * 256 + (payload[1] as number);
    return say(words, 'frames.payload.close', { code, text: textOf(payload.subarray(2)) });
  }
  const text = opcode === 1 || opcode === 0 || isControl(opcode);
  if (!text) return say(words, 'frames.payload.bytes', { hex: shortHex(payload) });
  return say(words, 'frames.payload.text', { text: textOf(payload) });
}

function unmaskHtml({ key, payload, bytes, headBytes }: Decoded, words: Words): string {
  if (!key || payload.length === 0) return '';
  const two = (byte: number | undefined) => (byte ?? 0).toString(16).padStart(2, '0');
  const rows = Array.from(payload.subarray(0, MOST_SUMS), (plain, i) => {
    const letter = plain > 32 && plain < 127 ? ` ${String.fromCharCode(plain)}` : '';
    return `<li><code>${two(bytes[headBytes + i])} ⊕ ${two(key[i & 3])} = ${two(plain)}${escaped(letter)}</code></li>`;
  });
  const more = payload.length > MOST_SUMS ? '<li>…</li>' : '';
  return `<details><summary>${escaped(say(words, 'frames.unmask'))}</summary><p>${escaped(say(words, 'frames.unmask.sum'))}</p><ol class="sums">${rows.join('')}${more}</ol></details>`;
}
