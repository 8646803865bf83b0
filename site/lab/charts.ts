/**
 * The charts of the lab: counts and bytes over the time of a run, and latency in windows of it. Drawn live, one a frame.
 */
import type { TechniqueId } from '../../demo-server/protocol.ts';
import { pageTime } from './clock.ts';
import type { Format } from './format.ts';
import { LatencyWindows, windowSeconds } from './latency-windows.ts';
import { drawLines, type Ends, endsOf, type LinePlot, type PlotLine } from './line-plot.ts';
import { tipAt } from './plot-tip.ts';
import { COLUMNS, type Column, type LaneRecord, type Recording } from './recording.ts';
import { whileVisible } from './visible.ts';

export type ChartKind = Column | 'latency';

export interface ChartsOptions {
  pictures: ReadonlyMap<ChartKind, SVGSVGElement>;
  /** The charts are in it; updates stop while it cannot be seen. */
  region: Element;
  recording: Recording;
  format: Format;
  names: Readonly<Record<TechniqueId, string>>;
  signal: AbortSignal;
}

/** Each chart is drawn so often. Arrivals are stamped on the thread that draws: what is drawn more is measured worse. */
const UPDATES_A_SECOND = 2;

/** Draws a recording live, one chart a frame. Ends with its signal. */
export class Charts {
  readonly #options: ChartsOptions;
  readonly #latency = new Map<LaneRecord, LatencyWindows>();
  readonly #plots = new Map<ChartKind, LinePlot>();
  /** Charts that have not been drawn since the run was over, or since something about their look changed. */
  readonly #due = new Set<ChartKind>();
  /** Charts on the screen: after their first picture the others wait until they are there. */
  readonly #seen = new Set<ChartKind>();
  readonly #ends = new Map<ChartKind, Ends>();
  #pointed: { kind: ChartKind; x: number } | null = null;
  #turn = 0;
  #last = 0;
  #logarithmic = false;
  #shown: ReadonlySet<TechniqueId> | null = null;

  constructor(options: ChartsOptions) {
    this.#options = options;
    const { recording, region, signal, pictures } = options;
    const length = windowSeconds(recording.info?.settings ?? { eventsPerSecond: 1, durationSeconds: 60 });
    for (const lane of recording.lanes.values()) this.#latency.set(lane, new LatencyWindows(length));
    const kindOf = (target: Element) => [...pictures].find(([, picture]) => picture === target)?.[0] as ChartKind;
    const watch = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) this.#seen.add(kindOf(target));
        else this.#seen.delete(kindOf(target));
      }
    });
    const resized = new ResizeObserver((entries) => {
      for (const { target } of entries) this.#draw(kindOf(target));
    });
    for (const [kind, picture] of pictures) {
      watch.observe(picture);
      resized.observe(picture);
      for (const type of ['pointermove', 'pointerdown'] as const) {
        picture.addEventListener(
          type,
          (event) => this.#point(kind, event.clientX - picture.getBoundingClientRect().left),
          { signal },
        );
      }
      picture.addEventListener('pointerleave', () => this.#point(kind, null), { signal });
    }
    const stop = () => {
      watch.disconnect();
      resized.disconnect();
    };
    signal.addEventListener('abort', stop, { once: true });
    whileVisible(region, 60, (now) => this.#next(now), signal);
    addEventListener('beforeprint', () => this.drawDue(), { signal });
    this.refresh();
  }

  /** Has every chart drawn once more, though no data came: after the end, or when it changed its look. */
  refresh(): void {
    for (const kind of this.#options.pictures.keys()) this.#due.add(kind);
  }

  /** Shows only these lanes. */
  showLanes(shown: ReadonlySet<TechniqueId>): void {
    this.#shown = new Set(shown);
    this.refresh();
  }

  /** Draws counts and bytes on logarithmic axes or on linear ones; latency is logarithmic always. */
  setLogarithmic(on: boolean): void {
    this.#logarithmic = on;
    this.refresh();
  }

  /** The ends of a chart's axes as it was drawn last. */
  endsOf(kind: ChartKind): Ends | undefined {
    return this.#plots.get(kind)?.ends;
  }

  /** Draws a chart between these ends from now on, so that it can be held against another. */
  setEnds(kind: ChartKind, ends: Ends): void {
    this.#ends.set(kind, ends);
    this.#draw(kind);
  }

  /** Draws all that is due, seen or not: before the page is printed, say. */
  drawDue(): void {
    for (const kind of [...this.#due]) this.#draw(kind);
  }

  #next(now: number): void {
    const { pictures, recording } = this.#options;
    const unmade = [...pictures.keys()].find((kind) => !this.#plots.has(kind));
    // A run that is over has nothing left to disturb, and nothing left to draw but what has changed its look.
    const over = !Number.isNaN(recording.over);
    const seen = [...this.#seen].filter((kind) => !over || this.#due.has(kind));
    // The first picture of each as soon as there is a frame for it, then at an even pace.
    const wait = 1000 / (Math.max(1, seen.length) * UPDATES_A_SECOND) - 4;
    if (!unmade && !over && now - this.#last < wait) return;
    this.#last = now;
    const kind = unmade ?? seen[this.#turn++ % seen.length];
    if (kind) this.#draw(kind);
  }

  #draw(kind: ChartKind): void {
    const { pictures, recording, format } = this.#options;
    const picture = pictures.get(kind) as SVGSVGElement;
    this.#due.delete(kind);
    const seconds = recording.info?.settings.durationSeconds ?? 20;
    const lines = this.#lines(kind, seconds);
    const logarithmic = kind === 'latency' || this.#logarithmic;
    const inBytes = kind === 'headBytes' || kind === 'wireBytes';
    const plot: LinePlot = {
      lines,
      ends: this.#ends.get(kind) ?? endsOf(lines, seconds, logarithmic),
      logarithmic,
      bands: recording.conditions.hidden.map(({ from, to }) => ({
        from: (from - recording.zero) / 1000,
        to: (Math.min(to, pageTime()) - recording.zero) / 1000,
      })),
      // What is not laid out (folded away, or to be saved without having been seen) has a size all the same.
      width: picture.clientWidth || 360,
      height: picture.clientHeight || 240,
      writeX: (value) => (value % 1 === 0 ? `${format.count(value)}\u00a0s` : ''),
      writeY:
        kind === 'latency'
          ? format.ms
          : inBytes
            ? format.bytes
            : (value) => (value % 1 === 0 ? format.count(value) : ''),
    };
    this.#plots.set(kind, plot);
    drawLines(picture, plot);
    this.#drawTip(kind);
  }

  #lines(kind: ChartKind, end: number): PlotLine[] {
    const { recording } = this.#options;
    const lanes = [...recording.lanes.values()].filter(({ technique }) => this.#shown?.has(technique) ?? true);
    if (kind !== 'latency') {
      const column = COLUMNS.indexOf(kind);
      return lanes.map(({ technique, series }) => {
        const all = Array.from({ length: series.length }, (_, index) => index);
        const values = all.map((index) => series.valueAt(index, column));
        return { technique, look: 'line', seconds: all.map((index) => series.timeAt(index)), values };
      });
    }
    const now = Number.isNaN(recording.over) ? pageTime() : recording.over;
    return lanes.flatMap((lane) => {
      const found = this.#latency.get(lane);
      found?.update(lane.events, recording.zero, now);
      const windows = found?.windows ?? [];
      const seconds = windows.map((window) => Math.min(window.seconds, end));
      // A logarithmic axis has no place for what the clock's uncertainty has pushed to zero or below.
      const line = (look: PlotLine['look'], key: 'p50' | 'p95' | 'max'): PlotLine => ({
        technique: lane.technique,
        look,
        seconds,
        values: windows.map((window) => Math.max(0.01, window[key])),
      });
      return [line('line', 'p50'), line('dotted', 'p95'), line('points', 'max')];
    });
  }

  #point(kind: ChartKind, x: number | null): void {
    this.#pointed = x === null ? null : { kind, x };
    this.#drawTip(kind);
  }

  #drawTip(kind: ChartKind): void {
    const { pictures, format, names } = this.#options;
    const [picture, plot] = [pictures.get(kind), this.#plots.get(kind)];
    picture?.querySelector('.tip')?.remove();
    if (this.#pointed?.kind !== kind || !plot) return;
    const said = (technique: TechniqueId, values: readonly number[]) =>
      `${names[technique]}: ${values.map((value) => plot.writeY(value) || format.count(value)).join(' · ')}`;
    const tip = tipAt(plot, this.#pointed.x, said, (seconds) => format.seconds(seconds * 1000));
    if (tip) picture?.append(tip);
  }
}

/** Gives every chart that both have the greater of both ends of each axis, so that they can be compared by eye. */
export function shareEnds(a: Charts, b: Charts, kinds: Iterable<ChartKind>): void {
  for (const kind of kinds) {
    const [one, other] = [a.endsOf(kind), b.endsOf(kind)];
    if (!one || !other) continue;
    const ends = {
      seconds: Math.max(one.seconds, other.seconds),
      from: Math.min(one.from, other.from),
      to: Math.max(one.to, other.to),
    };
    a.setEnds(kind, ends);
    b.setEnds(kind, ends);
  }
}
