import type { TechniqueId } from '../../demo-server/protocol.ts';
import { MARKS } from './marks.ts';

const SVG = 'http://www.w3.org/2000/svg';

/** A technique's mark as an SVG element in its colour: what TechniqueMark.astro makes, for what scripts build. */
export function technique(id: TechniqueId): SVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'lab-mark');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  svg.dataset.technique = id;
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', MARKS[id]);
  svg.append(path);
  return svg;
}
