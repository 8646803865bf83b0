/**
 * Buttons beside every chart and the timeline that save it as SVG or PNG.
 */

import type { Recording } from '../../../demo-server/measure/recording.ts';
import type { TechniqueId } from '../../../demo-server/protocol.ts';
import type { Format } from '../../kit/format.ts';
import { say, type Words } from '../../kit/words.ts';
import { takeButtons } from './take-buttons.ts';

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

/** Puts the buttons of the pictures of `recording` in their places; those of an earlier one go. */
export function offerPictures(recording: Recording, options: PicturesOptions): void {
  const { root, words } = options;
  for (const old of root.querySelectorAll('.take')) old.remove();
  const offer = (place: Element | null | undefined, name: string, title: string) =>
    place?.append(
      takeButtons(title, words, async (kind) =>
        (await import('./take-away.ts')).savePicture(recording, options, kind, name, title),
      ),
    );
  offer(root.querySelector('.timeline'), 'timeline', say(words, 'lab.timeline.title'));
  for (const picture of root.querySelectorAll<HTMLCanvasElement | SVGSVGElement>('figure [data-chart]')) {
    const figure = picture.closest('figure');
    const caption = figure?.querySelector('figcaption')?.firstChild?.textContent?.trim() ?? '';
    offer(figure, picture.dataset.chart ?? '', caption);
  }
}
