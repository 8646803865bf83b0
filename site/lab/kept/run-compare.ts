/**
 * The page's view of two runs at a time: their settings, a table with the differences, charts and timelines in pairs.
 */

import type { Measure } from '../../../demo-server/measure/measures.ts';
import type { Recording } from '../../../demo-server/measure/recording.ts';
import type { RunDocument } from '../../../demo-server/measure/run-document.ts';
import type { TechniqueId } from '../../../demo-server/protocol.ts';
import type { Format } from '../../kit/format.ts';
import { technique as techniqueMark } from '../../kit/mark.ts';
import { partsOf } from '../../kit/parts.ts';
import { say, type Words } from '../../kit/words.ts';
import type { ChartKind } from '../charts/charts.ts';
import { dateIn, fillList, settingLines } from '../tables/run-words.ts';
import { written } from '../tables/table.ts';
import { connectTimeline } from '../timeline/timeline-shell.ts';
import { difference, GROUPS, lanesOfBoth, settingDifferences } from './run-differences.ts';

export interface Pair {
  document: RunDocument;
  recording: Recording;
}

export interface CompareOptions {
  words: Words;
  format: Format;
  names: Readonly<Record<TechniqueId, string>>;
  /** Ends what was drawn for this pair. */
  signal: AbortSignal;
}

/** Fills the shell (Compare in runs.astro) with runs `a` and `b`; what it draws ends with the signal. */
export async function showPair(root: HTMLElement, a: Pair, b: Pair, options: CompareOptions): Promise<void> {
  const { words, format, names, signal } = options;
  for (const [side, { document: kept, recording }] of Object.entries({ a, b })) {
    const box = root.querySelector<HTMLElement>(`[data-side="${side}"]`);
    const [name, when, settings, timeline] = ['name', 'when', 'settings', 'timeline'].map((part) =>
      box?.querySelector<HTMLElement>(`[data-part="${part}"]`),
    );
    if (!name || !when || !settings || !timeline) throw new Error(`The comparison lacks a part of its side ${side}`);
    name.textContent = kept.name || say(words, 'runs.compare.unnamed');
    when.textContent = `${dateIn(words, kept.made.at)}, ${kept.made.agent}`;
    const differ = settingDifferences(a.document.run.settings, b.document.run.settings);
    fillList(settings, settingLines(kept, words, format, names, differ));
    connectTimeline(timeline, { words, format, names, signal, compact: true }).show(recording);
  }
  const same = settingDifferences(a.document.run.settings, b.document.run.settings).length === 0;
  const part = partsOf(root);
  part('compare-note').textContent = say(words, same ? 'runs.compare.same' : 'runs.compare.differ');
  fillTable(part<HTMLTableElement>('compare-table'), a.recording, b.recording, options);
  await drawCharts(root, a, b, options);
}

function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  ...content: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  made.append(...content);
  return made;
}

function fillTable(
  table: HTMLTableElement,
  a: Recording,
  b: Recording,
  { words, format, names }: CompareOptions,
): void {
  const lanes = lanesOfBoth(a, b);
  const head = element('tr', element('td'));
  for (const id of lanes) {
    const cell = element('th', techniqueMark(id), names[id]);
    cell.scope = 'col';
    head.append(cell);
  }
  const bodies = GROUPS.map(({ key, measures }) => {
    const title = element('th', say(words, `lab.group.${key}`));
    title.scope = 'rowgroup';
    const rest = element('td');
    rest.colSpan = lanes.length;
    const group = element('tr', title, rest);
    group.className = 'group';
    const rows = measures.map((measure) => {
      const name = element('th', say(words, `lab.measure.${measure.key}`));
      name.scope = 'row';
      return element('tr', name, ...lanes.map((id) => differenceCell(measure, id, a, b, format)));
    });
    return element('tbody', group, ...rows);
  });
  const { caption } = table;
  table.replaceChildren(...(caption ? [caption] : []), element('thead', head), ...bodies);
}

function differenceCell(
  measure: Measure,
  technique: TechniqueId,
  a: Recording,
  b: Recording,
  format: Format,
): HTMLElement {
  const found = difference(measure, technique, a, b);
  const cell = element('td');
  for (const side of ['a', 'b'] as const) {
    const value = found[side];
    const line = element('span', element('i', side.toUpperCase()), written(measure, value, format));
    cell.append(line);
  }
  if (found.by !== null && found.by !== 0) {
    const sign = found.by > 0 ? '+' : '−';
    const amount = `${sign}${written(measure, Math.abs(found.by), format).replace(/^±\s*/, '')}`;
    const percent = found.share === null ? '' : ` (${sign}${format.count(Math.abs(found.share) * 100)}\u00a0%)`;
    cell.append(element('b', `${found.unsure ? '≈\u00a0' : ''}${amount}${percent}`));
  }
  return cell;
}

async function drawCharts(root: HTMLElement, a: Pair, b: Pair, options: CompareOptions): Promise<void> {
  const { Charts, shareAxes } = await import('../charts/charts-pair.ts');
  if (options.signal.aborted) return;
  const region = partsOf(root)('compare-charts');
  const drawn = [a, b].map(({ recording }, index) => {
    const side = index === 0 ? 'a' : 'b';
    const canvases = new Map<ChartKind, HTMLCanvasElement>();
    for (const canvas of region.querySelectorAll<HTMLCanvasElement>(`canvas[data-of="${side}"]`)) {
      canvases.set(canvas.dataset.chart as ChartKind, canvas);
    }
    const charts = new Charts({ ...options, canvases, region, recording });
    charts.drawDue();
    return canvases;
  });
  shareAxes(drawn[0] ?? new Map(), drawn[1] ?? new Map());
}
