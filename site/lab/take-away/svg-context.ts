/**
 * A drawing context whose strokes become SVG: as much of CanvasRenderingContext2D as Chart.js, the timeline and the marks use. Text is
 * measured by a real canvas, so that it stands where it would there.
 * @see https://html.spec.whatwg.org/multipage/canvas.html#2dcontext
 */
import { pathText } from '../../kit/look.ts';

/** What `save` keeps and `restore` brings back. */
const STATE = [
  'fillStyle',
  'strokeStyle',
  'lineWidth',
  'lineCap',
  'lineJoin',
  'lineDashOffset',
  'globalAlpha',
  'font',
  'textAlign',
  'textBaseline',
] as const;

const ANCHORS: Partial<Record<CanvasTextAlign, string>> = { center: 'middle', right: 'end', end: 'end' };
const round = (value: number): string => String(Math.round(value * 100) / 100);

/** Text for XML, in content and in attributes. */
export function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

type Style = CanvasRenderingContext2D['fillStyle'];

/** Patterns and gradients have no text: they are drawn in this grey. */
const paint = (style: Style): string => (typeof style === 'string' ? xml(style) : '#8a9499');

export class SvgContext {
  /** Asked for by Chart.js: what the context belongs to. */
  canvas: unknown = null;
  fillStyle: Style = '#000';
  strokeStyle: Style = '#000';
  lineWidth = 1;
  lineCap = 'butt';
  lineJoin = 'miter';
  lineDashOffset = 0;
  globalAlpha = 1;
  font = '11px sans-serif';
  textAlign: CanvasTextAlign = 'start';
  textBaseline: CanvasTextBaseline = 'alphabetic';
  readonly #measure: CanvasRenderingContext2D;
  readonly #parts: string[] = [];
  readonly #prefix: string;
  readonly #stack: (() => void)[] = [];
  #matrix = new DOMMatrix();
  #dash: number[] = [];
  /** Id of the clip path that is on, '' for none. */
  #clip = '';
  #clips = 0;
  #path = '';

  /** `prefix` keeps the ids of this drawing apart from those of others in the same file. */
  constructor(measure: CanvasRenderingContext2D, prefix: string) {
    this.#measure = measure;
    this.#prefix = prefix;
  }

  /** What was drawn, as SVG elements. */
  toSvg(): string {
    return this.#parts.join('\n');
  }

  save(): void {
    const [matrix, dash, clip] = [this.#matrix, this.#dash, this.#clip];
    const state = Object.fromEntries(STATE.map((name) => [name, this[name]]));
    this.#stack.push(() => {
      Object.assign(this, state);
      this.#matrix = matrix;
      this.#dash = dash;
      this.#clip = clip;
    });
  }
  restore(): void {
    this.#stack.pop()?.();
  }
  translate(x: number, y: number): void {
    this.#matrix = this.#matrix.translate(x, y);
  }
  scale(x: number, y: number): void {
    this.#matrix = this.#matrix.scale(x, y);
  }
  rotate(radians: number): void {
    this.#matrix = this.#matrix.rotate((radians * 180) / Math.PI);
  }
  setTransform(): void {
    this.#matrix = new DOMMatrix();
  }
  resetTransform(): void {
    this.setTransform();
  }
  setLineDash(dash: number[]): void {
    this.#dash = [...dash];
  }
  getLineDash(): number[] {
    return this.#dash;
  }
  clearRect(): void {}

  beginPath(): void {
    this.#path = '';
  }
  moveTo(x: number, y: number): void {
    this.#path += `M${this.#at(x, y)}`;
  }
  lineTo(x: number, y: number): void {
    this.#path += `${this.#path === '' ? 'M' : 'L'}${this.#at(x, y)}`;
  }
  bezierCurveTo(x1: number, y1: number, x2: number, y2: number, x: number, y: number): void {
    this.#path += `C${this.#at(x1, y1)} ${this.#at(x2, y2)} ${this.#at(x, y)}`;
  }
  quadraticCurveTo(x1: number, y1: number, x: number, y: number): void {
    this.#path += `Q${this.#at(x1, y1)} ${this.#at(x, y)}`;
  }
  closePath(): void {
    this.#path += 'Z';
  }
  rect(x: number, y: number, width: number, height: number): void {
    this.moveTo(x, y);
    this.lineTo(x + width, y);
    this.lineTo(x + width, y + height);
    this.lineTo(x, y + height);
    this.closePath();
  }
  roundRect(x: number, y: number, width: number, height: number): void {
    this.rect(x, y, width, height);
  }
  arc(x: number, y: number, radius: number, from: number, to: number): void {
    // SVG knows no full circle in one arc: halves.
    const point = (angle: number): [number, number] => [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
    const middle = (from + to) / 2;
    const scale = Math.hypot(this.#matrix.a, this.#matrix.b);
    const turn = `A${round(radius * scale)} ${round(radius * scale)} 0 0 ${to > from ? 1 : 0} `;
    this.lineTo(...point(from));
    this.#path += `${turn}${this.#at(...point(middle))}${turn}${this.#at(...point(to))}`;
  }
  clip(): void {
    const id = `${this.#prefix}-clip-${++this.#clips}`;
    const outer = this.#clip === '' ? '' : ` clip-path="url(#${this.#clip})"`;
    this.#parts.push(`<clipPath id="${id}"${outer}><path d="${this.#path}"/></clipPath>`);
    this.#clip = id;
  }
  stroke(): void {
    const { lineWidth, lineCap, lineJoin } = this;
    if (this.#path === '' || lineWidth === 0) return;
    const dashes = this.#dash.length > 0 ? ` stroke-dasharray="${this.#dash.join(' ')}"` : '';
    const ends = `${lineCap === 'butt' ? '' : ` stroke-linecap="${lineCap}"`}${lineJoin === 'miter' ? '' : ` stroke-linejoin="${lineJoin}"`}`;
    this.#draw(
      `<path d="${this.#path}" fill="none" stroke="${paint(this.strokeStyle)}" stroke-width="${lineWidth}"${dashes}${ends}`,
    );
  }
  fill(path?: Path2D | CanvasFillRule): void {
    if (typeof path === 'object') {
      const { a, b, c, d, e, f } = this.#matrix;
      const matrix = [a, b, c, d, e, f].map(round).join(' ');
      this.#draw(`<path d="${pathText(path)}" transform="matrix(${matrix})" fill="${paint(this.fillStyle)}"`);
    } else if (this.#path !== '') this.#draw(`<path d="${this.#path}" fill="${paint(this.fillStyle)}"`);
  }
  fillRect(x: number, y: number, width: number, height: number): void {
    this.#withOwnPath(() => {
      this.rect(x, y, width, height);
      this.fill();
    });
  }
  strokeRect(x: number, y: number, width: number, height: number): void {
    this.#withOwnPath(() => {
      this.rect(x, y, width, height);
      this.stroke();
    });
  }
  measureText(text: string): TextMetrics {
    this.#measure.font = this.font;
    return this.#measure.measureText(text);
  }
  fillText(text: string, x: number, y: number): void {
    const { font, fillStyle, textAlign, textBaseline } = this;
    this.#measure.font = font;
    this.#measure.textBaseline = textBaseline;
    // SVG's own words for baselines are read differently by every program: the alphabetic one is computed instead.
    const from = this.#measure.measureText('x').fontBoundingBoxAscent;
    this.#measure.textBaseline = 'alphabetic';
    const down = this.#measure.measureText('x').fontBoundingBoxAscent - from;
    const [, size = '11', family = 'sans-serif'] = /([\d.]+)px\s+(.*)$/.exec(this.#measure.font) ?? [];
    const weight = /\b(bold|[5-9]00)\b/.exec(font)?.[1];
    const anchor = ANCHORS[textAlign];
    const { a, b, c, d, e, f } = this.#matrix.translate(x, y + down);
    this.#draw(
      `<text transform="matrix(${[a, b, c, d, e, f].map(round).join(' ')})" font-family="${xml(family)}" font-size="${size}"` +
        `${weight ? ` font-weight="${weight}"` : ''}${anchor ? ` text-anchor="${anchor}"` : ''} fill="${paint(fillStyle)}"`,
      `${xml(text)}</text>`,
    );
  }

  #at(x: number, y: number): string {
    const { a, b, c, d, e, f } = this.#matrix;
    return `${round(a * x + c * y + e)} ${round(b * x + d * y + f)}`;
  }

  #withOwnPath(draw: () => void): void {
    const path = this.#path;
    this.#path = '';
    draw();
    this.#path = path;
  }

  #draw(opening: string, content?: string): void {
    const { globalAlpha } = this;
    const alpha = globalAlpha < 1 ? ` opacity="${round(globalAlpha)}"` : '';
    const element = `${opening}${alpha}${content === undefined ? '/>' : `>${content}`}`;
    // A clip path lies in the coordinates of what it cuts: around elements that are moved it needs a group of its own.
    this.#parts.push(this.#clip === '' ? element : `<g clip-path="url(#${this.#clip})">${element}</g>`);
  }
}
