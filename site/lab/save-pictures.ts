/**
 * Buttons beside every chart and the timeline that save it as SVG or PNG.
 */
import type { TechniqueId } from '../../demo-server/protocol.ts';
import type { Format } from './format.ts';
import { readPalette } from './look.ts';
import { type Drawing, framed, toPng } from './picture.ts';
import { plotSvg } from './plot-svg.ts';
import type { Recording } from './recording.ts';
import { saveFile } from './save-file.ts';
import { timelineSvg } from './timeline-svg.ts';
import { say, type Words } from './words.ts';

export interface PicturesOptions {
  /** The results: figures with an `svg[data-chart]`, a `.timeline`, a legend. */
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

/** Puts the buttons of the pictures of `recording` in their places; those of an earlier one go. */
export function offerPictures(recording: Recording, options: PicturesOptions): void {
  const { root, words } = options;
  for (const old of root.querySelectorAll('.take')) old.remove();
  const timeline = root.querySelector<HTMLElement>('.timeline');
  const title = say(words, 'lab.timeline.title');
  timeline?.append(buttons(title, options, (kind) => save(recording, options, kind, 'timeline', title, drawTimeline)));
  for (const picture of root.querySelectorAll<SVGSVGElement>('figure svg[data-chart]')) {
    const figure = picture.closest('figure');
    const caption = figure?.querySelector('figcaption')?.firstChild?.textContent?.trim() ?? '';
    const name = picture.dataset.chart ?? 'chart';
    figure?.append(
      buttons(caption, options, (kind) => save(recording, options, kind, name, caption, () => plotSvg(picture))),
    );
  }
}

function buttons(title: string, { words }: PicturesOptions, save: (kind: 'svg' | 'png') => void): HTMLElement {
  const box = document.createElement('p');
  box.className = 'take';
  for (const kind of ['svg', 'png'] as const) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'quiet';
    button.textContent = kind.toUpperCase();
    button.setAttribute('aria-label', say(words, `runs.save.${kind}`, { title }));
    button.title = say(words, `runs.save.${kind}`, { title });
    button.addEventListener('click', () => save(kind));
    box.append(button);
  }
  return box;
}

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

async function save(
  recording: Recording,
  options: PicturesOptions,
  kind: 'svg' | 'png',
  name: string,
  title: string,
  draw: (recording: Recording, options: PicturesOptions) => Drawing | null | Promise<Drawing | null>,
): Promise<void> {
  const { root, words, names, status } = options;
  try {
    options.drawAll();
    const drawing = await draw(recording, options);
    if (!drawing) throw new Error(say(words, 'runs.save.nothing'));
    // The timeline and the bars name their rows themselves.
    const named = root.querySelector(`svg.lines[data-chart="${name}"]`) === null;
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
