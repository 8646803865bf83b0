/**
 * Reads a run's document from outside: whatever the text is, the answer is the document or words for what is wrong. Apart from
 * run-document.ts, as the schema is long and the lab, which only writes, can do without it.
 */

import { type Mismatch, mismatches, type Schema } from '../../../demo-server/measure/json-check.ts';
import { type RunDocument, SCHEMA, withDefaults } from '../../../demo-server/measure/run-document.ts';
import schema from '../../../demo-server/measure/run-schema.json' with { type: 'json' };
import { checkSettings, RANGES } from '../../../demo-server/protocol.ts';
import { type JsonFault, parseJson } from './file-text.ts';

/** Why a document cannot be read. `kind` picks the sentence: no JSON, JSON with lines around it, no run, a later version, or a field that is wrong. */
export interface DocumentFault extends Mismatch {
  kind: JsonFault['kind'] | 'other' | 'newer' | 'field';
}

/** Reads a document from text that may be anything. Never throws: the document, or the first faults with their places. */
export function readDocument(text: string): { document: RunDocument } | { faults: DocumentFault[] } {
  const parsed = parseJson(text);
  if ('fault' in parsed) return { faults: [{ path: '', ...parsed.fault }] };
  const { value } = parsed;
  const version = (value as { schema?: unknown } | null)?.schema;
  if (version !== SCHEMA) {
    const newer = typeof version === 'string' && /^pushlab-run\/\d+$/.test(version);
    return { faults: [{ kind: newer ? 'newer' : 'other', path: 'schema', got: version, takes: SCHEMA }] };
  }
  const wrong = mismatches(value, schema as Schema);
  const faults = wrong.length > 0 ? wrong : contradictions(value as RunDocument);
  if (faults.length > 0) return { faults: faults.map((fault) => ({ kind: 'field', ...fault })) };
  return { document: withDefaults(value as RunDocument) };
}

/** What no schema can say: columns of one length, times in order, settings in their ranges. */
function contradictions({ run, lanes, measured }: RunDocument): Mismatch[] {
  const found: Mismatch[] = [];
  const expect = (holds: boolean, path: string, got: unknown, takes: string) => {
    if (!holds) found.push({ path, got, takes });
  };
  const known = Object.entries(run.settings).filter(
    ([name]) => name in RANGES || ['techniques', 'arrivals', 'faults'].includes(name),
  );
  const checked = checkSettings(Object.fromEntries(known));
  for (const { field, got, takes } of 'faults' in checked ? checked.faults : []) {
    found.push({ path: `run.settings.${field}`, got, takes });
  }
  const techniques = lanes.map(({ technique }) => technique);
  expect(new Set(techniques).size === techniques.length, 'lanes', techniques.join(', '), 'each technique once');
  const started = lanes.some(({ requests, events }) => requests.start.length + events.at.length > 0);
  expect(measured.zero !== null || !started, 'measured.zero', null, 'number');
  for (const [index, { requests, events, uplink, series }] of lanes.entries()) {
    const path = `lanes[${index}]`;
    for (const [name, column] of Object.entries({ end: requests.end, ok: requests.ok })) {
      const length = requests.start.length;
      expect(column.length === length, `${path}.requests.${name}`, `[${column.length}]`, `[${length}]`);
    }
    for (const [name, column] of Object.entries({
      latency: events.latency,
      seq: events.seq,
      request: events.request,
    })) {
      expect(
        column.length === events.at.length,
        `${path}.events.${name}`,
        `[${column.length}]`,
        `[${events.at.length}]`,
      );
    }
    for (const [name, column] of Object.entries({ up: uplink?.up, round: uplink?.round })) {
      const length = uplink?.sentAt.length;
      expect(column?.length === length, `${path}.uplink.${name}`, `[${column?.length}]`, `[${length}]`);
    }
    for (const [name, times] of Object.entries({ 'requests.start': requests.start, 'events.at': events.at })) {
      const at = times.findIndex((time, n) => n > 0 && time < (times[n - 1] as number));
      expect(at < 0, `${path}.${name}[${at}]`, times[at], `≥ ${times[at - 1]}`);
    }
    const beyond = events.request.findIndex((request) => request > requests.start.length);
    expect(beyond < 0, `${path}.events.request[${beyond}]`, events.request[beyond], `≤ ${requests.start.length}`);
    const { columns, values, seconds } = series;
    expect(values.length === columns.length, `${path}.series.values`, `[${values.length}]`, `[${columns.length}]`);
    const uneven = values.findIndex((column) => column.length !== seconds.length);
    expect(uneven < 0, `${path}.series.values[${uneven}]`, `[${values[uneven]?.length}]`, `[${seconds.length}]`);
  }
  return found.slice(0, 5);
}
