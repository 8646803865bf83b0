/**
 * Bytes as people copy them: hexadecimal with whatever stands between, lists and strings of programming languages, dumps with
 * offsets and text. What could be read in two ways is refused, and what was taken is said.
 */
import type { Fault } from './frame-codec.ts';

/** How the text was taken. */
export type HexForm = 'plain' | 'list' | 'escaped' | 'decimal' | 'dump';
export interface HexText {
  bytes: Uint8Array<ArrayBuffer>;
  form: HexForm;
}

/** More than this a dump with a line of `*` must not stand for (bytes). */
const MOST_BYTES = 1 << 20;
const SEPARATORS = /[\s,;:\-_|]+/;

/** Why a text is no bytes: a fault like those of a frame. */
export class HexError extends Error implements Fault {
  key: string;
  values: Fault['values'];
  constructor(key: string, values: Fault['values'] = {}) {
    super(`${key} ${JSON.stringify(values)}`);
    this.key = key;
    this.values = values;
  }
}

/** The bytes of a text. Throws a HexError that names what does not fit. */
export const readHex = (text: string): Uint8Array<ArrayBuffer> => readHexText(text).bytes;

/** The bytes of a text, and how it was taken. Throws a HexError that names what does not fit. */
export function readHexText(text: string): HexText {
  // Seven digits, and then words: hexdump and od without options. Which byte of a word comes first only that machine knows.
  if (/^\s*[0-9a-f]{7} (?:[0-9a-f]{4}|[0-7]{6})(?:\s|$)/im.test(text)) throw new HexError('hexWords');
  const dump = readDump(text);
  if (dump) return { bytes: Uint8Array.from(dump), form: 'dump' };
  const numbers = /(?:Uint8Array(?:\(\d+\)\s*|\s*\(?)|Buffer\.from\(|"data"\s*:\s*)\[([\d,\s]*)\]/.exec(text)?.[1];
  if (numbers !== undefined) return { bytes: readDecimal(numbers), form: 'decimal' };
  if (/\\x/i.test(text)) return { bytes: readEscaped(text), form: 'escaped' };
  return readTokens(text);
}

/** Hexadecimal in tokens of whole bytes; of a list in a program what its braces hold. */
function readTokens(text: string): HexText {
  const more = /\.\.\.\s*(\d+) more bytes?/.exec(text)?.[1];
  if (more !== undefined) throw new HexError('hexMore', { count: Number(more) });
  const bare = text.replace(/\/\*[\s\S]*?\*\//g, ' ');
  const inside =
    /<Buffer([^>]*)>/.exec(bare)?.[1] ?? /\{([^{}]*)\}/.exec(bare)?.[1] ?? /^\s*\[([^[\]]*)\]\s*$/.exec(bare)?.[1];
  const tokens = (inside ?? bare).split(SEPARATORS).filter((token) => token !== '');
  const odd = tokens.map((token) => /[^0-9a-f]/i.exec(token.replace(/^0x/i, '').replace(/0x/gi, ''))?.[0]);
  const sign = odd.find((found) => found !== undefined);
  if (sign !== undefined) throw new HexError('hexSign', { got: sign });
  // Numbers from 0 to 255 in one, two and three digits: no hexadecimal writes bytes so.
  const bytesIn10 = tokens.length > 1 && tokens.every((token) => /^\d{1,3}$/.test(token) && Number(token) <= 255);
  // Of a last one with one digit the other may not be typed yet.
  if (bytesIn10 && tokens.some(({ length }, at) => length === 3 || (length === 1 && at < tokens.length - 1)))
    throw new HexError('hexDecimal', { got: tokens.slice(0, 4).join(' ') });
  const digits = tokens
    .map((token) => (/^0x[0-9a-f]$/i.test(token) ? `0${token.at(-1)}` : token.replace(/0x/gi, '')))
    .join('');
  if (digits.length % 2 === 1) throw new HexError('hexOdd', { count: digits.length });
  return { bytes: pairs(digits), form: inside === undefined ? 'plain' : 'list' };
}

const pairs = (digits: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16));

function readDecimal(numbers: string): Uint8Array<ArrayBuffer> {
  const values = numbers
    .split(/[\s,]+/)
    .filter((token) => token !== '')
    .map(Number);
  const beyond = values.find((value) => value > 255);
  if (beyond !== undefined) throw new HexError('hexSign', { got: String(beyond) });
  return Uint8Array.from(values);
}

const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, '0': 0, a: 7, b: 8, f: 12, v: 11 };

/** `\x81\x05`, alone or as the literal of a string, whose other letters are bytes too. */
function readEscaped(text: string): Uint8Array<ArrayBuffer> {
  const lines = text.trim().replace(/\\\s*\n\s*/g, '\n');
  const literals = [...lines.matchAll(/b?"((?:[^"\\]|\\[\s\S])*)"|b?'((?:[^'\\]|\\[\s\S])*)'/gi)];
  const outside = literals.reduce((rest, [whole]) => rest.replace(whole, ' '), lines);
  const content = literals.length > 0 ? literals.map(([, double, single]) => double ?? single ?? '') : [outside];
  if (literals.length > 0) {
    const odd = /[^\s;+,()]/.exec(outside.replace(/^[\w\s[\]*]*=/, ''))?.[0];
    if (odd !== undefined) throw new HexError('hexSign', { got: odd });
  }
  const bytes: number[] = [];
  for (const part of content) {
    for (const [whole, hex, escaped] of part.matchAll(/\\x([0-9a-f]{2})|\\([\s\S])|[\s\S]/gi)) {
      if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
      else if (literals.length > 0) {
        if (escaped === 'x' || escaped === 'u') throw new HexError('hexSign', { got: whole });
        if (escaped !== undefined) bytes.push(ESCAPES[escaped] ?? (escaped.codePointAt(0) as number));
        else bytes.push(...new TextEncoder().encode(whole));
      } else if (!SEPARATORS.test(whole)) throw new HexError('hexSign', { got: whole });
    }
  }
  return Uint8Array.from(bytes);
}

interface DumpLine {
  number: number;
  /** As it is written: what base it has, the lines together show. */
  offset: string;
  rest: string;
  /** A line `*` stands behind it: it comes again up to the next offset. */
  again: boolean;
}

/** A dump of Wireshark, tcpdump, xxd, hexdump -C or od; null where the text is none. */
function readDump(text: string): number[] | null {
  const lines: DumpLine[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const last = lines.at(-1);
    if (line.trim() === '*' && last) {
      last.again = true;
      continue;
    }
    const [, offset, rest = ''] =
      /^\s*(?:0x)?([0-9a-f]{4,16})(?::|(?=\s{2}|\t|\s*$)|(?<=[0-9a-f]{6})(?= [0-9a-f]{2}(?:\s|$)))(.*)$/i.exec(line) ??
      [];
    if (offset === undefined) return null;
    lines.push({ number: index + 1, offset, rest, again: false });
  }
  const [first, second] = lines;
  if (!first || first.rest.trim() === '' || !(second || /^0+$/.test(first.offset))) return null;
  // Both may go together where lines are left out. Seven digits are od's octal ones; all others print hexadecimal.
  for (const base of first.offset.length === 7 ? [8, 16] : [16, 8]) {
    const bytes = dumpBytes(lines, base);
    if (bytes) return bytes;
  }
  // Lines of hexadecimal that look alike by chance count on in no base.
  if (lines.every(({ offset, rest }) => /^[0-9a-f\s]*$/i.test(offset + rest))) return null;
  throw new HexError('hexDump', { line: wrongLine(lines) });
}

function dumpBytes(lines: readonly DumpLine[], base: number): number[] | null {
  const bytes: number[] = [];
  const start = Number.parseInt(lines[0]?.offset ?? '', base);
  for (const [index, { offset, rest, again }] of lines.entries()) {
    if (Number.parseInt(offset, base) - start !== bytes.length) return null;
    if (rest.trim() === '') return index === lines.length - 1 ? bytes : null;
    const next = lines[index + 1];
    const upTo = next && Number.parseInt(next.offset, base) - start;
    const found = lineBytes(rest, again ? undefined : upTo && upTo - bytes.length);
    if (!found) return null;
    bytes.push(...found);
    if (again && upTo !== undefined) {
      if (upTo > MOST_BYTES) throw new HexError('hexLong', { count: upTo });
      while (bytes.length < upTo) bytes.push(...found.slice(0, upTo - bytes.length));
    }
  }
  return bytes;
}

/** The number of the first line whose hexadecimal and text are not the same bytes, or else of the first. */
function wrongLine(lines: readonly DumpLine[]): number {
  return (lines.find(({ rest }) => rest.trim() !== '' && !lineBytes(rest, undefined)) ?? lines[0])?.number ?? 1;
}

/** The bytes of one line behind its offset; `count`: how many there must be. The text beside them has to be theirs. */
function lineBytes(rest: string, count: number | undefined): number[] | null {
  const gaps = [...rest.matchAll(/\s{2,}|\s+(?=[|>])|$/g)]
    .map(({ index }) => index)
    .filter((at) => rest.slice(0, at).trim() !== '');
  for (const at of gaps) {
    const tokens = rest.slice(0, at).trim().split(/\s+/);
    if (!tokens.every((token) => /^([0-9a-f]{2})+$/i.test(token))) continue;
    const bytes = [...pairs(tokens.join(''))];
    if ((count === undefined || bytes.length === count) && isTextOf(rest.slice(at), bytes)) return bytes;
  }
  return null;
}

/** Whether a column shows these bytes: the letters that all print as themselves, and one sign for each other byte. */
function isTextOf(column: string, bytes: readonly number[]): boolean {
  const trimmed = column.trim();
  const framed = /^\|(.*)\|$|^>(.*)<$/.exec(trimmed);
  const fits = (text: string) =>
    text.length <= bytes.length &&
    bytes.every((byte, i) => {
      const shown = text[i];
      // Blanks at the end are lost on the way through some editors.
      if (shown === undefined) return byte === 0x20;
      return byte > 0x20 && byte < 0x7f ? shown === String.fromCharCode(byte) : !/[0-9a-z]/i.test(shown);
    });
  if (trimmed === '') return true;
  if (framed && fits(framed[1] ?? framed[2] ?? '')) return true;
  const begins = column.search(/\S/);
  for (let from = 0; from <= begins; from++) if (fits(column.slice(from).replace(/\s+$/, ''))) return true;
  return false;
}
