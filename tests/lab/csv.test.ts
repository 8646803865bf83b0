import { expect, test } from 'vitest';
import en from '../../content/i18n/en.json' with { type: 'json' };
import type { TechniqueId } from '../../demo-server/protocol.ts';
import { Clock } from '../../site/lab/clock.ts';
import { eventsCsv, tableCsv } from '../../site/lab/csv.ts';
import { newRecording } from '../../site/lab/recording.ts';

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
