/**
 * What stands in a stretch of bytes of one class: the lines of a head, the parts of a chunk, an event, the envelope around it.
 * Pure.
 */
import type { ByteClass } from '../../demo-server/protocol.ts';

export type Direction = 'up' | 'down';

/** What a stretch of bytes is: the key of a sentence (below `tags.wire.`), with its values. */
export interface Note {
  key: string;
  values: Readonly<Record<string, string>>;
  /** A sentence to take where there is none under `key`. */
  otherwise?: string;
}

/** Bytes that belong together, on their way in one direction. */
export interface Stretch {
  direction: Direction;
  kind: ByteClass;
  /** When its first byte crossed the socket: ms since the exchange began. */
  at: number;
  bytes: Uint8Array;
  note: Note;
  /** The bytes without their mask, where they have one. */
  unmasked?: Uint8Array;
  /** No text, though some of its bytes may look like letters. */
  binary?: true;
}

/** Neighbouring segments of one class in one direction. */
export interface Run {
  direction: Direction;
  kind: ByteClass;
  bytes: Uint8Array;
  /** Where in the run each segment begins, with its place in the record and its time. */
  marks: { offset: number; index: number; at: number }[];
  /** Nothing is known of what came before: bytes are missing there. */
  broken: boolean;
}

/** Each byte as the character of its number. */
export const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');

/** What a number of bytes of a run is. */
export interface Token extends Pick<Stretch, 'note' | 'unmasked' | 'binary'> {
  length: number;
}

/** A token of `length` bytes. */
export const token = (length: number, key: string, values: Note['values'] = {}, otherwise?: string): Token => ({
  length,
  note: { key, values, ...(otherwise === undefined ? {} : { otherwise }) },
});

/** A head, line by line. */
export function headTokens({ bytes, direction }: Run): Token[] {
  return latin1(bytes)
    .split(/(?<=\n)/)
    .flatMap((line, i) => {
      if (i === 0) return direction === 'up' ? requestLine(line) : statusLine(line);
      if (line.trim() === '') return token(line.length, 'head.blank');
      const name = line.split(':', 1)[0] ?? '';
      return token(line.length, `header.${name.toLowerCase()}`, { name }, 'head.field');
    });
}

/** RFC 9112 3: method, target, version. */
function requestLine(line: string): Token[] {
  const [, method = '', target = '', version = ''] = /^(\S+ +)(\S+ +)(.*\n?)$/s.exec(line) ?? [];
  if (!version) return [token(line.length, 'head.field', { name: line.trim() })];
  return [
    token(method.length, 'head.method', { method: method.trim() }),
    token(target.length, 'head.target'),
    token(version.length, 'head.version', { version: version.trim() }),
  ];
}

/** RFC 9112 4: version, status, and words that nobody reads. */
function statusLine(line: string): Token[] {
  const [, version = '', status = ''] = /^(HTTP\/\S+ +)(\d{3}.*\n?)$/s.exec(line) ?? [];
  if (!status) return [token(line.length, 'head.field', { name: line.trim() })];
  const code = status.slice(0, 3);
  return [
    token(version.length, 'head.answerVersion', { version: version.trim() }),
    token(status.length, `status.${code}`, { status: code }, 'head.status'),
  ];
}

/** RFC 9112 7.1: size in hexadecimal, data, line end; a size of 0 and a blank line at the end. */
const CHUNK = /0+(?:;[^\r\n]*)?\r\n\r\n|[0-9a-f]+(?:;[^\r\n]*)?\r\n|\r\n|[\s\S]/gi;

export function chunkTokens({ bytes }: Run): Token[] {
  return [...latin1(bytes).matchAll(CHUNK)].map(([text]) => {
    if (text === '\r\n') return token(2, 'chunk.end');
    if (/^0+(?:;[^\r\n]*)?\r\n\r\n$/.test(text)) return token(text.length, 'chunk.last');
    const size = Number.parseInt(text, 16);
    if (Number.isNaN(size)) return token(text.length, 'class.framing');
    return token(text.length, 'chunk.size', { hex: text.trim(), size: String(size) });
  });
}

/** The seq of the event that the bytes are; empty where they are none. */
export const seqOf = (bytes: Uint8Array): string => /^\{"seq":(\d+)/.exec(latin1(bytes))?.[1] ?? '';

/** Bytes of a body that need no further cutting. */
export function bodyToken({ bytes, kind }: Run): Token {
  const seq = seqOf(bytes);
  if (kind === 'payload') return token(bytes.length, seq ? 'event' : 'class.payload', { seq });
  if (kind === 'redundantPayload') return token(bytes.length, seq ? 'eventAgain' : 'class.redundantPayload', { seq });
  return token(bytes.length, `class.${kind}`);
}

type Form = readonly [form: RegExp, key: string];

/** What envelopes are made of, by the type of the answer: the first form that fits at a place is taken. */
const ENVELOPES: Readonly<Record<string, readonly Form[]>> = {
  'application/json': [
    [/^\{"events":\[/, 'list.begin'],
    [/^\],"next":(\d+),"reset":true\}/, 'list.reset'],
    [/^\],"next":(\d+)\}/, 'list.end'],
    [/^,/, 'list.comma'],
  ],
  // HTML 9.2.5: fields, comments, and the blank line that dispatches.
  'text/event-stream': [
    [/^id: ?([^\r\n]*)\n/, 'sse.id'],
    [/^retry: ?([^\r\n]*)\n/, 'sse.retry'],
    [/^event: ?([^\r\n]*)\n/, 'sse.event'],
    [/^:[^\r\n]*\n/, 'sse.comment'],
    [/^data: ?(?=[^\r\n])[^\r\n]*\n/, 'sse.dataLine'],
    [/^data: ?/, 'sse.data'],
    [/^\n\n/, 'sse.dispatch'],
    [/^\n/, 'sse.blank'],
  ],
  'text/html': [
    [/^<!doctype html>(?:<meta[^>]*>)?/i, 'iframe.page'],
    [/^<script>function p\(e\)\{[^<]*<\/script>\n?/, 'iframe.function'],
    [/^<script>p\(\)<\/script>\n?/, 'iframe.heartbeat'],
    [/^<script>p\((?=\{)[^<]*\)<\/script>\n?/, 'iframe.notice'],
    [/^<script>p\(/, 'iframe.begin'],
    [/^\)<\/script>\n?/, 'iframe.end'],
  ],
  'application/x-ndjson': [
    [/^\{"reset"[^\n]*\n/, 'lines.reset'],
    [/^\n/, 'lines.end'],
  ],
};

/** What envelopes are made of in an answer of the media type `type`. */
export function envelopeTokens({ bytes }: Run, type: string): Token[] {
  const text = latin1(bytes);
  const forms = ENVELOPES[type] ?? [];
  const tokens: Token[] = [];
  for (let from = 0; from < text.length; ) {
    const rest = text.slice(from);
    const fits = forms.flatMap(([form, key]) => {
      const match = form.exec(rest);
      return match ? [{ key, match }] : [];
    })[0];
    if (fits) {
      const [whole, value = ''] = fits.match;
      tokens.push(token(whole.length, fits.key, { value }));
      from += whole.length;
      continue;
    }
    const last = tokens.at(-1);
    if (last?.note.key === 'class.envelope') last.length += 1;
    else tokens.push(token(1, 'class.envelope'));
    from += 1;
  }
  return tokens;
}
