/** Where everything of a sequence diagram goes. Pure. Down is in px, across in percent, so that text keeps its size at any width. */

/** One line of a lesson's list. Each has exactly one of message (`from`, `to`), `hold`, `event`, `note`, `wait`. */
export interface Step {
  from?: string;
  to?: string;
  /** The words of a message, or beside a held span or an event. */
  text?: string;
  /** A message that does not arrive. */
  lost?: boolean;
  /** The actor that keeps a question from here to its next message. */
  hold?: string;
  /** The actor at which news happens. */
  event?: string;
  /** Words across the whole width. */
  note?: string;
  /** Time in which nothing travels. */
  wait?: string;
}

export interface Layout {
  height: number;
  /** Percent from the left for each actor, in the order given. */
  columns: number[];
  rows: Row[];
  holds: { x: number; from: number; to: number }[];
  gaps: { from: number; to: number }[];
}

export type Row =
  | {
      kind: 'message';
      y: number;
      from: number;
      to: number;
      lost: boolean;
      lines: string[];
      middle: number;
      top: number;
    }
  | { kind: 'beside'; y: number; x: number; dot: boolean; end: boolean; lines: string[]; top: number }
  | { kind: 'across'; y: number; lines: string[]; top: number; wait: boolean };

/** Below this width (px) the diagram is not made for; text is broken so that it fits there. */
const NARROW = 300;
const LETTER = 6.9;
export const LINE = 17;
const HEAD = 40;

const EDGE: Readonly<Record<number, number>> = { 2: 15, 3: 12, 4: 10 };

/** Breaks a text into lines of at most `most` characters, at spaces. */
export function breakLines(text: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Lays out the steps between the actors (two to four). Throws for a step that names nobody or says too much or too little. */
export function layOut(actors: readonly string[], steps: readonly Step[]): Layout {
  const edge = EDGE[actors.length];
  if (edge === undefined) throw new Error(`<Sequence> got ${actors.length} actors, takes 2 to 4`);
  const columns = actors.map((_, i) => edge + (i * (100 - 2 * edge)) / (actors.length - 1));
  const column = (name: string, step: Step): number => {
    const x = columns[actors.indexOf(name)];
    if (x === undefined)
      throw new Error(`<Sequence> ${JSON.stringify(step)} names "${name}", takes one of ${actors.join(', ')}`);
    return x;
  };
  const room = (percent: number): number => Math.floor(((percent / 100) * NARROW - 16) / LETTER);

  const rows: Row[] = [];
  const holds: Layout['holds'] = [];
  const gaps: Layout['gaps'] = [];
  const open = new Map<string, { x: number; from: number; to: number }>();
  let y = HEAD;
  for (const step of steps) {
    checkStep(step);
    const words = step.note ?? step.wait ?? step.text ?? '';
    if (step.from !== undefined && step.to !== undefined) {
      const [from, to] = [column(step.from, step), column(step.to, step)];
      const lines = breakLines(words, room(Math.abs(to - from)));
      const top = y + 8 + LINE * 0.75;
      y += 8 + lines.length * LINE + 6;
      const end = step.lost ? from + (to - from) * 0.7 : to;
      rows.push({ kind: 'message', y, from, to: end, lost: step.lost === true, lines, middle: (from + to) / 2, top });
      const held = open.get(step.from);
      if (held) held.to = y;
      open.delete(step.from);
      y += 8;
    } else if (step.hold !== undefined || step.event !== undefined) {
      const actor = step.hold ?? step.event ?? '';
      const x = column(actor, step);
      const end = x > 50;
      const neighbour = end ? columns[columns.indexOf(x) - 1] : columns[columns.indexOf(x) + 1];
      const lines = breakLines(words, room(Math.abs((neighbour ?? 50) - x)) - 1);
      if (step.hold !== undefined) {
        const hold = { x, from: y - 8, to: y };
        holds.push(hold);
        open.set(actor, hold);
      }
      const top = y + 8 + LINE * 0.75;
      y += 8 + Math.max(1, lines.length) * LINE + 8;
      for (const hold of open.values()) hold.to = y;
      rows.push({ kind: 'beside', y: top - 5, x, dot: step.event !== undefined, end, lines, top });
    } else {
      const lines = breakLines(words, room(86));
      const top = y + 10 + LINE * 0.75;
      const from = y + 4;
      y += 10 + lines.length * LINE + 10;
      for (const hold of open.values()) hold.to = y;
      if (step.wait !== undefined) gaps.push({ from, to: y - 4 });
      rows.push({ kind: 'across', y: from, lines, top, wait: step.wait !== undefined });
    }
  }
  return { height: y + 14, columns, rows, holds, gaps };
}

const KINDS = ['from', 'hold', 'event', 'note', 'wait'] as const;
const KNOWN = ['from', 'to', 'text', 'lost', 'hold', 'event', 'note', 'wait'];

function checkStep(step: Step): void {
  const got = JSON.stringify(step);
  const unknown = Object.keys(step).filter((key) => !KNOWN.includes(key));
  if (unknown.length > 0) throw new Error(`<Sequence> ${got} has ${unknown.join(', ')}, takes ${KNOWN.join(', ')}`);
  const kinds = KINDS.filter((key) => step[key] !== undefined);
  if (kinds.length !== 1) throw new Error(`<Sequence> ${got} takes exactly one of ${KINDS.join(', ')}`);
  if (step.from !== undefined && (step.to === undefined || !step.text))
    throw new Error(`<Sequence> ${got} takes from, to and text for a message`);
  if ((step.hold ?? step.event) !== undefined && !step.text) throw new Error(`<Sequence> ${got} takes a text with it`);
}
