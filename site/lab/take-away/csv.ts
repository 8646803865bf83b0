/**
 * A run for spreadsheets and statistics programs.
 */

import type { Recording } from '../../../demo-server/measure/recording.ts';
import type { TechniqueId } from '../../../demo-server/protocol.ts';
import type { Words } from '../../kit/words.ts';
import { toTsv } from '../tables/table.ts';
import { csvOf } from './csv-lines.ts';

/** The table of the ledger: a column a lane, a line a measure, units in the first column. */
export function tableCsv(recording: Recording, words: Words, names: Readonly<Record<TechniqueId, string>>): string {
  const lines = toTsv(recording, words, names).split('\n');
  return csvOf(lines.map((line) => line.split('\t')));
}

/** Every event of every lane: times in ms since the start of the run, to the microsecond. */
export function eventsCsv({ lanes, zero }: Recording): string {
  const micro = (ms: number) => Math.round(ms * 1000) / 1000;
  const lines: (string | number)[][] = [['technique', 'seq', 'request', 'sent_ms', 'received_ms', 'latency_ms']];
  for (const { technique, events } of lanes.values()) {
    for (let index = 0; index < events.length; index++) {
      const at = (events.at[index] as number) - zero;
      const latency = events.latency[index] as number;
      const [seq, request] = [events.seq[index] as number, events.request[index] as number];
      lines.push([technique, seq, request, micro(at - latency), micro(at), micro(latency)]);
    }
  }
  return csvOf(lines);
}
