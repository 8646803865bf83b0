/**
 * The results of a cost curve: two plots with their crossings in words, and a table beside each.
 */
import { RANGES, type TechniqueId } from '../../../demo-server/protocol.ts';
import { type Format, NOTHING } from '../../kit/format.ts';
import { technique as techniqueMark } from '../../kit/mark.ts';
import { say, type Words } from '../../kit/words.ts';
import { showNotes } from '../tables/notes.ts';
import { headRow, rowHeading } from '../tables/rows.ts';
import { type Crossing, type Curve, crossings } from './crossings.ts';
import { type CurvePlan, isLogarithmic } from './curve-plan.ts';
import { drawCurves } from './curve-plot.ts';
import type { CurvePoint, LanePoint } from './curve-run.ts';

const PLOTS = ['bytes', 'age'] as const;
type Plot = (typeof PLOTS)[number];

/** Mean ages of one run and the next differ by some percent on a busy machine: a crossing within that would be none. */
const AGE_SHARE = 0.1;

export class CurveView {
  readonly #root: HTMLElement;
  readonly #words: Words;
  readonly #format: Format;
  readonly #names: Readonly<Record<TechniqueId, string>>;
  #plan: CurvePlan | null = null;
  #points: readonly CurvePoint[] = [];

  constructor(
    root: HTMLElement,
    words: Words,
    format: Format,
    names: Readonly<Record<TechniqueId, string>>,
    signal: AbortSignal,
  ) {
    this.#root = root;
    this.#words = words;
    this.#format = format;
    this.#names = names;
    const resized = new ResizeObserver(() => this.#draw());
    resized.observe(root);
    signal.addEventListener('abort', () => resized.disconnect(), { once: true });
  }

  /** Shows what has been measured so far. */
  show(plan: CurvePlan, points: readonly CurvePoint[]): void {
    this.#plan = plan;
    this.#points = points;
    this.#root.hidden = false;
    for (const plot of PLOTS) this.#tabulate(plot);
    this.#tellNotes();
    this.#draw();
  }

  /** A value of the varied setting with its unit. */
  write({ vary }: CurvePlan, value: number): string {
    const unit = this.#words[`lab.unit.${vary}`];
    const number = RANGES[vary].integer ? this.#format.count(value) : String(Number(value.toPrecision(3)));
    return unit ? `${number}\u00a0${unit}` : number;
  }

  #value(plot: Plot, value: number): string {
    return plot === 'bytes' ? this.#format.bytes(value) : this.#format.ms(value);
  }

  #curves(plot: Plot): Curve<TechniqueId>[] {
    const pick = (point: LanePoint | undefined) => point?.[plot] ?? null;
    const lanes = this.#plan?.settings.techniques ?? [];
    return lanes.map((id) => ({ id, values: this.#points.map((point) => pick(point.lanes.get(id))) }));
  }

  #draw(): void {
    const plan = this.#plan;
    if (!plan) return;
    const xs = this.#points.map(({ value }) => value);
    const logarithmic = isLogarithmic(plan);
    for (const plot of PLOTS) {
      const figure = this.#root.querySelector<HTMLElement>(`figure[data-plot="${plot}"]`);
      const picture = figure?.querySelector('svg');
      const width = picture?.parentElement?.clientWidth ?? 0;
      if (!picture || width === 0) continue;
      const curves = this.#curves(plot);
      // Ages carry the uncertainty of the clocks, and what else the machine did; bytes carry neither.
      const margin =
        plot === 'age' ? 2 * Math.max(0, ...this.#points.map(({ uncertaintyMs }) => uncertaintyMs || 0)) : 0;
      const found = crossings(xs, curves, {
        logarithmicX: logarithmic,
        logarithmicY: true,
        margin,
        share: plot === 'age' ? AGE_SHARE : 0,
      });
      const told = (crossing: Crossing<TechniqueId>) => this.#crossingInWords(plot, plan, crossing);
      drawCurves(picture, {
        xs,
        curves,
        crossings: found,
        range: { from: plan.from, to: plan.to, logarithmic },
        width,
        writeX: (value) => this.write(plan, value),
        writeY: (value) => this.#value(plot, value),
        pointInWords: (id, x, y) => `${this.#names[id]}, ${this.write(plan, x)}: ${this.#value(plot, y)}`,
        crossingInWords: told,
      });
      const enough = xs.length > 1;
      const sentences = found.length > 0 ? found.map(told) : enough ? [say(this.#words, 'curves.noCrossing')] : [];
      this.#part(`crossings-${plot}`).replaceChildren(
        ...sentences.map((sentence) => {
          const item = document.createElement('li');
          item.textContent = sentence;
          return item;
        }),
      );
      this.#part(`key-${plot}`).replaceChildren(
        ...curves.map(({ id }) => {
          const item = document.createElement('li');
          item.append(techniqueMark(id), this.#names[id]);
          return item;
        }),
      );
    }
  }

  #crossingInWords(plot: Plot, plan: CurvePlan, crossing: Crossing<TechniqueId>): string {
    const [from, to] = crossing.between;
    return say(this.#words, `curves.${plot}.crossing`, {
      at: this.write(plan, crossing.x),
      value: this.#value(plot, crossing.y),
      before: this.#names[crossing.cheaperBefore],
      after: this.#names[crossing.cheaperAfter],
      from: this.write(plan, from),
      to: this.write(plan, to),
    });
  }

  #tabulate(plot: Plot): void {
    const plan = this.#plan;
    const table = this.#part(`table-${plot}`) as HTMLTableElement;
    if (!plan) return;
    const columns = plan.settings.techniques.map((id) => {
      const column = document.createDocumentFragment();
      column.append(techniqueMark(id), this.#names[id]);
      return column;
    });
    const body = document.createElement('tbody');
    for (const point of this.#points) {
      const row = body.insertRow();
      row.append(rowHeading(this.write(plan, point.value)));
      for (const id of plan.settings.techniques) {
        const value = point.lanes.get(id)?.[plot] ?? null;
        const text =
          value === null ? NOTHING : plot === 'bytes' ? this.#format.exactBytes(value) : this.#format.ms(value);
        row.insertCell().textContent = text;
      }
    }
    const head = headRow([this.#words[`lab.field.${plan.vary}`] ?? plan.vary, ...columns]);
    table.replaceChildren(...(table.caption ? [table.caption] : []), head, body);
  }

  #tellNotes(): void {
    const notes: string[] = [];
    const points = this.#points;
    const plan = this.#plan as CurvePlan;
    for (const { value, lanes } of points) {
      for (const [id, { lost, failed }] of lanes) {
        const told = { name: this.#names[id], at: this.write(plan, value), count: lost, message: failed ?? '' };
        if (failed) notes.push(say(this.#words, 'curves.note.failed', told));
        else if (lost > 0) notes.push(say(this.#words, 'curves.note.lost', told));
      }
    }
    if (points.some(({ hidden }) => hidden)) notes.push(say(this.#words, 'curves.note.hidden'));
    if (points.some(({ proxied }) => proxied)) notes.push(say(this.#words, 'curves.note.proxied'));
    if (points.some(({ uncertaintyMs }) => Number.isNaN(uncertaintyMs)))
      notes.push(say(this.#words, 'curves.note.clock'));
    showNotes(
      this.#part('notes'),
      notes.map((text) => ({ tone: 'warn', text, on: 'none' })),
    );
  }

  #part(name: string): HTMLElement {
    const part = this.#root.querySelector<HTMLElement>(`[data-part="${name}"]`);
    if (!part) throw new Error(`The results of the curves lack their part "${name}"`);
    return part;
  }
}
