/**
 * What the bytes of one exchange are: every byte gets a note, by the class that the server gave it and by what it says.
 * Pure. Which class a byte belongs to is never decided here.
 */
import type { ByteClass, WireExchange, WireTranscript } from '../../demo-server/protocol.ts';
import { frameReader } from './wire-frames.ts';
import {
  bodyToken,
  chunkTokens,
  type Direction,
  envelopeTokens,
  headTokens,
  latin1,
  type Run,
  type Stretch,
  type Token,
} from './wire-tokens.ts';

/** What crossed the socket in one direction at one time. `omitted` = bytes that the record did not keep before it. */
export interface Turn {
  direction: Direction;
  at: number;
  stretches: Stretch[];
  omitted: number;
}

interface Placed extends Stretch {
  index: number;
}

/** What comes closer together than this (ms) is told as one turn. */
const TOGETHER_MS = 5;

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
