/** Tables of a wall: nobody scrolls it sideways, and how wide figures are is known only where the reader's font is. */

/** No letter is made smaller than this (px): then the table rather scrolls. */
const SMALLEST_PX = 10;

/**
 * Sets the size of each table in `box` so that it is as wide as its frame at most, again whenever the box gets another width or
 * other tables. The styles say how large it is where there is room. Returns how to stop.
 */
export function fitTables(box: HTMLElement): () => void {
  const fit = () => {
    for (const table of box.querySelectorAll('table')) {
      const frame = table.parentElement;
      if (!frame) continue;
      table.style.fontSize = '';
      let size = Number.parseFloat(getComputedStyle(table).fontSize);
      // What is not letters does not shrink with them, so the first size may still be too large.
      for (let tries = 0; tries < 8 && frame.scrollWidth > frame.clientWidth && size > SMALLEST_PX; tries++) {
        size = Math.max(SMALLEST_PX, Math.min(size - 0.25, (size * frame.clientWidth) / frame.scrollWidth));
        table.style.fontSize = `${size}px`;
      }
    }
  };
  const resized = new ResizeObserver(fit);
  const changed = new MutationObserver(fit);
  resized.observe(box);
  changed.observe(box, { childList: true });
  return () => {
    resized.disconnect();
    changed.disconnect();
  };
}
