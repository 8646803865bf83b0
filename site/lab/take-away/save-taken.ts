/**
 * One picture as a file: the drawing in its frame as SVG or PNG, or the numbers in it as CSV.
 */

import { readPalette } from '../../kit/look.ts';
import { saveFile } from '../../kit/save-file.ts';
import { say, type Words } from '../../kit/words.ts';
import { csvOf } from './csv-lines.ts';
import { type Drawing, framed, type PictureFrame, readsPixels, toPng } from './picture.ts';
import type { Take } from './take-buttons.ts';

/** A picture that can be taken away. */
export interface Taken extends Omit<PictureFrame, 'palette'> {
  /** The page's colours are read here. */
  root: HTMLElement;
  words: Words;
  /** Name of the file without its ending. */
  file: string;
  /** Null while nothing is drawn. */
  drawing(): Drawing | null;
  /** The numbers in it, a head first. */
  lines(): (string | number)[][];
  /** Where it is told how it went. */
  status: HTMLElement;
}

/** Saves it in one of the forms; what goes wrong is told, not thrown. */
export async function saveTaken(kind: Take, { root, words, drawing, lines, status, ...taken }: Taken): Promise<void> {
  const file = `${taken.file}.${kind}`;
  try {
    if (kind === 'csv') saveFile(file, csvOf(lines()), 'text/csv');
    else {
      const drawn = drawing();
      if (!drawn) throw new Error(say(words, 'runs.save.nothing'));
      const measure = document.createElement('canvas').getContext('2d');
      if (measure) measure.font = '12px system-ui, sans-serif';
      const widthOf = (text: string) => measure?.measureText(text).width ?? text.length * 7;
      const picture = framed(drawn, { ...taken, palette: readPalette(root) }, widthOf);
      if (kind === 'svg') saveFile(file, picture.svg, 'image/svg+xml');
      else if (!readsPixels()) throw new Error(say(words, 'runs.save.spoiled'));
      else saveFile(file, await toPng(picture), 'image/png');
    }
    status.textContent = say(words, 'runs.saved', { file });
  } catch (error) {
    status.textContent = say(words, 'runs.save.failed', {
      message: error instanceof Error ? error.message : String(error),
    });
  }
}
