/**
 * The five charts of the lab. This file alone imports Chart.js, and is itself imported when a run starts.
 */
import {
  Chart,
  type ChartDataset,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  Tooltip,
} from 'chart.js';
import { pageTime } from '../../../demo-server/measure/clock.ts';
import { COLUMNS, type Column, type LaneRecord, type Recording } from '../../../demo-server/measure/recording.ts';
import type { TechniqueId } from '../../../demo-server/protocol.ts';
import type { Format } from '../../kit/format.ts';
import { drawMark, onThemeChange, type Palette, readPalette } from '../../kit/look.ts';
import { DASHES } from '../../kit/marks.ts';
import { whileVisible } from '../../kit/visible.ts';
import { say, type Words } from '../../kit/words.ts';
import { LatencyWindows, windowSeconds } from './latency-windows.ts';

Chart.register(LineController, LineElement, PointElement, LinearScale, LogarithmicScale, Tooltip);

export type ChartKind = Column | 'latency';
type Point = { x: number; y: number };
type Line = ChartDataset<'line', Point[]> & { lane: LaneRecord; percentile?: 'p50' | 'p95' | 'max' };
type LineChart = Chart<'line', Point[]>;

export interface ChartsOptions {
  canvases: ReadonlyMap<ChartKind, HTMLCanvasElement>;
  /** The charts are in it; updates stop while it cannot be seen. */
  region: Element;
  recording: Recording;
  words: Words;
  format: Format;
  names: Readonly<Record<TechniqueId, string>>;
  signal: AbortSignal;
}

/** Each chart is drawn so often. Arrivals are stamped on the thread that draws: what is drawn more is measured worse. */
const UPDATES_A_SECOND = 2;

/** Draws a recording: every chart at once, then live, one a frame. Ends with its signal. */
export class Charts {
  readonly #options: ChartsOptions;
  readonly #charts = new Map<ChartKind, LineChart>();
  readonly #latency = new Map<LaneRecord, LatencyWindows>();
  /** Charts that have not been drawn since the run was over, or since something about their look changed. */
  readonly #due = new Set<ChartKind>();
  /** Charts on the screen: after their first picture the others wait until they are there. */
  readonly #seen = new Set<ChartKind>();
  #palette: Palette;
  #turn = 0;
  #last = 0;
  #logarithmic = false;
  #shown: ReadonlySet<TechniqueId> | null = null;

  constructor(options: ChartsOptions) {
    this.#options = options;
    const { recording, region, signal } = options;
    this.#palette = readPalette(region);
    const length = windowSeconds(recording.info?.settings ?? { eventsPerSecond: 1, durationSeconds: 60 });
    for (const lane of recording.lanes.values()) this.#latency.set(lane, new LatencyWindows(length));
    onThemeChange(() => this.#retint(), signal);
    const watch = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const kind = (target as HTMLElement).dataset.chart as ChartKind;
        if (isIntersecting) this.#seen.add(kind);
        else this.#seen.delete(kind);
      }
    });
    for (const canvas of options.canvases.values()) watch.observe(canvas);
    signal.addEventListener('abort', () => watch.disconnect(), { once: true });
    whileVisible(region, 20, (now) => this.#next(now), signal);
    addEventListener('beforeprint', () => this.drawDue(), { signal });
    signal.addEventListener('abort', () => this.#destroy(), { once: true });
    this.refresh();
    // All five now, though the page stands still for 80 ms: nothing is measured yet, and a run will be.
    this.drawDue();
  }

  /** Has every chart drawn once more, though no data came: after the end, or when it changed its look. */
  refresh(): void {
    for (const kind of this.#options.canvases.keys()) this.#due.add(kind);
  }

  /** Shows only these lanes. */
  showLanes(shown: ReadonlySet<TechniqueId>): void {
    this.#shown = new Set(shown);
    for (const chart of this.#charts.values()) this.#applyShown(chart);
    this.refresh();
  }

  /** Draws counts and bytes on logarithmic axes or on linear ones; latency is logarithmic always. */
  setLogarithmic(on: boolean): void {
    this.#logarithmic = on;
    for (const [kind, chart] of this.#charts) Object.assign(chart.options.scales ?? {}, { y: this.#yAxis(kind) });
    this.refresh();
  }

  #applyShown(chart: LineChart): void {
    for (const [index, dataset] of chart.data.datasets.entries()) {
      chart.setDatasetVisibility(index, this.#shown?.has((dataset as Line).lane.technique) ?? true);
    }
  }

  /** Draws all that is due, seen or not: before the page is printed, say. */
  drawDue(): void {
    for (const kind of [...this.#due]) this.#draw(kind);
  }

  #next(now: number): void {
    const { recording } = this.#options;
    // Before the start and after the end there is nothing to draw but what has changed its look, and nothing to disturb.
    const still = Number.isNaN(recording.zero) || !Number.isNaN(recording.over);
    const seen = [...this.#seen].filter((kind) => !still || this.#due.has(kind));
    const wait = 1000 / (Math.max(1, seen.length) * UPDATES_A_SECOND) - 4;
    if (!still && now - this.#last < wait) return;
    this.#last = now;
    const kind = seen[this.#turn++ % seen.length];
    if (kind) this.#draw(kind);
  }

  #draw(kind: ChartKind): void {
    this.#due.delete(kind);
    const chart = this.#charts.get(kind) ?? this.#make(kind);
    for (const dataset of chart.data.datasets as Line[]) this.#fill(kind, dataset);
    chart.update('none');
  }

  #fill(kind: ChartKind, { lane, data, percentile }: Line): void {
    let length = 0;
    const put = (x: number, y: number) => {
      // Points are reused: a run of five minutes would else leave a million of them to the garbage collector.
      const point = data[length];
      if (point) Object.assign(point, { x, y });
      else data.push({ x, y });
      length++;
    };
    if (kind === 'latency') {
      const windows = this.#latency.get(lane);
      const { recording } = this.#options;
      const now = Number.isNaN(recording.over) ? pageTime() : recording.over;
      if (percentile === 'p50') windows?.update(lane.events, recording.zero, now);
      // A logarithmic axis has no place for what the clock's uncertainty has pushed to zero or below.
      const end = recording.info?.settings.durationSeconds ?? 0;
      for (const window of windows?.windows ?? []) {
        put(Math.min(window.seconds, end), Math.max(0.01, window[percentile ?? 'p50']));
      }
    } else {
      const column = COLUMNS.indexOf(kind);
      for (let index = 0; index < lane.series.length; index++) {
        put(lane.series.timeAt(index), lane.series.valueAt(index, column));
      }
    }
    data.length = length;
  }

  #lines(kind: ChartKind): Line[] {
    const lanes = [...this.#options.recording.lanes.values()];
    const line = (lane: LaneRecord, more: Partial<Line>): Line => ({
      lane,
      data: [],
      label: this.#options.names[lane.technique],
      borderColor: this.#palette.technique[lane.technique],
      backgroundColor: this.#palette.technique[lane.technique],
      borderWidth: 2,
      borderDash: DASHES[lane.technique],
      pointRadius: 0,
      ...more,
    });
    if (kind !== 'latency') return lanes.map((lane) => line(lane, {}));
    return lanes.flatMap((lane) => {
      const name = this.#options.names[lane.technique];
      return [
        line(lane, { percentile: 'p50' }),
        line(lane, { percentile: 'p95', label: `${name} p95`, borderWidth: 1, borderDash: [1, 3] }),
        line(lane, { percentile: 'max', label: `${name} max`, showLine: false, pointRadius: 1.5 }),
      ];
    });
  }

  #yAxis(kind: ChartKind) {
    const logarithmic = kind === 'latency' || this.#logarithmic;
    const inBytes = kind === 'headBytes' || kind === 'wireBytes';
    const { format } = this.#options;
    const write = kind === 'latency' ? format.ms : inBytes ? format.bytes : format.count;
    return {
      type: logarithmic ? ('logarithmic' as const) : ('linear' as const),
      beginAtZero: !logarithmic,
      border: { display: false },
      grid: { color: this.#palette.grid },
      ticks: {
        color: this.#palette.faint,
        maxTicksLimit: 6,
        callback: (value: string | number) => {
          const number = Number(value);
          // On a logarithmic axis only the powers of ten are written, on counts only whole numbers.
          if (logarithmic && Math.abs(Math.log10(number) % 1) > 1e-6) return '';
          return kind === 'latency' || Number.isInteger(number) ? write(number) : '';
        },
      },
    };
  }

  /** Makes one chart. */
  #make(kind: ChartKind): LineChart {
    const canvas = this.#options.canvases.get(kind) as HTMLCanvasElement;
    const { recording, format, words } = this.#options;
    const duration = recording.info?.settings.durationSeconds ?? 20;
    const inBytes = kind === 'headBytes' || kind === 'wireBytes';
    const write = kind === 'latency' ? format.ms : inBytes ? format.bytes : format.count;
    canvas.setAttribute('aria-label', say(words, `lab.chart.${kind}.label`));
    const chart = new Chart<'line', Point[]>(canvas, {
      type: 'line',
      data: { datasets: this.#lines(kind) },
      options: {
        animation: false,
        parsing: false,
        normalized: true,
        responsive: true,
        maintainAspectRatio: false,
        font: { family: this.#palette.font, size: 11 },
        events: ['mousemove', 'mouseout', 'touchstart', 'touchmove'],
        interaction: { mode: kind === 'latency' ? 'nearest' : 'index', axis: 'x', intersect: false },
        layout: { padding: { right: 10, top: 8 } },
        scales: {
          x: {
            type: 'linear',
            min: 0,
            max: duration,
            border: { color: this.#palette.line },
            grid: { display: false },
            ticks: {
              color: this.#palette.faint,
              maxRotation: 0,
              maxTicksLimit: 7,
              callback: (value) => (Number.isInteger(value) ? `${format.count(Number(value))}\u00a0s` : ''),
            },
          },
          y: this.#yAxis(kind),
        },
        plugins: {
          tooltip: {
            boxPadding: 4,
            itemSort: (a, b) => (b.parsed.y ?? 0) - (a.parsed.y ?? 0),
            callbacks: {
              title: (items) => format.seconds((items[0]?.parsed.x ?? 0) * 1000),
              label: (item) => `${item.dataset.label}: ${write(item.parsed.y ?? 0)}`,
            },
          },
        },
      },
      plugins: [
        { id: 'bench', beforeDraw: (chart) => this.#bands(chart), afterDatasetsDraw: (chart) => this.#marks(chart) },
      ],
    });
    this.#charts.set(kind, chart);
    this.#applyShown(chart);
    return chart;
  }

  /** Stretches in which the tab could not be seen: timers were slowed, so what stands there is coarse. */
  #bands(chart: Chart): void {
    const { recording } = this.#options;
    const { x } = chart.scales;
    if (!x || Number.isNaN(recording.zero)) return;
    chart.ctx.fillStyle = this.#palette.warnBack;
    for (const { from, to } of recording.conditions.hidden) {
      const left = Math.max(x.left, x.getPixelForValue((from - recording.zero) / 1000));
      const right = Math.min(x.right, x.getPixelForValue((Math.min(to, pageTime()) - recording.zero) / 1000));
      if (right > left) chart.ctx.fillRect(left, chart.chartArea.top, right - left, chart.chartArea.height);
    }
  }

  /** Each lane's mark at the end of its line. */
  #marks(chart: Chart): void {
    for (const [index, dataset] of chart.data.datasets.entries()) {
      const { lane, percentile } = dataset as Line;
      const last = chart.getDatasetMeta(index).data.at(-1);
      if (!last || percentile === 'p95' || percentile === 'max' || !chart.isDatasetVisible(index)) continue;
      chart.ctx.fillStyle = this.#palette.technique[lane.technique];
      drawMark(chart.ctx, lane.technique, Math.min(last.x, chart.chartArea.right), last.y, 11);
    }
  }

  #retint(): void {
    this.#palette = readPalette(this.#options.region);
    for (const [kind, chart] of this.#charts) {
      for (const dataset of chart.data.datasets as Line[]) {
        dataset.borderColor = dataset.backgroundColor = this.#palette.technique[dataset.lane.technique];
      }
      Object.assign(chart.options.scales ?? {}, { y: this.#yAxis(kind) });
      const { x } = chart.options.scales ?? {};
      if (x?.ticks) x.ticks.color = this.#palette.faint;
    }
    this.refresh();
    // At once: a page that is printed gets no further frame.
    this.drawDue();
  }

  #destroy(): void {
    for (const chart of this.#charts.values()) chart.destroy();
    this.#charts.clear();
  }
}
