/**
 * A run on one page of paper: settings, conditions, notes, the timeline as vectors, and the table.
 */

import { GROUPS, summaryOf } from '../../../demo-server/measure/measures.ts';
import type { Recording } from '../../../demo-server/measure/recording.ts';
import type { RunDocument } from '../../../demo-server/measure/run-document.ts';
import { queryFromSettings } from '../../../demo-server/measure/settings.ts';
import { TECHNIQUES, type TechniqueId } from '../../../demo-server/protocol.ts';
import type { Format } from '../../kit/format.ts';
import type { Palette } from '../../kit/look.ts';
import { technique as techniqueMark } from '../../kit/mark.ts';
import { say, type Words } from '../../kit/words.ts';
import { notesOf, showNotes } from '../tables/notes.ts';
import { dateIn, fillList, settingLines } from '../tables/run-words.ts';
import { Table } from '../tables/table.ts';
import type { Drawing } from './picture.ts';
import { xml } from './svg-context.ts';
import { timelineSvg } from './timeline-svg.ts';

export interface ReportOptions {
  recording: Recording;
  document: RunDocument;
  words: Words;
  format: Format;
  names: Readonly<Record<TechniqueId, string>>;
}

/** Width of the timeline in pixels: printed on A4 at three quarters, its letters are 7 points high. */
const WIDTH = 940;

const VARIABLES: Omit<Palette, 'font'> = {
  technique: Object.fromEntries(TECHNIQUES.map((id) => [id, `var(--technique-${id})`])) as Palette['technique'],
  ink: 'var(--ink)',
  soft: 'var(--ink-soft)',
  faint: 'var(--ink-faint)',
  line: 'var(--line)',
  strong: 'var(--line-strong)',
  grid: 'var(--grid)',
  surface: 'var(--surface)',
  warnBack: 'var(--warn-back)',
  bad: 'var(--bad)',
};

/** A drawing as an element of the page, in its colours and its font. */
function svgElement({ svg, width, height }: Drawing, label: string): Element {
  const text = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${xml(label)}">${svg}</svg>`;
  return document.importNode(new DOMParser().parseFromString(text, 'image/svg+xml').documentElement, true);
}

/** Fills the report's section. */
export function fillReport(
  section: HTMLElement,
  { recording, document: kept, words, format, names }: ReportOptions,
): void {
  const part = <T extends HTMLElement = HTMLElement>(name: string): T => {
    const found = section.querySelector<T>(`[data-report="${name}"]`);
    if (!found) throw new Error(`The report lacks its part "${name}"`);
    return found;
  };
  const { made, run, measured } = kept;
  part('title').textContent = kept.name || say(words, 'runs.opened', { date: dateIn(words, made.at) });
  part('made').textContent = say(words, `runs.made.${made.client}`, {
    date: dateIn(words, made.at),
    agent: made.agent,
    system: made.system,
    server: made.server,
    version: made.pushlab,
  });
  fillList(part('settings'), settingLines(kept, words, format, names));
  const { clock } = recording;
  fillList(part('conditions'), [
    [
      say(words, 'lab.condition.clock'),
      clock.current ? format.uncertainty(clock.uncertaintyMs) : say(words, 'lab.unknown'),
    ],
    [say(words, 'lab.condition.timer'), format.ms(clock.resolutionMs)],
    [say(words, 'lab.condition.late'), format.ms(recording.conditions.eventLoopDelayMs ?? Number.NaN)],
    [say(words, 'lab.condition.isolated'), say(words, measured.isolated ? 'lab.yes' : 'lab.no')],
    [say(words, 'lab.condition.run'), run.id],
  ]);
  showNotes(part('notes'), notesOf(recording, words, format, names));
  const lanes = [...recording.lanes.values()];
  // Colours as variables: paper is light, whatever the screen was when this was drawn.
  const palette = { ...VARIABLES, font: getComputedStyle(section).fontFamily };
  const drawing = timelineSvg({ recording, lanes, names, palette, format, width: WIDTH, compact: true });
  if (drawing) part('timeline').replaceChildren(svgElement(drawing, say(words, 'lab.timeline.label')));
  // A line in which no lane has a figure is not worth its paper.
  const groups = GROUPS.map(({ key, measures }) => ({
    key,
    measures: measures.filter((measure) =>
      lanes.some((lane) => measure.value(lane, summaryOf(lane, recording), recording) !== null),
    ),
  })).filter(({ measures }) => measures.length > 0);
  new Table(part<HTMLTableElement>('table'), recording, words, names, techniqueMark, format, groups).updateAll();
  part('link').textContent = say(words, 'runs.report.link', {
    address: `${location.origin}${location.pathname.replace(/runs\/$/, '')}${queryFromSettings(run.settings)}`,
  });
}

/** Prints the page's report alone, and puts the page back when the print dialog is closed. */
export function printReport(section: HTMLElement): void {
  section.hidden = false;
  document.documentElement.dataset.report = '';
  addEventListener(
    'afterprint',
    () => {
      delete document.documentElement.dataset.report;
      section.hidden = true;
    },
    { once: true },
  );
  print();
}
