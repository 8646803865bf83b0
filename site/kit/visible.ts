/**
 * Drawing only while somebody looks: frames stop when the element is scrolled away or the tab is hidden.
 */

/** Whether the reader asked their system for less motion. */
export function prefersLessMotion(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/** A frame on the screens that most readers have. */
const FRAME_MS = 17;

let heldUntil = 0;

/** Stops all that is drawn on this page until `time` (ms, page time): the thread that draws has to be free then. */
export function holdDrawing(time: number): void {
  heldUntil = time - performance.timeOrigin;
}

/**
 * Calls `draw(now)` while `element` can be seen, at most `perSecond` times a second and so that a quarter of the time goes
 * to frames at most; ends with `signal`. `now` is the frame's time in ms as requestAnimationFrame gives it.
 */
export function whileVisible(
  element: Element,
  perSecond: number,
  draw: (now: number) => void,
  signal: AbortSignal,
): void {
  let onScreen = false;
  let frame = 0;
  let pause = 0;
  let due = 0;
  const gap = 1000 / perSecond - 2;

  const tick = (now: number) => {
    frame = 0;
    if (now >= due && now >= heldUntil) {
      draw(now);
      // A machine that is slow or busy draws less often, so that three quarters of its time are left for what arrives.
      due = now + Math.max(gap, 4 * (performance.now() - now));
    }
    arrange();
  };
  const arrange = () => {
    const wanted = onScreen && document.visibilityState === 'visible' && !signal.aborted;
    if (!wanted) {
      cancelAnimationFrame(frame);
      clearTimeout(pause);
      frame = pause = 0;
    } else if (frame === 0 && pause === 0) {
      // Asking for a frame to let it pass makes the browser lay out and paint all the same.
      const wait = Math.max(due, heldUntil) - performance.now() - FRAME_MS;
      if (wait > FRAME_MS) pause = window.setTimeout(wake, wait);
      else frame = requestAnimationFrame(tick);
    }
  };
  const wake = () => {
    pause = 0;
    arrange();
  };

  const observer = new IntersectionObserver((entries) => {
    onScreen = entries.at(-1)?.isIntersecting ?? false;
    arrange();
  });
  observer.observe(element);
  document.addEventListener('visibilitychange', arrange, { signal });
  signal.addEventListener('abort', () => {
    observer.disconnect();
    arrange();
  });
}
