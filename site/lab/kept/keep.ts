/**
 * What a finished run offers: it is kept in this browser, can be named, saved as files, printed on one page.
 */

import type { Recording } from '../../../demo-server/measure/recording.ts';
import { documentOf, type RunDocument } from '../../../demo-server/measure/run-document.ts';
import type { TechniqueId } from '../../../demo-server/protocol.ts';
import type { Format } from '../../kit/format.ts';
import { partsOf } from '../../kit/parts.ts';
import { saveFile } from '../../kit/save-file.ts';
import { say, type Words } from '../../kit/words.ts';
import { madeHere } from '../run/made.ts';
import { dateIn, settingLines } from '../tables/run-words.ts';
import { offerPictures } from '../take-away/save-pictures.ts';
import { keyOf, MOST_RUNS, nameRun, StoreProblem, storeRun } from './run-store.ts';

export interface Keep {
  /** Offers a run that has just been measured, and keeps it. */
  offer(recording: Recording): Promise<void>;
  /** Offers a run that was kept or read from a file. */
  offerDocument(document: RunDocument, recording: Recording): void;
  /** Opens the print dialog with the report of the run on offer. */
  print(): Promise<void>;
  /** Takes the offer away: another run begins. */
  hide(): void;
}

export interface KeepOptions {
  /** Holds the parts `keep`, `report` and `results`. */
  root: HTMLElement;
  words: Words;
  format: Format;
  names: Readonly<Record<TechniqueId, string>>;
  /** Origin of the demo server, '' for the page's own. */
  server?: string;
  /** Draws charts that have not been seen yet: they are about to be saved. */
  drawAll: () => void;
  /** Told when the run on offer got another name. */
  renamed?: () => void;
  signal: AbortSignal;
}

const takeAway = () => import('../take-away/take-away.ts');

/** Connects the shells of Keep.astro and Report.astro. Ends with its signal. */
export function connectKeep({ root, words, format, names, server = '', drawAll, renamed, signal }: KeepOptions): Keep {
  const part = partsOf(root);
  const [box, status, nameField] = [part('keep'), part('kept-status'), part<HTMLInputElement>('run-name')];
  let now: { document: RunDocument; recording: Recording } | null = null;
  let stored = false;

  const fileName = (ending: string): string => `pushlab-${now?.document.run.id ?? 'run'}${ending}`;
  const files: Readonly<Record<string, (run: NonNullable<typeof now>) => void | Promise<void>>> = {
    json: ({ document }) => saveFile(fileName('.json'), JSON.stringify(document), 'application/json'),
    events: async ({ recording }) =>
      saveFile(fileName('-events.csv'), (await takeAway()).eventsCsv(recording), 'text/csv'),
    table: async ({ recording }) =>
      saveFile(fileName('-table.csv'), (await takeAway()).tableCsv(recording, words, names), 'text/csv'),
    report: () => keep.print(),
  };
  box.addEventListener(
    'click',
    (event) => {
      const file = (event.target as Element).closest<HTMLElement>('button[data-file]')?.dataset.file ?? '';
      if (now) void files[file]?.(now);
    },
    { signal },
  );
  nameField.addEventListener(
    'change',
    async () => {
      if (!now) return;
      now.document.name = nameField.value.trim();
      if (!stored) return;
      try {
        await nameRun(keyOf(now.document), now.document.name);
        status.textContent = say(words, now.document.name ? 'runs.keep.named' : 'runs.keep.nameless');
        renamed?.();
      } catch (error) {
        tell(error);
      }
    },
    { signal },
  );

  function tell(error: unknown): void {
    const problem = error instanceof StoreProblem ? error : new StoreProblem('refused', String(error));
    status.textContent = say(words, `runs.keep.${problem.kind}`, { message: problem.message });
  }
  const foot = (): string[] => {
    if (!now) return [];
    const { made, run } = now.document;
    const settings = settingLines(now.document, words, format, names).slice(1);
    return [
      say(words, 'runs.foot', { date: dateIn(words, made.at), agent: made.agent, run: run.id, version: made.pushlab }),
      settings.map(([name, value]) => `${name}: ${value}`).join(' · '),
    ];
  };
  const show = (document: RunDocument, recording: Recording): void => {
    now = { document, recording };
    nameField.value = document.name;
    box.hidden = false;
    offerPictures(recording, { root: part('results'), words, format, names, foot, drawAll, status });
  };

  const keep: Keep = {
    async offer(recording) {
      if (!recording.info || Number.isNaN(recording.over)) return;
      const document = documentOf(recording, madeHere(server, box.dataset.pushlab ?? ''));
      stored = false;
      status.textContent = '';
      show(document, recording);
      try {
        const { gone } = await storeRun(document);
        stored = true;
        const dropped = gone.length > 0 ? ` ${say(words, 'runs.keep.dropped', { count: gone.length })}` : '';
        status.textContent = `${say(words, 'runs.keep.kept', { most: MOST_RUNS })}${dropped}`;
      } catch (error) {
        tell(error);
      }
    },
    offerDocument(document, recording) {
      stored = true;
      status.textContent = '';
      show(document, recording);
    },
    async print() {
      const { fillReport, printReport } = await takeAway();
      if (!now) return;
      fillReport(part('report'), { ...now, words, format, names });
      printReport(part('report'));
    },
    hide() {
      now = null;
      box.hidden = true;
    },
  };
  return keep;
}
