/**
 * What the bytes of one exchange are: every byte gets a note, by the class that the server gave it and by what it says.
 * Pure. Which class a byte belongs to is never decided here.
 */
import type { ByteClass, WireExchange, WireTranscript } from '../../demo-server/protocol.ts';

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

/** What crossed the socket in one direction at one time. `omitted` = bytes that the record did not keep before it. */
export interface Turn {
  direction: Direction;
  at: number;
  stretches: Stretch[];
  omitted: number;
}

interface Run {
  direction: Direction;
  kind: ByteClass;
  bytes: Uint8Array;
  /** Where in the run each segment begins, with its place in the record and its time. */
  marks: { offset: number; index: number; at: number }[];
  /** Nothing is known of what came before: bytes are missing there. */
  broken: boolean;
}

interface Placed extends Stretch {
  index: number;
}

/** What comes closer together than this (ms) is told as one turn. */
const TOGETHER_MS = 5;

const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');

/** The turns of an exchange, in the order in which they crossed the socket. */
export function annotate(exchange: WireExchange): Turn[] {
  const placed = (['up', 'down'] as const).flatMap((direction) => annotateRuns(runsOf(exchange, direction), exchange));
  placed.sort((a, b) => a.index - b.index);

  const turns: Turn[] = [];
  let lastAt = Number.NEGATIVE_INFINITY;
  let omissionTold = exchange.omittedBytes === 0;
  for (const { index, ...stretch } of placed) {
    const last = turns.at(-1);
    const behind = !omissionTold && index >= exchange.omittedAt;
    if (!last || last.direction !== stretch.direction || stretch.at - lastAt > TOGETHER_MS || behind)
      turns.push({
        direction: stretch.direction,
        at: stretch.at,
        stretches: [stretch],
        omitted: behind ? exchange.omittedBytes : 0,
      });
    else last.stretches.push(stretch);
    omissionTold ||= behind;
    lastAt = stretch.at;
  }
  return turns;
}

/** Bytes of each class in the turns; classes without any are missing. */
export function totals(turns: readonly Turn[]): Partial<Record<ByteClass, number>> {
  const sum: Partial<Record<ByteClass, number>> = {};
  for (const { kind, bytes } of turns.flatMap(({ stretches }) => stretches))
    sum[kind] = (sum[kind] ?? 0) + bytes.length;
  return sum;
}

/**
 * The exchange that shows most: the last whole one with news in it, rather one that succeeded than the 410 that also says that
 * the run is over; else the last. -1 where there is none.
 */
export function mostTelling({ exchanges }: WireTranscript): number {
  const news = ({ endedAt, segments }: WireExchange) =>
    endedAt !== null && segments.some(({ kind }) => kind === 'payload');
  const usual = exchanges.findLastIndex((exchange) => news(exchange) && statusOf(exchange) < 400);
  const telling = usual < 0 ? exchanges.findLastIndex(news) : usual;
  return telling < 0 ? exchanges.length - 1 : telling;
}

/** The status in the answer's first line; NaN where no answer is on record. */
function statusOf({ segments }: WireExchange): number {
  const first = segments.find(({ direction, kind }) => direction === 'down' && kind === 'head');
  return Number(first && /^HTTP\/\d\.\d (\d{3})/.exec(latin1(decoded(first.bytes)))?.[1]);
}

/** Bytes of an exchange: those of the record and those that it left out. */
export function sizeOf({ segments, omittedBytes }: WireExchange): number {
  return segments.reduce((sum, { bytes }) => sum + decoded(bytes).length, omittedBytes);
}

function decoded(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** The segments of one direction, neighbours of the same class put together. */
function runsOf(exchange: WireExchange, direction: Direction): Run[] {
  const runs: Run[] = [];
  let broken = false;
  exchange.segments.forEach((segment, index) => {
    if (exchange.omittedBytes > 0 && index === exchange.omittedAt) broken = true;
    if (segment.direction !== direction) return;
    const bytes = decoded(segment.bytes);
    if (bytes.length === 0) return;
    const at = segment.at - exchange.startedAt;
    const last = runs.at(-1);
    if (last?.kind === segment.kind && !broken) {
      last.marks.push({ offset: last.bytes.length, index, at });
      const joined = new Uint8Array(last.bytes.length + bytes.length);
      joined.set(last.bytes);
      joined.set(bytes, last.bytes.length);
      last.bytes = joined;
    } else {
      runs.push({ direction, kind: segment.kind, bytes, marks: [{ offset: 0, index, at }], broken });
    }
    broken = false;
  });
  return runs;
}

function annotateRuns(runs: readonly Run[], exchange: WireExchange): Placed[] {
  const answer = headText(runsOf(exchange, 'down'));
  const frames = /^HTTP\/1\.\d 101\b/.test(answer) ? frameReader() : null;
  const type = /^content-type:\s*([^;\r\n]+)/im.exec(answer)?.[1]?.trim().toLowerCase() ?? '';
  return runs.flatMap((run) => {
    if (run.kind === 'head') return cut(run, headTokens(run));
    if (frames) return cut(run, frames(run));
    if (run.kind === 'framing') return cut(run, chunkTokens(run));
    if (run.kind === 'envelope') return cut(run, envelopeTokens(run, type));
    return cut(run, [bodyToken(run)]);
  });
}

const headText = (runs: readonly Run[]): string => {
  const head = runs.find(({ kind }) => kind === 'head');
  return head ? latin1(head.bytes) : '';
};

interface Token extends Pick<Stretch, 'note' | 'unmasked' | 'binary'> {
  length: number;
}

/** Gives each token of a run its bytes, its time and its place in the record. */
function cut(run: Run, tokens: readonly Token[]): Placed[] {
  let from = 0;
  return tokens.map(({ length, ...rest }) => {
    const mark = run.marks.findLast(({ offset }) => offset <= from);
    const bytes = run.bytes.subarray(from, from + length);
    from += length;
    return { direction: run.direction, kind: run.kind, at: mark?.at ?? 0, index: mark?.index ?? 0, bytes, ...rest };
  });
}

const token = (length: number, key: string, values: Note['values'] = {}, otherwise?: string): Token => ({
  length,
  note: { key, values, ...(otherwise === undefined ? {} : { otherwise }) },
});

// ------------------------------------------------------------------------------------------------------- heads

function headTokens({ bytes, direction }: Run): Token[] {
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

// ------------------------------------------------------------------------------------------------------- chunks

/** RFC 9112 7.1: size in hexadecimal, data, line end; a size of 0 and a blank line at the end. */
const CHUNK = /0+(?:;[^\r\n]*)?\r\n\r\n|[0-9a-f]+(?:;[^\r\n]*)?\r\n|\r\n|[\s\S]/gi;

function chunkTokens({ bytes }: Run): Token[] {
  return [...latin1(bytes).matchAll(CHUNK)].map(([text]) => {
    if (text === '\r\n') return token(2, 'chunk.end');
    if (/^0+(?:;[^\r\n]*)?\r\n\r\n$/.test(text)) return token(text.length, 'chunk.last');
    const size = Number.parseInt(text, 16);
    if (Number.isNaN(size)) return token(text.length, 'class.framing');
    return token(text.length, 'chunk.size', { hex: text.trim(), size: String(size) });
  });
}

// ------------------------------------------------------------------------------------------------------- bodies

const seqOf = (bytes: Uint8Array): string => /^\{"seq":(\d+)/.exec(latin1(bytes))?.[1] ?? '';

function bodyToken({ bytes, kind }: Run): Token {
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

function envelopeTokens({ bytes }: Run, type: string): Token[] {
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

// ------------------------------------------------------------------------------------------------------- frames

const OPCODES: Readonly<Record<number, string>> = {
  0: 'continuation',
  1: 'text',
  2: 'binary',
  8: 'close',
  9: 'ping',
  10: 'pong',
};

/** RFC 6455 5.2, for one direction; keeps what it has read from run to run. */
function frameReader(): (run: Run) => Token[] {
  let part: 'first' | 'length' | 'long' | 'mask' | 'payload' = 'first';
  let opcode = 0;
  let masked = false;
  let compressed = false;
  let left = 0;
  let need = 0;
  let key = new Uint8Array(4);
  let keyAt = 0;

  const bits = (byte: number) => byte.toString(2).padStart(8, '0');
  const unmask = (bytes: Uint8Array) => bytes.map((byte) => byte ^ (key[keyAt++ & 3] as number));
  const begin = () => {
    keyAt = 0;
    part = left > 0 ? 'payload' : 'first';
  };

  function header(bytes: Uint8Array): Token[] {
    const tokens: Token[] = [];
    const push = (length: number, name: string, values: Note['values']) =>
      tokens.push({ ...token(length, name, values), binary: true });
    for (let at = 0; at < bytes.length; ) {
      const byte = bytes[at] as number;
      if (part === 'first') {
        opcode = byte & 15;
        const name = OPCODES[opcode] ?? 'reserved';
        const value = bits(byte);
        // RSV1 stands in the first frame of a message only, and control frames may stand in between.
        if (opcode > 0 && opcode < 8) compressed = (byte & 64) !== 0;
        const deflated = byte & 64 ? '.deflated' : '';
        push(1, `frame.first.${byte >= 128 ? 'fin' : 'more'}${deflated}`, {
          bits: `${value[0]} ${value.slice(1, 4)} ${value.slice(4)}`,
          opcode: String(opcode),
          name,
        });
        part = 'length';
        at += 1;
      } else if (part === 'length') {
        masked = byte >= 128;
        left = byte & 127;
        const value = bits(byte);
        const form = left === 126 ? '16' : left === 127 ? '64' : '7';
        push(1, `frame.length.${masked ? 'masked' : 'plain'}${form}`, {
          bits: `${value[0]} ${value.slice(1)}`,
          length: String(left),
        });
        need = form === '16' ? 2 : form === '64' ? 8 : 0;
        if (need > 0) left = 0;
        at += 1;
        if (need > 0) part = 'long';
        else if (masked) [part, need] = ['mask', 4];
        else begin();
      } else if (part === 'long') {
        const taken = Math.min(need, bytes.length - at);
        for (const one of bytes.subarray(at, at + taken)) left = left * 256 + one;
        need -= taken;
        push(taken, 'frame.long', { length: need === 0 ? String(left) : '…' });
        at += taken;
        if (need > 0) continue;
        if (masked) [part, need] = ['mask', 4];
        else begin();
      } else if (part === 'mask') {
        const taken = Math.min(need, bytes.length - at);
        key = Uint8Array.from(key);
        key.set(bytes.subarray(at, at + taken), 4 - need);
        need -= taken;
        push(taken, 'frame.mask', {});
        at += taken;
        if (need === 0) begin();
      } else {
        // The payload of a control frame counts as framing.
        const taken = Math.min(left, bytes.length - at);
        tokens.push(payload(bytes.subarray(at, at + taken), 'framing'));
        at += taken;
      }
    }
    return tokens;
  }

  function payload(bytes: Uint8Array, kind: ByteClass): Token {
    const plain = masked ? unmask(bytes) : bytes;
    left -= bytes.length;
    if (left <= 0) part = 'first';
    const extra = masked ? ({ unmasked: plain, binary: true } as const) : {};
    if (opcode === 8) {
      const code = plain.length >= 2 ? String((plain[0] as number) * 256 + (plain[1] as number)) : '';
      return {
        ...token(bytes.length, code ? 'frame.close' : 'frame.control', { code, name: 'close' }),
        binary: true,
        ...extra,
      };
    }
    if (opcode > 8) return { ...token(bytes.length, 'frame.control', { name: OPCODES[opcode] ?? '' }), ...extra };
    if (compressed) return { ...token(bytes.length, 'frame.deflated', {}), binary: true };
    const seq = seqOf(plain);
    const again = kind === 'redundantPayload';
    const name = seq ? (again ? 'eventAgain' : 'event') : masked ? 'frame.masked' : `class.${kind}`;
    const shown = new TextDecoder().decode(plain.subarray(0, 400));
    return {
      ...token(bytes.length, name, { seq, text: shown }),
      ...(opcode === 2 ? { binary: true as const } : {}),
      ...extra,
    };
  }

  let lost = false;
  return (run) => {
    if (run.broken) lost = true;
    if (lost) {
      // Somewhere in a frame: the next header says again where one stands.
      if (run.kind !== 'framing') return [bodyToken(run)];
      lost = false;
      part = 'first';
    }
    if (run.kind === 'framing') return header(run.bytes);
    const tokens: Token[] = [];
    for (let at = 0; at < run.bytes.length; ) {
      const taken = part === 'payload' ? Math.min(left, run.bytes.length - at) : run.bytes.length - at;
      tokens.push(payload(run.bytes.subarray(at, at + taken), run.kind));
      at += taken;
    }
    return tokens;
  };
}
