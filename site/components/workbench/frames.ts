/** The frame workbench at work: the builder writes bytes into the field, the reader reads whatever stands there. */

import type { Connect } from '../../kit/element.ts';
import { type Format, formatter } from '../../kit/format.ts';
import { type Part, partsOf } from '../../kit/parts.ts';
import { readWords, say, type Words } from '../../kit/words.ts';
import { encodeFrame, type Fault, type Form, hexOf, readFrames, type Sender } from './frame-codec.ts';
import { FRAME_EXAMPLES } from './frame-examples.ts';
import { faultText, readingHtml, summary } from './frames-html.ts';
import { HexError, readHex, readHexText } from './hex-text.ts';

const MOST_COUNT = 70_000;

/** Connects the shell `root`. */
export const connectFrames: Connect = (root, signal) => {
  const bench = new FrameBench(root);
  const part = partsOf(root);
  const on = (name: string, type: string, act: (event: Event) => void) =>
    part(name).addEventListener(type, act, { signal });
  on('build', 'submit', (event) => event.preventDefault());
  on('build', 'input', ({ target }) => bench.changed(target));
  on('new-key', 'click', () => bench.newKey());
  on('bytes', 'input', () => bench.read());
  on('example', 'input', () => bench.showExample());
  bench.read();
};

class FrameBench {
  readonly #part: Part;
  readonly #words: Words;
  readonly #format: Format;
  readonly #bytes: HTMLTextAreaElement;

  constructor(root: HTMLElement) {
    this.#part = partsOf(root);
    this.#words = readWords(root);
    this.#format = formatter(this.#words.language ?? 'en');
    this.#bytes = this.#part<HTMLTextAreaElement>('bytes');
  }

  /** Reads the field of bytes, or says why it cannot. */
  read(): void {
    const look = { words: this.#words, format: this.#format };
    try {
      const { bytes, form } = readHexText(this.#bytes.value);
      const reading = readFrames(bytes, this.#from);
      const taken = form === 'plain' ? '' : say(this.#words, `frames.taken.${form}`, { count: bytes.length });
      this.#part('status').textContent = `${taken} ${summary(reading, look)}`.trim();
      this.#part('reading').innerHTML = readingHtml(reading, this.#from, look);
    } catch (error) {
      if (!(error instanceof HexError)) throw error;
      this.#part('status').textContent = faultText(error, this.#words);
      this.#part('reading').replaceChildren();
    }
  }

  /** A field of the builder has another value. */
  changed(field: EventTarget | null): void {
    // A client masks its frames and a server does not, until the reader changes that as well.
    if (field === this.#field('from')) this.#field('masked').checked = this.#from === 'client';
    this.#build();
  }

  newKey(): void {
    this.#field('key').value = hexOf(crypto.getRandomValues(new Uint8Array(4)));
    this.#field('masked').checked = true;
    this.#build();
  }

  showExample(): void {
    const chosen = FRAME_EXAMPLES[this.#field('example').value];
    if (!chosen) return;
    this.#field('from').value = chosen.from;
    this.#bytes.value = chosen.hex;
    this.#describe();
    this.read();
  }

  #field(name: string): HTMLInputElement {
    return this.#part<HTMLInputElement>(name);
  }

  get #from(): Sender {
    return this.#field('from').value as Sender;
  }

  #payload(): Uint8Array {
    const { value } = this.#field('payload');
    const as = this.#field('as').value;
    if (as === 'text') return new TextEncoder().encode(value);
    if (as === 'hex') return readHex(value);
    const count = Number(value.trim());
    if (value.trim() === '' || !Number.isInteger(count) || count < 0 || count > MOST_COUNT)
      throw new HexError('count', { got: value });
    return new Uint8Array(count).fill(0x2e);
  }

  #key(): Uint8Array | null {
    if (!this.#field('masked').checked) return null;
    const given = readHex(this.#field('key').value);
    if (given.length !== 4) throw new HexError('keyBytes', { count: given.length });
    return given;
  }

  /** Writes the frame that the fields describe, if they describe one, and reads it. */
  #build(): void {
    let fault: Fault | undefined;
    try {
      const [fin, opcode] = [this.#field('fin').checked, Number(this.#field('opcode').value)];
      fault = this.#write({ fin, rsv: 0, opcode, key: this.#key(), payload: this.#payload() });
      this.#field('example').value = '';
      this.read();
    } catch (error) {
      if (!(error instanceof HexError)) throw error;
      fault = error;
    }
    this.#part('build-fault').textContent = fault ? faultText(fault, this.#words) : '';
  }

  /** Writes a frame in the chosen form of the length, or in the shortest where its payload does not fit that form. */
  #write(frame: Parameters<typeof encodeFrame>[0]): Fault | undefined {
    const form = this.#field('form').value;
    try {
      this.#bytes.value = hexOf(form === 'shortest' ? encodeFrame(frame) : encodeFrame(frame, Number(form) as Form));
      return undefined;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#bytes.value = hexOf(encodeFrame(frame));
      return { key: 'form', values: { length: frame.payload.length } };
    }
  }

  /** Sets the builder's fields to the first frame in the field below. */
  #describe(): void {
    const [first] = readFrames(readHex(this.#bytes.value), this.#from).frames;
    if (!first) return;
    const { opcode, fin, key, payload } = first;
    this.#field('opcode').value = String(opcode);
    this.#field('fin').checked = fin;
    this.#field('masked').checked = key !== null;
    if (key) this.#field('key').value = hexOf(key);
    this.#field('as').value = opcode === 8 ? 'hex' : 'text';
    this.#field('payload').value = opcode === 8 ? hexOf(payload) : new TextDecoder().decode(payload);
    this.#field('form').value = 'shortest';
    this.#part('build-fault').textContent = '';
  }
}
