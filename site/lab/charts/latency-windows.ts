/**
 * Latency over time: the run is cut into equal windows, and each window's p50, p95 and maximum are kept. A window that is over is
 * never computed again, so an update costs the same at any length of run.
 */

import { spread } from '../../../demo-server/measure/statistics.ts';
import type { EventStore } from '../../../demo-server/measure/store.ts';
import type { RunSettings } from '../../../demo-server/protocol.ts';

/** Middle of a window in s since the start, and the p50, p95 and maximum of the latencies in it in ms. */
export interface LatencyWindow {
  seconds: number;
  p50: number;
  p95: number;
  max: number;
}

/** Length of a window in s: about four events or more in each, and at most 60 windows in a run. */
export function windowSeconds(settings: Pick<RunSettings, 'eventsPerSecond' | 'durationSeconds'>): number {
  return Math.max(1, Math.ceil(4 / settings.eventsPerSecond), Math.ceil(settings.durationSeconds / 60));
}

/** The windows of one lane so far. */
export class LatencyWindows {
  readonly windows: LatencyWindow[] = [];
  readonly #length: number;
  /** First window that may still change. */
  #next = 0;
  #closed = 0;

  /** `length` of a window in s. */
  constructor(length: number) {
    this.#length = length;
  }

  /** Brings the windows up to `now`; `zero` = start of the run; both in ms of the page's clock. */
  update(events: EventStore, zero: number, now: number): void {
    const size = this.#length * 1000;
    this.windows.length = this.#closed;
    for (let index = this.#next; zero + index * size < now; index++) {
      const from = zero + index * size;
      const found = spread(events.latencies(from, from + size));
      if (found) {
        const { p50, p95, max } = found;
        this.windows.push({ seconds: (index + 0.5) * this.#length, p50, p95, max });
      }
      // An arrival is filed within the task that saw it, so a window that ended a second ago is complete.
      if (from + size < now - 1000) {
        this.#next = index + 1;
        this.#closed = this.windows.length;
      }
    }
  }
}
