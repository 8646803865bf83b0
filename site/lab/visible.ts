/**
 * Drawing only while somebody looks: frames stop when the element is scrolled away or the tab is hidden.
 */

/** Whether the reader asked their system for less motion. */
export function prefersLessMotion(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/**
 * Calls `draw(now)` once a frame, at most `perSecond` times a second, while `element` can be seen; ends with `signal`.
 * `now` is the frame's time in ms as requestAnimationFrame gives it.
 */
export function whileVisible(
  element: Element,
  perSecond: number,
  draw: (now: number) => void,
  signal: AbortSignal,
): void {
  let onScreen = false;
  let frame = 0;
  let last = Number.NEGATIVE_INFINITY;
  const gap = 1000 / perSecond - 2;

  const tick = (now: number) => {
    frame = 0;
    if (now - last >= gap) {
      last = now;
      draw(now);
    }
    arrange();
  };
  const arrange = () => {
    const wanted = onScreen && document.visibilityState === 'visible' && !signal.aborted;
    if (wanted && frame === 0) frame = requestAnimationFrame(tick);
    if (!wanted && frame !== 0) {
      cancelAnimationFrame(frame);
      frame = 0;
    }
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
