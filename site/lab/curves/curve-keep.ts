/**
 * What a series of points offers: each plot as picture and table, the whole of it as a file that this page opens again.
 */

import type { RunDocument } from '../../../demo-server/measure/run-document.ts';
import type { TechniqueId } from '../../../demo-server/protocol.ts';
import type { Format } from '../../kit/format.ts';
import { saveFile } from '../../kit/save-file.ts';
import { say, type Words } from '../../kit/words.ts';
import { dateIn, settingLines } from '../tables/run-words.ts';
import { plotSvg } from '../take-away/plot-svg.ts';
import { saveTaken } from '../take-away/save-taken.ts';
import { takeButtons } from '../take-away/take-buttons.ts';
import { documentOfSeries, type Series, seriesFile, seriesLines } from './curve-document.ts';

export interface CurveKeepOptions {
  /** The results: a figure with an SVG for each plot. */
  root: HTMLElement;
  words: Words;
  format: Format;
  names: Readonly<Record<TechniqueId, string>>;
  /** Where it is told how saving went. */
  status: HTMLElement;
}

/** Puts the buttons of every plot in their places, once; what they save is what `series` returns at the click. */
export function offerPlots(options: CurveKeepOptions, series: () => Series | null): void {
  const { root, words, names, status } = options;
  for (const plot of ['bytes', 'age'] as const) {
    const figure = root.querySelector(`figure[data-plot="${plot}"]`);
    const picture = figure?.querySelector('svg');
    if (!figure || !picture || figure.querySelector('.take')) continue;
    const title = `${say(words, `curves.${plot}`)}: ${say(words, `curves.${plot}.axis`)}`;
    const save = (kind: 'svg' | 'png' | 'csv') => {
      const now = series();
      if (!now) return;
      void saveTaken(kind, {
        root,
        words,
        names,
        status,
        title,
        lanes: now.plan.settings.techniques,
        foot: footOf(now, plot, options),
        file: `${seriesFile(now.plan)}-${plot}`,
        drawing: () => plotSvg(picture),
        lines: () => seriesLines(now, plot),
      });
    };
    figure.append(takeButtons(say(words, `curves.${plot}`), words, save));
  }
}

/** Saves the whole of it. */
export function saveSeries(series: Series, { words, status }: CurveKeepOptions): void {
  const file = `${seriesFile(series.plan)}.json`;
  saveFile(file, `${JSON.stringify(documentOfSeries(series), null, 1)}\n`, 'application/json');
  status.textContent = say(words, 'runs.saved', { file });
}

/** What stands below a picture: its crossings, when and with what it was measured, and everything that did not vary. */
function footOf({ plan, made }: Series, plot: string, { root, words, format, names }: CurveKeepOptions): string[] {
  const { techniques, ...settings } = plan.settings;
  const run = { settings: { ...settings, techniques } } as RunDocument['run'];
  const lanes = techniques.map((technique) => ({ technique })) as unknown as RunDocument['lanes'];
  const varied = words[`lab.field.${plan.vary}`] ?? plan.vary;
  const fixed = settingLines({ run, lanes }, words, format, names)
    .slice(1)
    .filter(([name]) => name !== varied);
  const { agent, pushlab: version } = made;
  return [
    ...[...root.querySelectorAll(`[data-part="crossings-${plot}"] li`)].map(({ textContent }) => textContent ?? ''),
    say(words, 'curves.foot.made', { version, agent, date: dateIn(words, made.at) }),
    [say(words, 'curves.foot.varied', { setting: varied }), ...fixed.map((line) => line.join(': '))].join(' · '),
  ];
}
