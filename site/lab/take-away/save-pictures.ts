/**
 * Buttons beside every chart and the timeline that save it as SVG or PNG.
 */

import type { Recording } from '../../../demo-server/measure/recording.ts';
import { say } from '../../kit/words.ts';
import type { PicturesOptions } from './save-picture.ts';
import { takeButtons } from './take-buttons.ts';

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
