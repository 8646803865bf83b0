/** The frame workbench at work: the builder writes bytes into the field, the reader reads whatever stands there. */

import type { Connect } from '../../kit/element.ts';
import { formatter } from '../../kit/format.ts';
import { partsOf } from '../../kit/parts.ts';
import { readWords, say } from '../../kit/words.ts';
import { encodeFrame, type Fault, type Form, hexOf, readFrames, type Sender } from './frame-codec.ts';
import { FRAME_EXAMPLES } from './frame-examples.ts';
import { faultText, readingHtml, summary } from './frames-html.ts';
import { HexError, readHex, readHexText } from './hex-text.ts';

const MOST_COUNT = 70_000;

/** Connects the shell `root`. */
export const connectFrames: Connect = (root, signal) => {
  const part = partsOf(root);
  const words = readWords(root);
  const look = { words, format: formatter(words.language ?? 'en') };
  const field = (name: string) => part<HTMLInputElement>(name);
  const bytes = part<HTMLTextAreaElement>('bytes');
  const from = (): Sender => field('from').value as Sender;

  function read(): void {
    try {
      const { bytes: read, form } = readHexText(bytes.value);
      const reading = readFrames(read, from());
      const taken = form === 'plain' ? '' : say(words, `frames.taken.${form}`, { count: read.length });
      part('status').textContent = `${taken} ${summary(reading, look)}`.trim();
      part('reading').innerHTML = readingHtml(reading, from(), look);
    } catch (error) {
      if (!(error instanceof HexError)) throw error;
      part('status').textContent = faultText(error, words);
      part('reading').replaceChildren();
    }
  }

  function payload(): Uint8Array {
    const value = field('payload').value;
    const as = field('as').value;
    if (as === 'text') return new TextEncoder().encode(value);
    if (as === 'hex') return readHex(value);
    const count = Number(value.trim());
    if (value.trim() === '' || !Number.isInteger(count) || count < 0 || count > MOST_COUNT)
      throw new HexError('count', { got: value });
    return new Uint8Array(count).fill(0x2e);
  }
  function key(): Uint8Array | null {
    if (!field('masked').checked) return null;
    const given = readHex(field('key').value);
    if (given.length !== 4) throw new HexError('keyBytes', { count: given.length });
    return given;
  }
  /** Writes the frame that the fields describe, if they describe one, and reads it. */
  function build(): void {
    let fault: Fault | undefined;
    try {
      const parts = { fin: field('fin').checked, rsv: 0, opcode: Number(field('opcode').value) };
      const frame = { ...parts, key: key(), payload: payload() };
      const form = field('form').value;
      try {
        bytes.value = hexOf(form === 'shortest' ? encodeFrame(frame) : encodeFrame(frame, Number(form) as Form));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        bytes.value = hexOf(encodeFrame(frame));
        fault = { key: 'form', values: { length: frame.payload.length } };
      }
      field('example').value = '';
      read();
    } catch (error) {
      if (!(error instanceof HexError)) throw error;
      fault = error;
    }
    part('build-fault').textContent = fault ? faultText(fault, words) : '';
  }
  /** Sets the builder's fields to the first frame in the field below. */
  function describe(): void {
    const [first] = readFrames(readHex(bytes.value), from()).frames;
    if (!first) return;
    field('opcode').value = String(first.opcode);
    field('fin').checked = first.fin;
    field('masked').checked = first.key !== null;
    if (first.key) field('key').value = hexOf(first.key);
    field('as').value = first.opcode === 8 ? 'hex' : 'text';
    field('payload').value = first.opcode === 8 ? hexOf(first.payload) : new TextDecoder().decode(first.payload);
    field('form').value = 'shortest';
    part('build-fault').textContent = '';
  }
  function newKey(): void {
    field('key').value = hexOf(crypto.getRandomValues(new Uint8Array(4)));
    field('masked').checked = true;
    build();
  }

  const form = part('build');
  form.addEventListener('submit', (event) => event.preventDefault(), { signal });
  form.addEventListener(
    'input',
    (event) => {
      // Who sends it decides about the mask, unless one changes that, too.
      if (event.target === field('from')) field('masked').checked = from() === 'client';
      build();
    },
    { signal },
  );
  part('new-key').addEventListener('click', newKey, { signal });
  bytes.addEventListener('input', read, { signal });
  field('example').addEventListener(
    'input',
    () => {
      const chosen = FRAME_EXAMPLES[field('example').value];
      if (!chosen) return;
      field('from').value = chosen.from;
      bytes.value = chosen.hex;
      describe();
      read();
    },
    { signal },
  );
  read();
};
