/**
 * What each lane's bytes were: a bar for each, cut into the classes of the ledger in the colours of the wire view.
 */

import type { LaneRecord } from '../../../demo-server/measure/recording.ts';
import { wireBytes } from '../../../demo-server/measure/statistics.ts';
import type { LaneLedger, TechniqueId } from '../../../demo-server/protocol.ts';
import type { Format } from '../../kit/format.ts';
import { laneLabel, svg } from '../../kit/svg.ts';
import { say, type Words } from '../../kit/words.ts';
import { type Axis, place, ticksOf } from './axis.ts';

/** The classes in the order in which they cross the wire; `letter` as in the wire view, with its direction. */
export const CLASSES: readonly { key: string; letter: string; bytes(ledger: LaneLedger): number }[] = [
  { key: 'headUp', letter: 'H↑', bytes: ({ bytes }) => bytes.up.head },
  { key: 'bodyUp', letter: 'B↑', bytes: ({ bytes }) => bytes.up.body },
  { key: 'headDown', letter: 'H↓', bytes: ({ bytes }) => bytes.down.head },
  { key: 'framing', letter: 'F', bytes: ({ bytes }) => bytes.up.framing + bytes.down.framing },
  { key: 'envelope', letter: 'E', bytes: ({ bytes }) => bytes.down.envelope },
  { key: 'payload', letter: 'P', bytes: ({ bytes }) => bytes.down.payload },
  { key: 'redundantPayload', letter: 'R', bytes: ({ bytes }) => bytes.down.redundantPayload },
];

export interface ByteBarsOptions {
  /** The width to fill, in CSS pixels. */
  width: number;
  /** Each bar in full width, cut by shares; otherwise all on one scale of bytes. */
  shares: boolean;
  words: Words;
  format: Format;
  names: Readonly<Record<TechniqueId, string>>;
}

const AXIS = 20;

/** Draws the bars of `lanes` into `picture`. */
export function drawByteBars(picture: SVGSVGElement, lanes: readonly LaneRecord[], options: ByteBarsOptions): void {
  const { width, shares, words, format, names } = options;
  const beside = width >= 560;
  const row = beside ? 34 : 56;
  const most = Math.max(1, ...lanes.map(({ ledger }) => (ledger ? wireBytes(ledger) : 0)));
  const [start, end] = [beside ? 180 : 0, width - 72];
  const axis: Axis = { from: 0, to: shares ? 100 : most, start, end, logarithmic: false };
  const height = AXIS + lanes.length * row + 4;
  const parts: SVGElement[] = [hatch()];
  for (const tick of ticksOf(axis, 90)) {
    const x = Math.round(place(axis, tick));
    parts.push(svg('line', { class: 'grid', x1: x, x2: x, y1: AXIS, y2: height }));
    const anchor = tick === 0 ? 'start' : 'middle';
    const text = shares ? `${format.count(tick)}\u00a0%` : format.bytes(tick);
    parts.push(svg('text', { class: 'tick', x, y: 12, 'text-anchor': anchor }, text));
  }
  lanes.forEach(({ technique, ledger }, index) => {
    const bottom = AXIS + (index + 1) * row - 4;
    const group = svg('g', { 'data-technique': technique });
    group.append(laneLabel(technique, names[technique], 0, beside ? bottom - 8 : bottom - 38));
    const all = ledger ? wireBytes(ledger) : 0;
    let before = 0;
    for (const { key, letter, bytes } of ledger ? CLASSES : []) {
      const amount = bytes(ledger as LaneLedger);
      if (amount === 0) continue;
      const scale = shares ? 100 / all : 1;
      const [x, right] = [place(axis, before * scale), place(axis, (before + amount) * scale)];
      before += amount;
      const share = `${format.count((amount / all) * 100)}\u00a0%`;
      const told = {
        name: names[technique],
        class: say(words, `lab.measure.${key}`),
        bytes: format.exactBytes(amount),
        share,
      };
      const part = svg(
        'g',
        { 'data-class': key },
        svg('title', {}, say(words, 'lab.bytes.part', told)),
        svg('rect', { x, y: bottom - 16, width: Math.max(0.5, right - x - (right - x > 3 ? 1 : 0)), height: 16 }),
      );
      if (key === 'redundantPayload')
        part.append(
          svg('rect', { class: 'hatch', x, y: bottom - 16, width: Math.max(0.5, right - x - 1), height: 16 }),
        );
      if (right - x >= 15)
        part.append(
          svg('text', { class: 'letter', x: (x + right) / 2, y: bottom - 19, 'text-anchor': 'middle' }, letter),
        );
      group.append(part);
    }
    if (ledger) {
      const x = shares ? end : place(axis, all);
      group.append(
        svg('text', { class: 'amount', x: x + 6, y: bottom - 8, 'dominant-baseline': 'central' }, format.bytes(all)),
      );
    }
    parts.push(group);
  });
  picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
  picture.setAttribute('height', String(height));
  picture.replaceChildren(...parts);
}

/** What was sent again is hatched as well: in print, and to eyes that do not tell greens apart, it stays another thing. */
function hatch(): SVGElement {
  const lines = svg('path', { class: 'hatching', d: 'M-1 5L5 -1M0 8L8 0M3 9L9 3' });
  return svg(
    'defs',
    {},
    svg('pattern', { id: 'lab-hatch', width: 8, height: 8, patternUnits: 'userSpaceOnUse' }, lines),
  );
}
