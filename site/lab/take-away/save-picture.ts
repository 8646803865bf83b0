/**
 * One picture of a run as a file: which drawing, which lanes, what stands below it.
 */

import type { Recording } from '../../../demo-server/measure/recording.ts';
import type { TechniqueId } from '../../../demo-server/protocol.ts';
import type { Format } from '../../kit/format.ts';
import { readPalette } from '../../kit/look.ts';
import type { Words } from '../../kit/words.ts';
import { chartLines } from './chart-csv.ts';
import { chartSvg } from './chart-svg.ts';
import type { Drawing } from './picture.ts';
import { plotSvg } from './plot-svg.ts';
import { saveTaken } from './save-taken.ts';
import type { Take } from './take-buttons.ts';
import { timelineSvg } from './timeline-svg.ts';

export interface PicturesOptions {
  /** The results: figures with a `[data-chart]` (canvas or SVG), a `.timeline`, a legend. */
  root: HTMLElement;
  words: Words;
  format: Format;
  names: Readonly<Record<TechniqueId, string>>;
  /** What stands below every picture: when, with what, which settings. */
  foot(): readonly string[];
  /** Draws what has not been seen yet, and is not up to date therefore. */
  drawAll(): void;
  /** Where a failure is told. */
  status: HTMLElement;
}

const TIMELINE_WIDTH = 1100;

/** Lanes that the legend has switched off are not in the picture either. */
function shownLanes(recording: Recording, root: HTMLElement): TechniqueId[] {
  const off = [...root.querySelectorAll<HTMLElement>('[data-part="legend"] [aria-pressed="false"]')];
  return [...recording.lanes.keys()].filter((id) => !off.some(({ dataset }) => dataset.technique === id));
}

const drawTimeline = (recording: Recording, { root, names, format }: PicturesOptions): Drawing | null => {
  const shown = shownLanes(recording, root);
  const lanes = [...recording.lanes.values()].filter(({ technique }) => shown.includes(technique));
  return timelineSvg({ recording, lanes, names, format, palette: readPalette(root), width: TIMELINE_WIDTH });
};

function draw(recording: Recording, options: PicturesOptions, name: string): Drawing | null {
  if (name === 'timeline') return drawTimeline(recording, options);
  const picture = options.root.querySelector<HTMLCanvasElement | SVGSVGElement>(`figure [data-chart="${name}"]`);
  if (picture instanceof HTMLCanvasElement) return chartSvg(picture);
  return picture && plotSvg(picture);
}

/** Saves the timeline (`name` "timeline") or the chart of that name; tells in `options.status` how it went. */
export async function savePicture(
  recording: Recording,
  options: PicturesOptions,
  kind: Take,
  name: string,
  title: string,
): Promise<void> {
  const { root, words, names, status } = options;
  options.drawAll();
  // The timeline and the bars name their rows themselves.
  const named = root.querySelector(`canvas[data-chart="${name}"]`) === null;
  const keys = [...root.querySelectorAll(`figure[data-kind="${name}"] .classes li`)];
  const classes = keys.map(({ textContent }) => textContent?.replace(/\s+/g, ' ').trim() ?? '').join(' · ');
  await saveTaken(kind, {
    root,
    words,
    names,
    status,
    title,
    lanes: named ? [] : shownLanes(recording, root),
    foot: [classes, ...options.foot()].filter((line) => line !== ''),
    file: `pushlab-${recording.info?.id ?? 'run'}-${name}`,
    drawing: () => draw(recording, options, name),
    lines: () => chartLines(recording, name, shownLanes(recording, root)),
  });
}
