import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import en from '../../content/i18n/en.json' with { type: 'json' };
import { Clock } from '../../demo-server/measure/clock.ts';
import { newRecording } from '../../demo-server/measure/recording.ts';
import type { RunDocument } from '../../demo-server/measure/run-document.ts';
import type { TechniqueId } from '../../demo-server/protocol.ts';
import { chartLines } from '../../site/lab/take-away/chart-csv.ts';
import { eventsCsv, tableCsv } from '../../site/lab/take-away/csv.ts';
import { csvOf } from '../../site/lab/take-away/csv-lines.ts';

const RECORDED = '../../content/recorded/runs/sse.json';

const names = { sse: 'Events, "sent"', polling: '=SUM(A1)' } as Record<TechniqueId, string>;

function recording() {
  const made = newRecording(['sse', 'polling'], new Clock(0.005, true));
  made.zero = 1000;
  made.lanes.get('sse')?.events.push(1100.5, 0.25, 1, 1);
  made.lanes.get('polling')?.events.push(1200, 100, 1, 3);
  return made;
}

test('every event is a line: lane, number, request, times since the start in ms', () => {
  expect(eventsCsv(recording())).toBe(
    [
      'technique,seq,request,sent_ms,received_ms,latency_ms',
      'sse,1,1,100.25,100.5,0.25',
      'polling,1,3,100,200,100',
      '',
    ].join('\r\n'),
  );
});

test('commas and quotes are quoted, and no cell is taken for a formula', () => {
  const [head] = tableCsv(recording(), en, names).split('\r\n');
  expect(head).toBe(`,"Events, ""sent""",'=SUM(A1)`);
});

describe('each picture as CSV', () => {
  const rows = (...picture: Parameters<typeof chartLines>) =>
    csvOf(chartLines(...picture))
      .trimEnd()
      .split('\r\n');
  function full() {
    const made = recording();
    made.over = 2000;
    const sse = made.lanes.get('sse');
    sse?.requests.begin(1001);
    sse?.requests.begin(1002.5);
    sse?.requests.finish(0, 1003.25, true);
    sse?.series.push(0.25, [1, 400, 600, 1]);
    sse?.events.push(1700, 3, 2, 1);
    if (sse) sse.ledger = account('sse');
    return made;
  }
  function account(id: TechniqueId) {
    const { ledger } = JSON.parse(readFileSync(new URL(RECORDED, import.meta.url), 'utf8')) as RunDocument;
    return ledger?.lanes[id] ?? null;
  }

  test('the timeline: its bars, with an empty end where one was still open', () => {
    expect(rows(full(), 'timeline', ['sse'])).toEqual([
      'technique,request,start_ms,end_ms,ok',
      'sse,1,1,3.25,1',
      'sse,2,2.5,,0',
    ]);
  });

  test('a course of the ledger, and latencies by window', () => {
    expect(rows(full(), 'wireBytes', ['sse', 'polling'])).toEqual(['technique,seconds,wireBytes', 'sse,0.25,600']);
    expect(rows(full(), 'latency', ['sse'])).toEqual(['technique,seconds,p50_ms,p95_ms,max_ms', 'sse,2,0.25,3,3']);
  });

  test('bytes by class add up to those of the lane', () => {
    const [, ...lines] = rows(full(), 'bytes', ['sse']);
    const ledger = account('sse');
    expect(lines.map((line) => Number(line.split(',')[2])).reduce((sum, bytes) => sum + bytes, 0)).toBe(
      (ledger?.wireBytesUp ?? 0) + (ledger?.wireBytesDown ?? 0),
    );
  });

  test('a distribution: its bins, with all events in them', () => {
    const [head, ...lines] = rows(full(), 'distribution', ['sse']);
    expect(head).toBe('technique,over_ms,up_to_ms,events');
    const cells = lines.map((line) => line.split(',').slice(1).map(Number));
    expect(cells.reduce((sum, [, , events = 0]) => sum + events, 0)).toBe(2);
    const [over = 0, upTo = 0] = cells[0] ?? [];
    expect(over).toBeLessThanOrEqual(0.25);
    expect(upTo).toBeGreaterThan(0.25);
  });
});
