/** The frames of an echo as HTML: each with its parts, their bytes and what they are. The bytes are the server's record. */
import type { WireExchange } from '../../../demo-server/protocol.ts';
import type { Format } from '../../kit/format.ts';
import { say, type Words } from '../../kit/words.ts';
import { annotate } from '../../wire/wire-annotate.ts';
import { escaped, explain } from '../../wire/wire-html.ts';
import type { Direction, Stretch } from '../../wire/wire-tokens.ts';
import { hexOf } from '../workbench/frame-codec.ts';

interface Look {
  words: Words;
  format: Format;
}
interface Frame {
  direction: Direction;
  at: number;
  stretches: Stretch[];
}

/** Frames shown at the most, and bytes of a part. */
const MOST = 24;
const MOST_BYTES = 16;

/** The frames, oldest first: one begins with each first byte of a frame, in each direction by itself. */
function framesOf(exchange: WireExchange): Frame[] {
  const frames: Frame[] = [];
  const open: Partial<Record<Direction, Frame>> = {};
  for (const stretch of annotate(exchange).flatMap((turn) => turn.stretches)) {
    const { direction, kind, at, note } = stretch;
    if (kind === 'head') continue;
    let frame = open[direction];
    if (!frame || note.key.startsWith('frame.first')) {
      frame = { direction, at, stretches: [] };
      open[direction] = frame;
      frames.push(frame);
    }
    const last = frame.stretches.at(-1);
    // A long payload crosses the socket in several pieces.
    if (last && last.kind === kind && last.note.key === note.key && kind === 'body')
      frame.stretches[frame.stretches.length - 1] = { ...last, bytes: joined(last.bytes, stretch.bytes) };
    else frame.stretches.push(stretch);
  }
  return frames;
}

/** What the frames of messages carried one way: their number, their payload and their heads (bytes); control frames are left out. */
export interface Carried {
  messages: number;
  payload: number;
  framing: number;
}

/** As the frames' own heads say it: the record keeps no more than the beginning and the end of a long payload. */
export function carriedBy(exchange: WireExchange): Record<Direction, Carried> {
  const carried = {
    up: { messages: 0, payload: 0, framing: 0 },
    down: { messages: 0, payload: 0, framing: 0 },
  };
  for (const { direction, stretches } of framesOf(exchange)) {
    const [first] = stretches;
    const opcode = Number(first?.note.values.opcode ?? 8);
    if (opcode >= 8) continue;
    const of = carried[direction];
    if (first?.note.key.startsWith('frame.first.fin')) of.messages += 1;
    const lengths = stretches.filter(({ note }) => /^frame\.(length\..*7|long)$/.test(note.key));
    of.payload += Number(lengths.at(-1)?.note.values.length ?? 0);
    of.framing += stretches.reduce((sum, { kind, bytes }) => sum + (kind === 'framing' ? bytes.length : 0), 0);
  }
  return carried;
}

/** The table's rows: what the messages weigh in the script (bytes), beside what was carried for them. */
export function sizesHtml(
  carried: Record<Direction, Carried>,
  plain: Record<Direction, number>,
  { words, format }: Look,
): string {
  return (['up', 'down'] as const)
    .map((way) => {
      const { messages, payload, framing } = carried[way];
      const ratio = plain[way] > 0 ? format.times(payload / plain[way]) : '–';
      const cells = [format.count(messages), ...[plain[way], payload, framing].map(format.exactBytes), ratio];
      const name = escaped(say(words, `tags.wire.${way}`));
      return `<tr><th scope="row">${name}</th>${cells.map((text) => `<td>${escaped(text)}</td>`).join('')}</tr>`;
    })
    .join('');
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

/** The last frames as list items, the newest first, and how many earlier ones are left out. */
export function framesHtml(exchange: WireExchange, look: Look): { html: string; hidden: number } {
  const frames = framesOf(exchange);
  const html = frames
    .slice(-MOST)
    .reverse()
    .map((frame) => item(frame, look))
    .join('');
  return { html, hidden: Math.max(0, frames.length - MOST) };
}

/** Request and answer of the handshake, line by line. */
export function headsHtml(exchange: WireExchange, look: Look): string {
  const heads = annotate(exchange).flatMap((turn) => turn.stretches.filter(({ kind }) => kind === 'head'));
  return (['up', 'down'] as const)
    .map((direction) => {
      const stretches = heads.filter((stretch) => stretch.direction === direction);
      return stretches.length === 0 ? '' : item({ direction, at: stretches[0]?.at ?? 0, stretches }, look);
    })
    .join('');
}

function item({ direction, at, stretches }: Frame, { words, format }: Look): string {
  // An echo has no events and no envelope: what is not framing is the message.
  const named = {
    ...words,
    'tags.wire.class.body': words['ws.bytes.body'] ?? '',
    'tags.wire.class.body.name': words['ws.bytes.bodyName'] ?? '',
    'tags.wire.event': words['ws.bytes.body'] ?? '',
  };
  const bytes = format.exactBytes(stretches.reduce((sum, one) => sum + one.bytes.length, 0));
  const way = say(words, `tags.wire.${direction}`);
  const parts = stretches.map((stretch) => {
    const shown =
      stretch.kind === 'head'
        ? new TextDecoder().decode(stretch.bytes).trim() || '\\r\\n'
        : hexOf(stretch.bytes.subarray(0, MOST_BYTES)) + (stretch.bytes.length > MOST_BYTES ? ' …' : '');
    const bits = stretch.note.values.bits ? `${stretch.note.values.bits}: ` : '';
    const told = bits + explain(stretch, { words: named, format, view: 'hex' });
    return `<code class="${stretch.kind}">${escaped(shown)}</code><span>${escaped(told)}</span>`;
  });
  const title = say(words, 'ws.bytes.frame', { way, bytes });
  return `<li class="${direction}"><p><b>${escaped(title)}</b> ${escaped(format.moment(at))}</p><div>${parts.join('')}</div></li>`;
}
