/**
 * The timeline as a thing to look at and to move in: follows a run live, and afterwards goes wherever mouse, touch or
 * keyboard take it. The words of its readout come from the page.
 */

import { pageTime } from '../../../demo-server/measure/clock.ts';
import type { LaneRecord, Recording } from '../../../demo-server/measure/recording.ts';
import type { TechniqueId } from '../../../demo-server/protocol.ts';
import type { Format } from '../../kit/format.ts';
import { onThemeChange, type Palette, readPalette } from '../../kit/look.ts';
import { prefersLessMotion, whileVisible } from '../../kit/visible.ts';
import { say, type Words } from '../../kit/words.ts';
import { drawFrame } from './timeline-draw.ts';
import { type Gestures, listen, type Move } from './timeline-input.ts';
import {
  type Bounds,
  follow,
  type Layout,
  layOut,
  nearest,
  pan,
  reveal,
  timeAt,
  type View,
  whole,
  zoom,
} from './timeline-layout.ts';
import { type Pick, pick } from './timeline-pick.ts';
import { eventInWords, labelsOf } from './timeline-words.ts';

export interface TimelineOptions {
  canvas: HTMLCanvasElement;
  /** Where the event pointed at is told in words. */
  readout: HTMLElement;
  /** Holds the lanes' names, over the canvas. */
  labels: HTMLElement;
  words: Words;
  format: Format;
  names: Readonly<Record<TechniqueId, string>>;
  compact?: boolean;
  /** Told whenever it begins or ends to follow the run, to stand still, or to have a run that goes on. */
  tell?(state: TimelineState): void;
  /** Called when the reader wants the bytes of a request (its index in its lane). */
  openRequest?(lane: LaneRecord, request: number): void;
  /** Called when the reader marks an event on all lanes, with its number; 0 when the mark is taken away. */
  markEvent?(seq: number): void;
  signal: AbortSignal;
}

export interface TimelineState {
  running: boolean;
  following: boolean;
  paused: boolean;
}

/** ms in view while it follows, until the reader zooms. */
const FOLLOW_MS = 10_000;

/** The drawing, and what moves it. Ends with the signal it is given. */
export class Timeline {
  readonly #options: TimelineOptions;
  readonly #context: CanvasRenderingContext2D;
  #palette: Palette;
  #layout: Layout;
  #recording: Recording | null = null;
  #lanes: LaneRecord[] = [];
  #view: View = { from: 0, span: 10_000 };
  #following = true;
  #span = FOLLOW_MS;
  #stale = true;
  #focus: { row: number; event: number } | null = null;
  #marked = 0;
  /** Where it stands still while the run goes on, in ms since the start; null while it does not. */
  #pausedAt: number | null = null;
  #told = '';

  constructor(options: TimelineOptions) {
    this.#options = options;
    const { canvas, signal } = options;
    const context = canvas.getContext('2d');
    if (!context) throw new Error('This browser gave no 2d context for the timeline');
    this.#context = context;
    this.#palette = readPalette(canvas);
    this.#layout = layOut(canvas.clientWidth || 300, 1, options.compact);
    onThemeChange(() => {
      this.#palette = readPalette(canvas);
      this.#stale = true;
      this.#draw();
    }, signal);
    const resized = new ResizeObserver(() => this.#resize());
    resized.observe(canvas.parentElement ?? canvas);
    signal.addEventListener('abort', () => resized.disconnect(), { once: true });
    const gestures: Gestures = {
      move: (move) => this.move(move),
      pan: (pixels) => this.#look(pan(this.#view, this.#toTime(pixels), this.#bounds())),
      zoom: (factor, x) => this.#zoom(factor, timeAt(x, this.#view, this.#layout)),
      point: (x, y, reach) => this.#point(x, y, reach),
      press: (x, y, reach) => this.#press(x, y, reach),
      open: (what) => this.#openFocus(what),
      step: (events) => this.#step(events),
      changeRow: (rows) => this.#changeRow(rows),
    };
    listen(canvas, gestures, signal);
    // Thirty a second are smooth at this pace, and leave the thread that stamps arrivals free for them.
    whileVisible(canvas, prefersLessMotion() ? 2 : 30, () => this.#draw(), signal);
  }

  /** Shows a recording from now on; null empties the picture. `lanes` picks and orders the rows, default all. */
  show(recording: Recording | null, lanes?: readonly TechniqueId[]): void {
    if (recording !== this.#recording) {
      this.#following = true;
      this.#span = FOLLOW_MS;
      this.#focus = null;
      this.#marked = 0;
      this.#pausedAt = null;
      this.#options.readout.textContent = say(this.#options.words, 'lab.timeline.hint');
    }
    this.#recording = recording;
    const all = [...(recording?.lanes.values() ?? [])];
    this.#lanes = lanes ? all.filter((lane) => lanes.includes(lane.technique)) : all;
    this.#resize();
  }

  /** Moves as the buttons beside the picture say. */
  move(move: Move): void {
    const { from, span } = this.#view;
    const bounds = this.#bounds();
    const middle = this.#focus ? this.#focusTime() : from + span / 2;
    if (move === 'in') this.#zoom(0.5, middle);
    if (move === 'out') this.#zoom(2, middle);
    if (move === 'earlier') this.#look(pan(this.#view, -span / 4, bounds));
    if (move === 'later') this.#look(pan(this.#view, span / 4, bounds));
    if (move === 'fit') this.#look(whole(bounds));
    if (move === 'previous') this.#step(-1);
    if (move === 'next') this.#step(1);
    if (move === 'pause') this.#pausedAt = this.#pausedAt === null && this.#running() ? this.#now() : null;
    if (move === 'follow') {
      this.#following = true;
      this.#pausedAt = null;
    }
    this.#stale = true;
  }

  /** Marks event `seq` on all lanes; 0 takes the mark away. */
  mark(seq: number): void {
    this.#marked = seq;
    this.#stale = true;
    this.#options.markEvent?.(seq);
  }

  #running(): boolean {
    return this.#recording !== null && Number.isNaN(this.#recording.over);
  }

  #now(): number {
    const recording = this.#recording;
    if (!recording || Number.isNaN(recording.zero)) return 0;
    if (!this.#running()) return recording.over - recording.zero;
    return this.#pausedAt ?? pageTime() - recording.zero;
  }

  #tell(): void {
    const running = this.#running();
    const state = { running, following: this.#following, paused: running && this.#pausedAt !== null };
    const text = JSON.stringify(state);
    if (text !== this.#told) this.#options.tell?.(state);
    this.#told = text;
  }

  #bounds(): Bounds {
    // Connecting takes part of a second before the start; what was asked then belongs to the picture.
    let from = -250;
    for (const { requests } of this.#lanes) {
      if (requests.length > 0) from = Math.min(from, (requests.start[0] as number) - (this.#recording?.zero ?? 0) - 50);
    }
    return { from: Number.isFinite(from) ? from : -250, to: Math.max(this.#now() + 100, 1000) };
  }

  #look(view: View): void {
    this.#view = view;
    this.#following = false;
    this.#stale = true;
  }

  #zoom(factor: number, anchor: number): void {
    const view = zoom(this.#view, factor, anchor, this.#bounds());
    // Who zooms while the picture follows wants to see more or less of what comes, not to stop.
    if (this.#following && Number.isNaN(this.#recording?.over ?? 0)) this.#span = Math.max(200, this.#span * factor);
    else this.#look(view);
  }

  #resize(): void {
    const { canvas, compact, labels, names } = this.#options;
    const width = canvas.parentElement?.clientWidth ?? canvas.clientWidth;
    if (width === 0) return;
    this.#layout = layOut(width, Math.max(1, this.#lanes.length), compact);
    const ratio = devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(this.#layout.height * ratio);
    canvas.style.height = `${this.#layout.height}px`;
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
    // Once a size, not once a frame: setting a font makes the browser resolve styles, even to the same one.
    this.#context.font = `11px ${this.#palette.font}`;
    labels.replaceChildren(...labelsOf(this.#lanes, this.#layout, names));
    this.#stale = true;
    this.#draw();
  }

  #draw(): void {
    const recording = this.#recording;
    if (!recording || Number.isNaN(recording.zero)) return;
    const running = this.#running();
    const still = !running || this.#pausedAt !== null;
    this.#tell();
    if (still && !this.#stale) return;
    this.#stale = !still;
    const now = this.#now();
    if (this.#following) {
      const bounds = this.#bounds();
      this.#view = running || now > 3 * this.#span ? follow(now, this.#span, bounds) : whole(bounds);
    }
    const { format } = this.#options;
    drawFrame({
      context: this.#context,
      layout: this.#layout,
      view: this.#view,
      palette: this.#palette,
      recording,
      now,
      lanes: this.#lanes,
      focus: this.#focus,
      marked: this.#marked,
      format,
    });
  }

  #toTime(pixels: number): number {
    return (pixels / (this.#layout.right - this.#layout.left)) * this.#view.span;
  }

  #pick(x: number, y: number): Pick | null {
    const zero = this.#recording?.zero ?? 0;
    return pick(this.#lanes, this.#layout, this.#view, zero, x, y);
  }

  #point(x: number, y: number, reach: number): void {
    const found = this.#pick(x, y);
    // Pointing is not to be read out loud: only the keyboard's moves are announced.
    if (found && found.eventOff < reach) this.#setFocus(found.row, found.event, false);
  }

  /** A dot marks its event on all lanes, a bar opens its bytes; the dot is the smaller target and comes first. */
  #press(x: number, y: number, reach: number): void {
    const found = this.#pick(x, y);
    const lane = this.#lanes[found?.row ?? -1];
    if (!found || !lane) return;
    const onBar = found.barOff <= Math.max(12, reach);
    if (found.eventOff <= (onBar ? Math.min(8, reach) : reach)) {
      this.#setFocus(found.row, found.event, false);
      this.#openFocus('event');
    } else if (onBar && found.request >= 0) this.#options.openRequest?.(lane, found.request);
  }

  #openFocus(what: 'event' | 'bytes'): void {
    const lane = this.#lanes[this.#focus?.row ?? -1];
    const event = this.#focus?.event ?? -1;
    if (!lane || event < 0) return;
    const seq = lane.events.seq[event] as number;
    if (what === 'bytes') this.#options.openRequest?.(lane, (lane.events.request[event] as number) - 1);
    else this.mark(seq === this.#marked ? 0 : seq);
  }

  #changeRow(rows: number): void {
    const row = Math.min(this.#lanes.length - 1, Math.max(0, (this.#focus?.row ?? 0) + rows));
    const events = this.#lanes[row]?.events;
    if (!events) return;
    const time = (this.#focus ? this.#focusTime() : this.#view.from) + (this.#recording?.zero ?? 0);
    this.#setFocus(row, nearest(events.at, events.length, time), true);
  }

  #step(step: number): void {
    const row = this.#focus?.row ?? 0;
    const events = this.#lanes[row]?.events;
    if (!events) return;
    const first = events.from(this.#view.from + (this.#recording?.zero ?? 0));
    const wanted = this.#focus ? this.#focus.event + step : Number.isFinite(step) ? first : step;
    this.#setFocus(row, Math.min(events.length - 1, Math.max(0, wanted)), true);
  }

  #focusTime(): number {
    const at = this.#lanes[this.#focus?.row ?? 0]?.events.at[this.#focus?.event ?? 0] ?? 0;
    return at - (this.#recording?.zero ?? 0);
  }

  #setFocus(row: number, event: number, aloud: boolean): void {
    const { readout, words, format, names } = this.#options;
    const recording = this.#recording;
    const lane = this.#lanes[row];
    if (!recording || !lane || (this.#focus?.row === row && this.#focus.event === event)) return;
    this.#focus = { row, event };
    this.#stale = true;
    readout.setAttribute('aria-live', aloud ? 'polite' : 'off');
    readout.textContent = eventInWords(recording, lane, event, words, format, names);
    if (aloud && event >= 0) this.#look(reveal(this.#view, this.#focusTime(), this.#bounds()));
  }
}
