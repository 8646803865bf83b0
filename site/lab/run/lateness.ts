/**
 * How late the page's own thread is, on which arrivals are stamped: a timer that comes late shows how long everything had to
 * wait. Nothing finer works in every browser (Firefox has no Long Tasks).
 */
import { pageTime } from '../../../demo-server/measure/clock.ts';
import type { Recording } from '../../../demo-server/measure/recording.ts';

/** How often the timer is due, in ms. The longest wait may have been longer than told by so much. */
const STEP_MS = 20;

/** Files that the timer came at `now` after it had come at `last` (ms, page's clock; 0 = not known). Counts while the run goes on. */
export function fileTick({ conditions, zero, over }: Recording, last: number, now: number): void {
  if (last > 0 && now >= zero && Number.isNaN(over))
    conditions.eventLoopDelayMs = Math.max(conditions.eventLoopDelayMs ?? 0, now - last - STEP_MS);
}

/** Watches how late the thread of this page is during a run, until the signal aborts. */
export function watchThread(recording: Recording, signal: AbortSignal): void {
  let [before, last] = [0, 0];
  const tick = () => {
    const now = pageTime();
    // The one before once more: the word that the run has started may come right behind a wait.
    fileTick(recording, before, last);
    fileTick(recording, last, now);
    before = last;
    // Browsers slow the timers of a hidden tab: that is no wait, and it is noted as what it is.
    last = document.visibilityState === 'hidden' ? 0 : now;
  };
  const timer = setInterval(tick, STEP_MS);
  document.addEventListener('visibilitychange', tick, { signal });
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
