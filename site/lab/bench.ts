/**
 * The results of the lab: legend, timeline, charts, tables and notes of one recording, kept up to date while it runs.
 */

import { GROUPS } from '../../demo-server/measure/measures.ts';
import type { LaneRecord, Recording } from '../../demo-server/measure/recording.ts';
import type { TechniqueId } from '../../demo-server/protocol.ts';
import { copyText } from '../kit/copy.ts';
import type { Format } from '../kit/format.ts';
import { technique as techniqueMark } from '../kit/mark.ts';
import { type Part, partsOf } from '../kit/parts.ts';
import { whileVisible } from '../kit/visible.ts';
import { say, setText, type Words } from '../kit/words.ts';
import type { ChartKind, Charts, ChartsOptions } from './charts/charts.ts';
import { Pictures } from './charts/pictures.ts';
import { FaultReport } from './faults/fault-report.ts';
import { notesOf, showNotes } from './tables/notes.ts';
import { SubscriberReport } from './tables/subscriber-report.ts';
import { Table, toTsv } from './tables/table.ts';
import { Inspector } from './timeline/inspector.ts';
import type { Timeline } from './timeline/timeline.ts';
import { connectTimelineList } from './timeline/timeline-list.ts';
import { connectTimeline } from './timeline/timeline-shell.ts';

/** The chart code as loaded by the caller, before the run holds the browser's connections. */
export type ChartsModule = { Charts: new (options: ChartsOptions) => Charts };

export class Bench {
  readonly #root: HTMLElement;
  readonly #part: Part;
  readonly #words: Words;
  readonly #format: Format;
  readonly #names: Readonly<Record<TechniqueId, string>>;
  readonly #timeline: Timeline;
  readonly #inspector: Inspector;
  readonly #list: ReturnType<typeof connectTimelineList>;
  readonly #pictures: Pictures;
  readonly #faults: FaultReport;
  readonly #subscribers: SubscriberReport;
  readonly #life: AbortSignal;
  #shown = new Set<TechniqueId>();
  #recording: Recording | null = null;
  #charts: Charts | null = null;
  #tables = new Map<HTMLElement, Table>();
  /** Ends what was set up for one recording. */
  #current = new AbortController();

  constructor(
    root: HTMLElement,
    words: Words,
    format: Format,
    names: Readonly<Record<TechniqueId, string>>,
    signal: AbortSignal,
  ) {
    this.#root = root;
    this.#part = partsOf(root);
    this.#words = words;
    this.#format = format;
    this.#names = names;
    this.#life = signal;
    this.#inspector = new Inspector({ root, words, format, names, signal, closeEvent: () => this.#timeline.mark(0) });
    const openRequest = (lane: LaneRecord, request: number) => void this.#inspector.openRequest(lane, request);
    const markEvent = (seq: number) => this.#inspector.showEvent(seq);
    this.#timeline = connectTimeline(this.#part('timeline'), { words, format, names, signal, openRequest, markEvent });
    const list = this.#part<HTMLDetailsElement>('timeline-list');
    this.#list = connectTimelineList({ root: list, words, format, names, signal, openRequest });
    this.#pictures = new Pictures({ root, words, format, names, signal });
    this.#faults = new FaultReport(this.#part('fault-report'), words, format, names);
    this.#subscribers = new SubscriberReport(root, words, format, names);
    signal.addEventListener('abort', () => this.#current.abort(), { once: true });
    this.#part('legend').addEventListener('click', (event) => this.#toggle(event), { signal });
    this.#part('logarithmic').addEventListener(
      'change',
      (event) => this.#charts?.setLogarithmic((event.target as HTMLInputElement).checked),
      { signal },
    );
    this.#part('copy-table').addEventListener('click', () => this.#copy(), { signal });
    for (const box of root.querySelectorAll<HTMLElement>('[data-table]')) {
      whileVisible(box, 8, () => this.#tables.get(box)?.updateNext(), signal);
    }
    whileVisible(root, 3, () => this.#faults.update(), signal);
    let notes = 0;
    whileVisible(root, 4, () => (notes++ % 4 === 0 ? this.#tellNotes() : this.#tellConditions()), signal);
  }

  /** Shows a new recording in place of the last. */
  show(recording: Recording, { Charts }: ChartsModule): void {
    this.#current.abort();
    this.#current = new AbortController();
    this.#recording = recording;
    this.#root.hidden = false;
    this.#shown = new Set(recording.lanes.keys());
    this.#buildLegend();
    this.#timeline.show(recording);
    this.#inspector.show(recording);
    this.#list.show(recording);
    const canvases = new Map<ChartKind, HTMLCanvasElement>();
    for (const canvas of this.#root.querySelectorAll<HTMLCanvasElement>('canvas[data-chart]')) {
      canvases.set(canvas.dataset.chart as ChartKind, canvas);
    }
    const [words, format, names] = [this.#words, this.#format, this.#names];
    const signal = AbortSignal.any([this.#life, this.#current.signal]);
    this.#charts = new Charts({ canvases, region: this.#root, recording, words, format, names, signal });
    this.#charts.setLogarithmic(this.#part<HTMLInputElement>('logarithmic').checked);
    this.#pictures.show(recording, this.#shown);
    this.#faults.show(recording);
    this.#subscribers.show(recording);
    this.#tables = new Map();
    for (const box of this.#root.querySelectorAll<HTMLElement>('[data-table]')) {
      const uplink = (recording.info?.settings.uplinkPerSecond ?? 0) > 0;
      const groups = GROUPS.filter(
        ({ key }) => box.dataset.table?.split(' ').includes(key) && (uplink || key !== 'uplink'),
      );
      const table = box.querySelector('table') as HTMLTableElement;
      this.#tables.set(box, new Table(table, recording, words, names, techniqueMark, format, groups));
    }
    this.#tellNotes();
  }

  /** Draws the last state of everything: called when the run is over. */
  finish(): void {
    for (const table of this.#tables.values()) table.updateAll();
    this.#charts?.refresh();
    this.#pictures.refresh();
    this.#faults.update();
    this.#inspector.finish();
    this.#list.refresh();
    this.#tellNotes();
    this.#tellConditions();
  }

  /** Draws at once what waits to be seen: it is about to be saved or printed. */
  drawAll(): void {
    this.#charts?.drawDue();
    this.#pictures.drawAll();
  }

  #buildLegend(): void {
    const buttons = [...this.#shown].map((id) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.dataset.technique = id;
      button.setAttribute('aria-pressed', 'true');
      button.append(techniqueMark(id), this.#names[id]);
      return button;
    });
    this.#part('legend').replaceChildren(...buttons);
  }

  #toggle(event: Event): void {
    const button = (event.target as Element).closest('button');
    const id = button?.dataset.technique as TechniqueId | undefined;
    if (!button || !id || !this.#recording) return;
    const on = !this.#shown.has(id);
    // A picture without any lane says nothing: the last one stays.
    if (!on && this.#shown.size === 1) return;
    if (on) this.#shown.add(id);
    else this.#shown.delete(id);
    button.setAttribute('aria-pressed', String(on));
    this.#charts?.showLanes(this.#shown);
    this.#pictures.show(this.#recording, this.#shown);
    this.#timeline.show(this.#recording, [...this.#shown]);
  }

  #tellNotes(): void {
    if (!this.#recording) return;
    const notes = notesOf(this.#recording, this.#words, this.#format, this.#names);
    showNotes(this.#part('notes'), notes);
    for (const box of this.#root.querySelectorAll<HTMLElement>('[data-chart-notes]')) {
      const kind = box.dataset.chartNotes === 'latency' ? 'latency' : 'counts';
      showNotes(
        box,
        notes.filter(({ on }) => on === 'all' || on === kind),
      );
    }
  }

  #tellConditions(): void {
    const recording = this.#recording;
    if (!recording) return;
    const { clock, info } = recording;
    const tell = (name: string, text: string) => setText(this.#part(`condition-${name}`), text);
    tell('clock', clock.current ? this.#format.uncertainty(clock.uncertaintyMs) : say(this.#words, 'lab.unknown'));
    tell('timer', this.#format.ms(clock.resolutionMs));
    tell('late', this.#format.ms(recording.conditions.eventLoopDelayMs ?? Number.NaN));
    tell('isolated', say(this.#words, clock.isolated ? 'lab.yes' : 'lab.no'));
    tell('seed', String(info?.settings.seed ?? ''));
    tell('run', info?.id ?? '');
    this.#tellServer();
    this.#subscribers.update();
  }

  /** What the run cost its server, where the ledger tells. */
  #tellServer(): void {
    const { ledger, info } = this.#recording ?? {};
    const told = ledger?.process;
    this.#part('server').hidden = this.#part('jump-server').hidden = !told;
    if (!told) return;
    const { count, bytes, ms, percent } = this.#format;
    const tell = (name: string, text: string) => setText(this.#part(`process-${name}`), text);
    const length = (info?.settings.durationSeconds ?? 0) * 1000;
    tell('cpu', `${ms(told.cpuMs)} (${percent(told.cpuMs / length)})`);
    tell('rss', bytes(told.rssBytes));
    tell('heap', bytes(told.heapBytes));
    tell('sockets', count(told.openSockets));
    tell('late', ms(told.eventLoopDelayMs));
  }

  async #copy(): Promise<void> {
    if (!this.#recording) return;
    const feedback = this.#part('copied');
    feedback.textContent = '';
    const done = await copyText(toTsv(this.#recording, this.#words, this.#names));
    feedback.textContent = say(this.#words, done ? 'lab.copied.table' : 'lab.copied.failed');
  }
}
