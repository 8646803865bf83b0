/**
 * The pictures of a run that show a state instead of a course: what its bytes were, and how its latencies were distributed.
 */

import { summaryOf } from '../../../demo-server/measure/measures.ts';
import type { LaneRecord, Recording } from '../../../demo-server/measure/recording.ts';
import type { TechniqueId } from '../../../demo-server/protocol.ts';
import { type Format, NOTHING } from '../../kit/format.ts';
import { technique as techniqueMark } from '../../kit/mark.ts';
import { whileVisible } from '../../kit/visible.ts';
import { say, type Words } from '../../kit/words.ts';
import { headRow, rowHeading } from '../tables/rows.ts';
import { drawByteBars } from './byte-bars.ts';
import { type DistributionLane, drawDistribution } from './distribution.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import { shareTable } from './share-table.ts';

export interface PicturesOptions {
  root: HTMLElement;
  words: Words;
  format: Format;
  names: Readonly<Record<TechniqueId, string>>;
  signal: AbortSignal;
}

/** Fills the figures of kind `bytes` and `distribution` inside its root. Ends with its signal. */
export class Pictures {
  readonly #options: PicturesOptions;
  readonly #figures: readonly { figure: HTMLElement; picture: SVGSVGElement; draw: (width: number) => void }[];
  readonly #due = new Set<HTMLElement>();
  #recording: Recording | null = null;
  #lanes: LaneRecord[] = [];
  #histograms = new Map<LaneRecord, LatencyHistogram>();

  constructor(options: PicturesOptions) {
    this.#options = options;
    const { root, signal } = options;
    const figure = (kind: string, draw: (figure: HTMLElement, picture: SVGSVGElement, width: number) => void) => {
      const found = root.querySelector<HTMLElement>(`figure[data-kind="${kind}"]`);
      const picture = found?.querySelector('svg');
      if (!found || !picture) throw new Error(`The results lack the figure "${kind}" or its svg`);
      return { figure: found, picture, draw: (width: number) => draw(found, picture, width) };
    };
    this.#figures = [
      figure('bytes', (found, picture, width) => this.#drawBytes(found, picture, width)),
      figure('distribution', (found, picture, width) => this.#drawDistribution(found, picture, width)),
    ];
    const resized = new ResizeObserver((entries) => {
      for (const { target } of entries) this.#drawOne(target.closest('figure') as HTMLElement);
    });
    signal.addEventListener('abort', () => resized.disconnect(), { once: true });
    for (const { figure, picture } of this.#figures) {
      if (picture.parentElement) resized.observe(picture.parentElement);
      whileVisible(figure, 1, () => (this.#goesOn() || this.#due.has(figure)) && this.#drawOne(figure), signal);
      figure.addEventListener('click', (event) => this.#choose(figure, event), { signal });
      figure.querySelector('details')?.addEventListener('toggle', () => this.#drawOne(figure), { signal });
    }
    addEventListener('beforeprint', () => this.drawAll(), { signal });
  }

  /** Shows these lanes of a recording from now on. */
  show(recording: Recording, lanes: ReadonlySet<TechniqueId>): void {
    if (recording !== this.#recording) this.#histograms = new Map();
    this.#recording = recording;
    this.#lanes = [...recording.lanes.values()].filter(({ technique }) => lanes.has(technique));
    this.refresh();
  }

  /** Has every picture drawn once more, when it is seen. */
  refresh(): void {
    for (const { figure } of this.#figures) this.#due.add(figure);
  }

  /** Draws every picture at once, seen or not. */
  drawAll(): void {
    for (const { figure } of this.#figures) this.#drawOne(figure);
  }

  #goesOn(): boolean {
    return this.#recording !== null && Number.isNaN(this.#recording.over);
  }

  #choose(figure: HTMLElement, event: Event): void {
    const button = (event.target as Element).closest<HTMLButtonElement>('button[data-view]');
    if (!button) return;
    figure.dataset.view = button.dataset.view;
    for (const each of figure.querySelectorAll('button[data-view]')) {
      each.setAttribute('aria-pressed', String(each === button));
    }
    this.#drawOne(figure);
  }

  #drawOne(figure: HTMLElement): void {
    const found = this.#figures.find((each) => each.figure === figure);
    const width = found?.picture.parentElement?.clientWidth ?? 0;
    if (!found || width === 0 || !this.#recording) return;
    this.#due.delete(figure);
    found.draw(width);
  }

  #drawBytes(figure: HTMLElement, picture: SVGSVGElement, width: number): void {
    const { words, format, names } = this.#options;
    drawByteBars(picture, this.#lanes, { width, shares: figure.dataset.view === 'shares', words, format, names });
  }

  #drawDistribution(figure: HTMLElement, picture: SVGSVGElement, width: number): void {
    const { format, names, words } = this.#options;
    const recording = this.#recording as Recording;
    const lanes = this.#lanes.map((lane): DistributionLane => {
      const histogram = this.#histograms.get(lane) ?? new LatencyHistogram();
      this.#histograms.set(lane, histogram);
      histogram.update(lane.events);
      return { technique: lane.technique, histogram, latency: summaryOf(lane, recording).latency };
    });
    drawDistribution(picture, lanes, { width, cumulative: figure.dataset.view === 'cumulative', format, names });
    const details = figure.querySelector('details');
    if (!details?.open) return;
    const { limits, shares } = shareTable(this.#lanes.map(({ events }) => events.latencies()));
    const table = details.querySelector('table') as HTMLTableElement;
    const columns = this.#lanes.map(({ technique }) => {
      const column = document.createDocumentFragment();
      column.append(techniqueMark(technique), names[technique]);
      return column;
    });
    const body = document.createElement('tbody');
    limits.forEach((limit, index) => {
      const line = body.insertRow();
      line.append(rowHeading(format.ms(limit)));
      for (const share of shares[index] ?? [])
        line.insertCell().textContent = share === null ? NOTHING : format.percent(share);
    });
    const head = headRow([say(words, 'lab.distribution.within'), ...columns]);
    table.replaceChildren(...(table.caption ? [table.caption] : []), head, body);
  }
}
