/**
 * One picture of a run as a file: the drawing, its frame, and where it goes.
 */
import type { TechniqueId } from '../../demo-server/protocol.ts';
import { readPalette } from './look.ts';
import { type Drawing, framed, toPng } from './picture.ts';
import { plotSvg } from './plot-svg.ts';
import type { Recording } from './recording.ts';
import { saveFile } from './save-file.ts';
import type { PicturesOptions } from './save-pictures.ts';
import { timelineSvg } from './timeline-svg.ts';
import { say } from './words.ts';

const TIMELINE_WIDTH = 1100;

/** Lanes that the legend has switched off are not in the picture either. */
function shownLanes(recording: Recording, root: HTMLElement): TechniqueId[] {
  const off = [...root.querySelectorAll<HTMLElement>('[data-part="legend"] [aria-pressed="false"]')];
  return [...recording.lanes.keys()].filter((id) => !off.some(({ dataset }) => dataset.technique === id));
}

const drawTimeline = (recording: Recording, { root, names, format }: PicturesOptions): Drawing => {
  const shown = shownLanes(recording, root);
  const lanes = [...recording.lanes.values()].filter(({ technique }) => shown.includes(technique));
  return timelineSvg({ recording, lanes, names, format, palette: readPalette(root), width: TIMELINE_WIDTH });
};

async function draw(recording: Recording, options: PicturesOptions, name: string): Promise<Drawing | null> {
  if (name === 'timeline') return drawTimeline(recording, options);
  const picture = options.root.querySelector<HTMLCanvasElement | SVGSVGElement>(`figure [data-chart="${name}"]`);
  if (picture instanceof HTMLCanvasElement) return (await import('./chart-svg.ts')).chartSvg(picture);
  return picture && plotSvg(picture);
}

/** Saves the timeline (`name` "timeline") or the chart of that name; tells in `options.status` how it went. */
export async function savePicture(
  recording: Recording,
  options: PicturesOptions,
  kind: 'svg' | 'png',
  name: string,
  title: string,
): Promise<void> {
  const { root, words, names, status } = options;
  try {
    options.drawAll();
    const drawing = await draw(recording, options, name);
    if (!drawing) throw new Error(say(words, 'runs.save.nothing'));
    // The timeline and the bars name their rows themselves.
    const named = root.querySelector(`canvas[data-chart="${name}"]`) === null;
    const lanes = named ? [] : shownLanes(recording, root);
    const measure = document.createElement('canvas').getContext('2d');
    if (measure) measure.font = '12px system-ui, sans-serif';
    const keys = [...root.querySelectorAll(`figure[data-kind="${name}"] .classes li`)];
    const classes = keys.map(({ textContent }) => textContent?.replace(/\s+/g, ' ').trim() ?? '').join(' · ');
    const foot = [classes, ...options.foot()].filter((line) => line !== '');
    const frame = { title, lanes, names, foot, palette: readPalette(root) };
    const picture = framed(drawing, frame, (text) => measure?.measureText(text).width ?? text.length * 7);
    const file = `pushlab-${recording.info?.id ?? 'run'}-${name}.${kind}`;
    if (kind === 'svg') saveFile(file, picture.svg, 'image/svg+xml');
    else saveFile(file, await toPng(picture), 'image/png');
    status.textContent = say(words, 'runs.saved', { file });
  } catch (error) {
    status.textContent = say(words, 'runs.save.failed', {
      message: error instanceof Error ? error.message : String(error),
    });
  }
}
