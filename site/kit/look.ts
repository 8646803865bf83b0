/**
 * How a technique looks wherever the lab draws: its colour from the page's theme, its mark, its dash.
 */
import { TECHNIQUES, type TechniqueId } from '../../demo-server/protocol.ts';
import { MARKS } from './marks.ts';

/** Colours of a canvas, read from the theme that is on. */
export interface Palette {
  technique: Readonly<Record<TechniqueId, string>>;
  ink: string;
  soft: string;
  faint: string;
  line: string;
  strong: string;
  grid: string;
  surface: string;
  warnBack: string;
  bad: string;
  font: string;
}

const paths = new Map<TechniqueId, Path2D>();

/** The text of a mark's path, for drawings that are no canvas: a Path2D does not give back what it was made of. */
export function pathText(path: Path2D): string {
  for (const [technique, known] of paths) if (known === path) return MARKS[technique];
  return '';
}

/** Draws a technique's mark in a square of `size` pixels around a point, in the fill style that is set. */
export function drawMark(
  context: Pick<CanvasRenderingContext2D, 'save' | 'translate' | 'scale' | 'fill' | 'restore'>,
  technique: TechniqueId,
  x: number,
  y: number,
  size: number,
): void {
  const path = paths.get(technique) ?? new Path2D(MARKS[technique]);
  paths.set(technique, path);
  context.save();
  context.translate(x - size / 2, y - size / 2);
  context.scale(size / 16, size / 16);
  context.fill(path);
  context.restore();
}

/** Reads the palette as it is for `element` now. */
export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  return {
    technique: Object.fromEntries(TECHNIQUES.map((id) => [id, colour(`--technique-${id}`)])) as Record<
      TechniqueId,
      string
    >,
    ink: colour('--ink'),
    soft: colour('--ink-soft'),
    faint: colour('--ink-faint'),
    line: colour('--line'),
    strong: colour('--line-strong'),
    grid: colour('--grid'),
    surface: colour('--surface'),
    warnBack: colour('--warn-back'),
    bad: colour('--bad'),
    font: style.fontFamily,
  };
}

/** Calls `changed` whenever the page's theme is switched, for print too (paper is always light), until `signal`. */
export function onThemeChange(changed: () => void, signal: AbortSignal): void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  for (const query of ['(prefers-color-scheme: dark)', 'print']) {
    matchMedia(query).addEventListener('change', changed, { signal });
  }
  signal.addEventListener('abort', () => observer.disconnect(), { once: true });
}
