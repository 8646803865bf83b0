/**
 * A picture of the page that is SVG already, with the colours that the page's style sheets give it written into it.
 */
import type { Drawing } from './picture.ts';

/** Properties that our pictures get from style sheets. */
const STYLES = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-opacity',
  'opacity',
  'font-size',
  'font-weight',
  'text-anchor',
  'dominant-baseline',
] as const;

/** What each is where nothing sets it: not worth writing. */
const INITIAL: Readonly<Record<string, string>> = {
  'fill-opacity': '1',
  stroke: 'none',
  'stroke-dasharray': 'none',
  'stroke-opacity': '1',
  opacity: '1',
  'text-anchor': 'start',
  'dominant-baseline': 'auto',
};

/** A copy of the picture that looks the same without the page; null while it is empty. */
export function plotSvg(picture: SVGSVGElement): Drawing | null {
  const { width, height } = picture.viewBox.baseVal ?? picture.getBoundingClientRect();
  if (!(width > 0) || picture.childElementCount === 0) return null;
  const copy = picture.cloneNode(true) as SVGSVGElement;
  const originals = [...picture.querySelectorAll('*')];
  for (const [index, element] of [...copy.querySelectorAll('*')].entries()) {
    const style = getComputedStyle(originals[index] as Element);
    for (const name of STYLES) {
      const value = style.getPropertyValue(name).replaceAll('"', "'");
      if (value !== '' && value !== INITIAL[name] && !(name === 'stroke-width' && style.stroke === 'none')) {
        element.setAttribute(name, value);
      }
    }
    for (const name of ['class', 'style']) element.removeAttribute(name);
  }
  return { svg: new XMLSerializer().serializeToString(copy).replace(/^<svg[^>]*>|<\/svg>$/g, ''), width, height };
}
