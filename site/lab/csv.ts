/**
 * A run for spreadsheets and statistics programs, as RFC 4180 writes it: commas, CRLF, quotes where they are needed. Numbers
 * are bare, with a point, whatever the reader's language.
 */
import type { TechniqueId } from '../../demo-server/protocol.ts';
import type { Recording } from './recording.ts';
import { toTsv } from './table.ts';
import type { Words } from './words.ts';

/** One cell; a text that a spreadsheet would take for a formula is kept a text. */
function cell(value: string | number): string {
  const text = typeof value === 'string' && /^[=+@]|^-(?!\d)/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const line = (cells: readonly (string | number)[]): string => `${cells.map(cell).join(',')}\r\n`;

/** The table of the ledger: a column a lane, a line a measure, units in the first column. */
export function tableCsv(recording: Recording, words: Words, names: Readonly<Record<TechniqueId, string>>): string {
  return toTsv(recording, words, names)
    .split('\n')
    .map((row) => line(row.split('\t')))
    .join('');
}

/** Every event of every lane: times in ms since the start of the run, to the microsecond. */
export function eventsCsv({ lanes, zero }: Recording): string {
  const micro = (ms: number) => Math.round(ms * 1000) / 1000;
  const lines = [line(['technique', 'seq', 'request', 'sent_ms', 'received_ms', 'latency_ms'])];
  for (const { technique, events } of lanes.values()) {
    for (let index = 0; index < events.length; index++) {
      const at = (events.at[index] as number) - zero;
      const latency = events.latency[index] as number;
      const [seq, request] = [events.seq[index] as number, events.request[index] as number];
      lines.push(line([technique, seq, request, micro(at - latency), micro(at), micro(latency)]));
    }
  }
  return lines.join('');
}
