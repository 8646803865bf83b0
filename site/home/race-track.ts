/**
 * One lane of the race: the same bars, dots and leaning lines as in the timeline, and a ring around what just arrived.
 */
import { pageTime } from '../../demo-server/measure/clock.ts';
import type { LaneRecord, Recording } from '../../demo-server/measure/recording.ts';
import { onThemeChange, type Palette, readPalette } from '../kit/look.ts';
import { prefersLessMotion } from '../kit/visible.ts';
import type { LaneFrame } from '../lab/timeline/frame.ts';
import { drawBars, drawEvents } from '../lab/timeline/timeline-draw.ts';
import { type Layout, xOf } from '../lab/timeline/timeline-layout.ts';

/** How long the ring around a new arrival takes to fade, in ms. */
const RING_MS = 500;

/** A track between two edges of a canvas. Redraws itself when the theme or its size changes. */
export class Track {
  readonly #canvas: HTMLCanvasElement;
  readonly #still = prefersLessMotion();
  #palette: Palette;
  #lane: LaneRecord | null = null;
  #recording: Recording | null = null;

  constructor(canvas: HTMLCanvasElement, signal: AbortSignal) {
    this.#canvas = canvas;
    this.#palette = readPalette(canvas);
    onThemeChange(() => {
      this.#palette = readPalette(canvas);
      this.draw();
    }, signal);
    const resized = new ResizeObserver(() => this.draw());
    resized.observe(canvas);
    signal.addEventListener('abort', () => resized.disconnect(), { once: true });
  }

  /** Shows a lane from now on. */
  show(recording: Recording, lane: LaneRecord): void {
    this.#recording = recording;
    this.#lane = lane;
  }

  /** Draws the lane as it is now. */
  draw(): void {
    const [recording, lane, canvas] = [this.#recording, this.#lane, this.#canvas];
    const context = canvas.getContext('2d');
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!recording || !lane || !context || width === 0 || Number.isNaN(recording.zero)) return;
    const ratio = devicePixelRatio || 1;
    // Setting a canvas's size also clears it; where the size stays, clearing is cheaper.
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
    if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);

    const row = { top: 3, bar: height - 10, bottom: height };
    const layout: Layout = { width, height, left: 0, right: width - 8, axis: 0, rows: [row], namesBeside: true };
    const duration = (recording.info?.settings.durationSeconds ?? 10) * 1000;
    const over = !Number.isNaN(recording.over);
    const now = (over ? recording.over : pageTime()) - recording.zero;
    const frame = {
      context,
      layout,
      // The last answer of a poll comes up to an interval after the end.
      view: { from: -300, span: Math.max(duration + 200, now + 150) + 300 },
      palette: this.#palette,
      recording,
      now,
    };
    drawBars(frame, lane, row);
    drawEvents(frame, lane, row);
    if (!over && !this.#still) this.#rings(frame, lane, row.bar);
    if (!over) {
      context.fillStyle = this.#palette.ink;
      context.fillRect(Math.round(xOf(now, frame.view, layout)), 0, 1, height);
    }
  }

  #rings({ context, layout, view, recording, now, palette }: LaneFrame, lane: LaneRecord, y: number): void {
    const { events } = lane;
    context.strokeStyle = palette.technique[lane.technique];
    context.lineWidth = 1.5;
    for (let index = events.from(now + recording.zero - RING_MS); index < events.length; index++) {
      const at = (events.at[index] as number) - recording.zero;
      const age = Math.min(1, Math.max(0, (now - at) / RING_MS));
      context.globalAlpha = 1 - age;
      context.beginPath();
      context.arc(xOf(at, view, layout), y, 3 + age * 9, 0, Math.PI * 2);
      context.stroke();
    }
    context.globalAlpha = 1;
  }
}
