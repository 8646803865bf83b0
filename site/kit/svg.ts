/** SVG elements for the pictures that are no canvas: sharp on paper, coloured by the page's sheet, read by their titles. */
import type { TechniqueId } from '../../demo-server/protocol.ts';
import { MARKS } from './marks.ts';

const NAMESPACE = 'http://www.w3.org/2000/svg';

/** An SVG element with its attributes and children; an attribute that is undefined is left out. */
export function svg<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string | number | undefined>> = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(key, typeof value === 'number' ? String(round(value)) : value);
  }
  element.append(...children);
  return element;
}

/** Tenths of a pixel: finer than anyone sees, and half as long as a double in full. */
export const round = (pixels: number): number => Math.round(pixels * 10) / 10;

/** A technique's mark, its middle at a point. */
export function laneMark(technique: TechniqueId, x: number, y: number): SVGPathElement {
  return svg('path', {
    class: 'mark',
    d: MARKS[technique],
    transform: `translate(${round(x - 6)} ${round(y - 6)}) scale(0.75)`,
  });
}

/** A lane's mark and name, their middle at height `y`. */
export function laneLabel(technique: TechniqueId, name: string, x: number, y: number): SVGGElement {
  const text = svg('text', { x: x + 18, y, 'dominant-baseline': 'central' }, name);
  return svg('g', { class: 'lane' }, laneMark(technique, x + 6, y), text);
}
