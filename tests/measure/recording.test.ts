import { describe, expect, test } from 'vitest';
import en from '../../content/i18n/en.json' with { type: 'json' };
import { Clock } from '../../demo-server/measure/clock.ts';
import { GROUPS, summaryOf } from '../../demo-server/measure/measures.ts';
import {
  fileLedger,
  fileSample,
  fileVisibility,
  type LaneRecord,
  newRecording,
} from '../../demo-server/measure/recording.ts';
import {
  type LaneLedger,
  NETWORKS,
  type RunInfo,
  type RunLedger,
  type RunSettings,
  type TechniqueId,
} from '../../demo-server/protocol.ts';
import { formatter } from '../../site/kit/format.ts';
import { notesOf } from '../../site/lab/tables/notes.ts';
import { toTsv } from '../../site/lab/tables/table.ts';

const names = { sse: 'Server-Sent Events', polling: 'Short polling' } as Record<TechniqueId, string>;

function account(requests: number, head: number, payload: number): LaneLedger {
  return {
    requests,
    responses: requests,
    connectionsOpened: 1,
    connectionsReused: requests - 1,
    eventsSent: 2,
    bytes: {
      up: { head, framing: 0, body: 0 },
      down: { head: 0, framing: 0, envelope: 0, payload, redundantPayload: 0 },
    },
    wireBytesUp: head,
    wireBytesDown: payload,
    unaccountedBytes: 0,
    cuts: [{ reason: 'slow-reader', count: 2 }],
    openConnections: 0,
    uplinkMessages: 0,
  };
}

function ledger(lane: LaneLedger): RunLedger {
  return { run: 'r', state: 'running', lanes: { sse: lane }, control: lane, site: lane };
}

/** A recording of one lane whose run started at 1000 by the server's clock, which is 100 ms ahead of the page's. */
async function recording(techniques: TechniqueId[] = ['sse']) {
  const clock = new Clock(0.005, true);
  await clock.sync(async () => ({ sent: 0, at: 100.1, received: 0.2 }));
  const made = newRecording(techniques, clock);
  made.info = {
    id: 'r',
    state: 'running',
    settings: { durationSeconds: 20 },
    createdAt: 0,
    startsAt: 1000,
    endsAt: 21_000,
    lastSeq: 3,
  } as RunInfo;
  made.zero = clock.toPage(1000);
  return { made, lane: made.lanes.get(techniques[0] as TechniqueId) as LaneRecord };
}

test('samples become bars, dots and counts; what comes twice is counted but not drawn twice', async () => {
  const { made, lane } = await recording();
  fileSample(made, lane, { kind: 'request', request: 1, at: 890 });
  for (const seq of [1, 2, 2]) fileSample(made, lane, { kind: 'event', request: 1, at: 950 + seq, seq, sentAt: 1050 });
  fileSample(made, lane, { kind: 'response', request: 1, at: 2000, ok: true });
  fileSample(made, lane, { kind: 'reset', at: 2000, next: 9 });
  for (let n = 0; n < 3; n++) fileSample(made, lane, { kind: 'trouble', at: 2001, reason: 'silent' });
  fileSample(made, lane, { kind: 'uplink', n: 1, sentAt: 950, at: 1060, answeredAt: 975 });
  expect(lane.events.length).toBe(2);
  expect([...lane.events.latencies()].map((ms) => Math.round(ms))).toEqual([1, 2]);
  expect([lane.requests.start[0], lane.requests.end[0], lane.requests.open.size]).toEqual([890, 2000, 0]);
  expect([lane.resets, lane.troubles]).toEqual([1, { silent: 3 }]);
  expect(lane.moments.filter(({ kind, at }) => kind === 'trouble' && at === 2001)).toHaveLength(3);
  expect(lane.moments.filter(({ kind }) => kind === 'reset')).toHaveLength(1);
  // Made at 950 by the page, read at 1060 by a server whose clock is 100 ms ahead: 10 ms.
  expect(Math.round(summaryOf(lane, made).uplink.up?.p50 ?? 0)).toBe(10);
  expect(summaryOf(lane, made).uplink.round?.p95).toBe(25);
  expect(summaryOf(lane, made).integrity).toEqual({ received: 2, lost: 0, duplicated: 1, outOfOrder: 0 });
  made.info = { ...(made.info as RunInfo), state: 'finished' };
  made.over = 3000;
  lane.done = true;
  expect(summaryOf(lane, made).integrity.lost).toBe(1);
});

test('ledgers become points in seconds since the start; what comes after the end corrects the end', async () => {
  const { made, lane } = await recording();
  fileLedger(made, ledger(account(1, 500, 40)), 900);
  fileLedger(made, ledger(account(1, 500, 80)), 11_000);
  fileLedger(made, ledger(account(2, 900, 90)), 21_000);
  fileLedger(made, ledger(account(3, 1300, 90)), 22_500);
  expect([0, 1, 2].map((n) => lane.series.timeAt(n))).toEqual([0, 10, 20]);
  expect(lane.series.length).toBe(3);
  expect([0, 1, 2].map((column) => lane.series.valueAt(2, column))).toEqual([3, 1300, 1390]);
});

test('hidden stretches open and close once each', async () => {
  const { made } = await recording();
  const { conditions } = made;
  fileVisibility(conditions, false, 1);
  fileVisibility(conditions, true, 10);
  fileVisibility(conditions, true, 11);
  fileVisibility(conditions, false, 20);
  fileVisibility(conditions, true, 30);
  expect(conditions.hidden).toEqual([
    { from: 10, to: 20 },
    { from: 30, to: Number.POSITIVE_INFINITY },
  ]);
});

describe('what the page says', () => {
  test('every measure and group has its words', () => {
    for (const { key, measures } of GROUPS) {
      expect(en).toHaveProperty([`lab.group.${key}`]);
      for (const measure of measures) expect(en).toHaveProperty([`lab.measure.${measure.key}`]);
    }
  });

  test('the copied table has a column a lane, bare numbers, and nothing where nothing is known', async () => {
    const { made, lane } = await recording(['sse', 'polling']);
    fileSample(made, lane, { kind: 'event', request: 1, at: 951, seq: 1, sentAt: 1050 });
    fileLedger(made, ledger(account(1, 1234, 90)), 1000);
    const lines = toTsv(made, en, names).split('\n');
    expect(lines[0]).toBe('\tServer-Sent Events\tShort polling');
    expect(lines).toContain(`${en['lab.measure.headUp']} (B)\t1234\t`);
    expect(lines).toContain(`${en['lab.measure.p50']} (ms)\t1\t`);
    expect(lines).toContain(`${en['lab.measure.cuts']}\t2 × slow-reader\t`);
    expect(new Set(lines.map((line) => line.split('\t').length))).toEqual(new Set([3]));
  });

  test('a run without trouble has no notes; each condition and each trouble has its own, in words', async () => {
    const { made, lane } = await recording();
    const format = formatter('en');
    expect(notesOf(made, en, format, names)).toEqual([]);
    Object.assign(made.conditions, { isolated: false, behindProxy: true, controlLost: true });
    made.conditions.hidden.push({ from: 1000, to: 2500 });
    made.over = 9000;
    lane.failed = 'no way.';
    lane.resets = 1;
    lane.troubles = { silent: 2, 'connection-lost': 1, 'bad-answer': 3 };
    const notes = notesOf(made, en, format, names);
    expect(notes).toHaveLength(9);
    for (const { text } of notes) expect(text).not.toMatch(/\{\{|^lab\./);
    expect(notes[0]).toMatchObject({ tone: 'bad', on: 'none' });
    expect(notes.filter(({ on }) => on === 'latency' || on === 'all')).toHaveLength(2);
    expect(notes.map(({ text }) => text).join(' ')).toContain('for 1.5\u00a0s');
  });

  test('a simulated network is named beside the figures, on every chart', async () => {
    const { made } = await recording();
    const settings = { ...made.info?.settings, ...NETWORKS.satellite } as RunSettings;
    made.info = { ...(made.info as RunInfo), settings };
    const [note] = notesOf(made, en, formatter('en'), names);
    expect(note).toMatchObject({ tone: 'info', on: 'all' });
    expect(note?.text).toContain('Satellite (round trip + 600 ms, jitter up to 30 ms, 5,000 kbit/s)');
    made.info = { ...made.info, settings: { ...settings, cutEverySeconds: 7 } };
    const [own] = notesOf(made, en, formatter('en'), names);
    expect(own?.text).toContain('a cut every 7 s');
    expect(own?.text).not.toContain('Satellite');
  });
});
