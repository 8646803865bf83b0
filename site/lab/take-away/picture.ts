/**
 * Pictures to take away: a drawing in SVG with its title above, the lanes' names and marks, and below it what it was
 * measured with, so that it can be understood where the page is not. PNG is the same SVG, rasterized by the browser.
 */
import type { TechniqueId } from '../../../demo-server/protocol.ts';
import type { Palette } from '../../kit/look.ts';
import { MARKS } from '../../kit/marks.ts';
import { xml } from './svg-context.ts';

/** A drawing of `width` × `height` pixels, as SVG elements. */
export interface Drawing {
  svg: string;
  width: number;
  height: number;
}

export interface PictureFrame {
  title: string;
  /** The lanes to name above the drawing; none where it names them itself. */
  lanes: readonly TechniqueId[];
  names: Readonly<Record<TechniqueId, string>>;
  /** Lines below the drawing. */
  foot: readonly string[];
  palette: Palette;
}

const EDGE = 16;
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';

/** Puts a drawing into its frame: a whole SVG file. `widthOf` measures a text of 12 px. */
export function framed(
  { svg, width, height }: Drawing,
  frame: PictureFrame,
  widthOf: (text: string) => number,
): Drawing {
  const { title, lanes, names, foot, palette } = frame;
  const whole = width + 2 * EDGE;
  const parts: string[] = [];
  let y = EDGE + 14;
  const text = (x: number, size: number, colour: string, content: string, more = '') =>
    parts.push(`<text x="${x}" y="${y}" font-size="${size}" fill="${colour}"${more}>${xml(content)}</text>`);
  text(EDGE, 15, palette.ink, title, ' font-weight="600"');
  let x = EDGE;
  if (lanes.length > 0) y += 22;
  for (const id of lanes) {
    const wide = 16 + widthOf(names[id]) + 16;
    if (x > EDGE && x + wide > whole - EDGE) {
      x = EDGE;
      y += 18;
    }
    parts.push(
      `<path d="${MARKS[id]}" transform="translate(${x} ${y - 10}) scale(0.7)" fill="${palette.technique[id]}"/>`,
    );
    text(x + 16, 12, palette.ink, names[id]);
    x += wide;
  }
  y += 10;
  parts.push(`<g transform="translate(${EDGE} ${y})">\n${svg}\n</g>`);
  y += height + 8;
  for (const line of foot.flatMap((whole) => wrapped(whole, width, widthOf))) {
    y += 15;
    text(EDGE, 11, palette.faint, line);
  }
  y += EDGE;
  const size = `width="${whole}" height="${y}" viewBox="0 0 ${whole} ${y}"`;
  return {
    width: whole,
    height: y,
    svg: `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family='${FONT}' role="img">
<title>${xml(title)}</title>
<rect width="${whole}" height="${y}" fill="${palette.surface}"/>
${parts.join('\n')}
</svg>
`,
  };
}

/** A line in as many as its width calls for, broken at its dots, or between words where that is not enough; SVG does not wrap. */
function wrapped(line: string, width: number, widthOf: (text: string) => number): string[] {
  const lines: string[] = [];
  let current = '';
  const put = (part: string, mark: string) => {
    const longer = current === '' ? part : current + mark + part;
    if (current !== '' && widthOf(longer) > width) {
      lines.push(current);
      current = part;
    } else current = longer;
  };
  for (const part of line.split(' · ')) {
    const [first = '', ...words] = widthOf(part) > width ? part.split(' ') : [part];
    put(first, ' · ');
    for (const word of words) put(word, ' ');
  }
  return [...lines, current];
}

/** The address of a picture for an `<img>`: the page's policy lets `data:` through, and nothing is fetched. */
function pictureAddress({ svg }: Drawing): string {
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

/** Whether what this browser lets a page read of a canvas is what it has drawn: against fingerprints, some give back noise. */
export function readsPixels(): boolean {
  const context = document.createElement('canvas').getContext('2d');
  if (!context) return false;
  context.fillStyle = '#2a7f62';
  context.fillRect(0, 0, 16, 16);
  const { data } = context.getImageData(0, 0, 16, 16);
  // The noise that changes a colour by a step or two is not seen.
  return data.every((value, at) => Math.abs(value - ([0x2a, 0x7f, 0x62, 0xff][at % 4] as number)) <= 4);
}

/** The picture in pixels, `scale` to each of its own, as PNG. Rejects where the browser cannot. */
export async function toPng(picture: Drawing, scale = 2): Promise<Blob> {
  const image = new Image();
  image.src = pictureAddress(picture);
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = picture.width * scale;
  canvas.height = picture.height * scale;
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The browser made no PNG'))), 'image/png');
  });
}
