/**
 * The table of a run: a column for each lane, a row for each measure. The readable form of the charts, and what is copied.
 */

import { GROUPS, type Measure, summaryOf } from '../../../demo-server/measure/measures.ts';
import type { Recording } from '../../../demo-server/measure/recording.ts';
import type { TechniqueId } from '../../../demo-server/protocol.ts';
import { type Format, NOTHING } from '../../kit/format.ts';
import { say, setText, type Words } from '../../kit/words.ts';

/** Units of the copied table: its cells are bare numbers, for a spreadsheet. */
const UNITS: Record<Measure['kind'], string> = {
  count: '',
  bytes: ' (B)',
  bytesEach: ' (B)',
  ms: ' (ms)',
  uncertainty: ' (± ms)',
  text: '',
};

/** Writes a measured value as the table shows it; bytes to the byte. */
export function written(measure: Measure, value: number | string | null, format: Format): string {
  if (value === null) return NOTHING;
  if (typeof value === 'string') return value;
  if (measure.kind === 'ms') return format.ms(value);
  if (measure.kind === 'uncertainty') return format.uncertainty(value);
  return measure.kind === 'bytes' || measure.kind === 'bytesEach' ? format.exactBytes(value) : format.count(value);
}

/** The table as tab-separated text: one line a measure, numbers without units or grouping. */
export function toTsv(recording: Recording, words: Words, names: Readonly<Record<TechniqueId, string>>): string {
  const lanes = [...recording.lanes.values()];
  const lines = [['', ...lanes.map((lane) => names[lane.technique])]];
  for (const { measures } of GROUPS) {
    for (const measure of measures) {
      const cells = lanes.map((lane) => {
        const value = measure.value(lane, summaryOf(lane, recording), recording);
        if (value === null) return '';
        return typeof value === 'string' ? value.replace(/\s+/g, ' ') : String(Math.round(value * 1000) / 1000);
      });
      lines.push([`${say(words, `lab.measure.${measure.key}`)}${UNITS[measure.kind]}`, ...cells]);
    }
  }
  return lines.map((line) => line.join('\t')).join('\n');
}

/** Fills a `<table>` with groups of measures of a recording and keeps it up to date, a column at a time. */
export class Table {
  readonly #format: Format;
  readonly #recording: Recording;
  readonly #cells = new Map<TechniqueId, Map<Measure, HTMLTableCellElement>>();
  #turn = 0;

  constructor(
    table: HTMLTableElement,
    recording: Recording,
    words: Words,
    names: Readonly<Record<TechniqueId, string>>,
    heading: (technique: TechniqueId) => Node,
    format: Format,
    groups: typeof GROUPS = GROUPS,
  ) {
    this.#format = format;
    this.#recording = recording;
    const lanes = [...recording.lanes.keys()];
    const head = document.createElement('thead');
    const top = head.insertRow();
    top.insertCell();
    for (const id of lanes) {
      const cell = document.createElement('th');
      cell.scope = 'col';
      cell.append(heading(id), names[id]);
      top.append(cell);
      this.#cells.set(id, new Map());
    }
    const bodies = groups.map(({ key, measures }) => {
      const body = document.createElement('tbody');
      const title = document.createElement('th');
      title.scope = 'rowgroup';
      title.textContent = say(words, `lab.group.${key}`);
      const row = body.insertRow();
      row.className = 'group';
      row.append(title);
      // The rest of the line is one empty cell, so that the title can stay put while the columns scroll under it.
      row.insertCell().colSpan = Math.max(1, lanes.length);
      for (const measure of measures) {
        const line = body.insertRow();
        const name = document.createElement('th');
        name.scope = 'row';
        name.textContent = say(words, `lab.measure.${measure.key}`);
        line.append(name);
        for (const id of lanes) {
          const cell = line.insertCell();
          cell.textContent = NOTHING;
          this.#cells.get(id)?.set(measure, cell);
        }
      }
      return body;
    });
    const caption = table.caption;
    table.replaceChildren(...(caption ? [caption] : []), head, ...bodies);
  }

  /** Updates the next lane's column; eight calls renew the table, and no call takes long. */
  updateNext(): void {
    const lanes = [...this.#recording.lanes.keys()];
    const id = lanes[this.#turn++ % lanes.length];
    if (id) this.#update(id);
  }

  /** Updates every column. */
  updateAll(): void {
    for (const id of this.#recording.lanes.keys()) this.#update(id);
  }

  #update(id: TechniqueId): void {
    const lane = this.#recording.lanes.get(id);
    if (!lane) return;
    const summary = summaryOf(lane, this.#recording);
    for (const [measure, cell] of this.#cells.get(id) ?? []) {
      setText(cell, written(measure, measure.value(lane, summary, this.#recording), this.#format));
    }
  }
}
