/** The table of what faults should do, and how a recording is held against it. */
import { describe, expect, test } from 'vitest';
import en from '../../content/i18n/en.json' with { type: 'json' };
import { Clock } from '../../demo-server/measure/clock.ts';
import type { Sample } from '../../demo-server/measure/lane.ts';
import { fileSample, newRecording, type Recording } from '../../demo-server/measure/recording.ts';
import {
  type BegunFault,
  checkSettings,
  FAULTS,
  type FaultId,
  type RunInfo,
  TECHNIQUES,
  type TechniqueId,
} from '../../demo-server/protocol.ts';
import { formatter } from '../../site/kit/format.ts';
import { type Judgement, judge } from '../../site/lab/faults/fault-happened.ts';
import { faultPlace, happenedInWords } from '../../site/lab/faults/fault-report.ts';
import { EXPECTED, OUTCOMES } from '../../site/lab/faults/fault-table.ts';

const words: Record<string, string> = en;

test('every fault has an outcome for every technique, and every outcome is some fault’s and has a sentence', () => {
  expect(Object.keys(EXPECTED).sort()).toEqual([...FAULTS].sort());
  const used = new Set<string>(['never-quiet', 'half-open', 'watchdog-barks']);
  for (const fault of FAULTS) {
    expect(words).toHaveProperty([`lab.break.fault.${fault}`]);
    expect(words).toHaveProperty([`lab.break.fault.${fault}.text`]);
    for (const id of TECHNIQUES) used.add(EXPECTED[fault][id]);
  }
  expect([...used].sort()).toEqual(Object.keys(OUTCOMES).sort());
  for (const name of used) expect(words).toHaveProperty([`lab.break.outcome.${name}`]);
});

/** A run at one event a second whose fault came at 10 s by the server's clock, which is the page's. */
async function run(technique: TechniqueId, fault: FaultId, given: Partial<BegunFault> = {}, settings = {}) {
  const clock = new Clock(0.005, true);
  await clock.sync(async () => ({ sent: 0, at: 0.05, received: 0.1 }));
  const made = newRecording([technique], clock);
  const checked = checkSettings({ techniques: [technique], eventsPerSecond: 1, durationSeconds: 60, ...settings });
  if ('faults' in checked) throw new Error(JSON.stringify(checked.faults));
  const begun = { at: 10_000, fault, techniques: [technique], seconds: 0, atEvent: null, ...given };
  made.info = {
    id: 'r',
    state: 'running',
    settings: { ...checked.settings, seed: 1 },
    createdAt: 0,
    startsAt: 0,
    endsAt: 60_000,
    lastSeq: 60,
    faults: [begun],
  } satisfies RunInfo;
  made.zero = 0;
  const lane = made.lanes.get(technique);
  if (!lane) throw new Error('no lane');
  const file = (...samples: Sample[]) => {
    for (const sample of samples) fileSample(made, lane, sample);
  };
  const at = (now: number): Judgement => judge(lane, made, begun, now) as Judgement;
  return { made, lane, begun, file, at };
}
const event = (seq: number, at: number, sentAt = at - 1): Sample => ({ kind: 'event', request: 1, at, seq, sentAt });
const request = (at: number): Sample => ({ kind: 'request', request: 1, at });
const answer = (at: number): Sample => ({ kind: 'response', request: 1, at, ok: true });
const trouble = (at: number, reason: 'silent' | 'connection-lost' | 'bad-answer'): Sample => ({
  kind: 'trouble',
  at,
  reason,
});

describe('a cut', () => {
  test('is open until the lane is back, and then as it should', async () => {
    const { file, at } = await run('websocket', 'cut');
    file(request(5), event(9, 9500));
    expect(at(10_200)).toMatchObject({ name: 'socket-again', verdict: 'open' });
    file(trouble(10_005, 'connection-lost'), request(10_510), event(10, 10_520, 10_500));
    const { verdict, happened } = at(11_000);
    expect(verdict).toBe('agrees');
    expect(happened).toMatchObject({ lost: 0, duplicated: 0, troubles: { 'connection-lost': 1 }, closed: false });
    expect(Math.round(happened.askedMs ?? 0)).toBe(510);
    expect(Math.round(happened.firstEventMs ?? 0)).toBe(520);
  });

  test('that loses or doubles an event is not as it should', async () => {
    const { file, at } = await run('websocket', 'cut');
    file(event(9, 9500), trouble(10_005, 'connection-lost'), request(10_510), event(11, 11_500), event(11, 11_600));
    expect(at(12_000)).toMatchObject({ verdict: 'differs', differences: ['duplicated', 'lost'] });
  });

  test('that the lane never recovers from is not as it should once its time is over', async () => {
    const { file, at } = await run('websocket', 'cut');
    file(event(9, 9500));
    expect(at(30_000)).toMatchObject({
      verdict: 'differs',
      differences: ['not-asked', 'no-connection-lost', 'no-event'],
    });
  });

  test('before a stream was there, as on a slow machine, breaks nothing that the lane could notice', async () => {
    for (const technique of ['xhr-stream', 'fetch-stream', 'websocket', 'iframe-stream'] as const) {
      const { file, at } = await run(technique, 'cut');
      file(request(9990), event(1, 10_600));
      expect(at(11_000), technique).toMatchObject({ verdict: 'agrees', happened: { askedMs: null, troubles: {} } });
    }
    const { file, at } = await run('xhr-stream', 'status-204');
    file(request(9990), trouble(10_100, 'bad-answer'), answer(10_100), request(10_600), event(1, 10_700));
    expect(at(11_000).verdict).toBe('agrees');
  });

  test('in the pause behind another one breaks nothing, but what no request is refused by is still missed', async () => {
    const { file, at } = await run('fetch-stream', 'status-500');
    file(
      request(5),
      event(9, 9500),
      trouble(9800, 'connection-lost'),
      answer(9800),
      request(10_300),
      event(10, 10_400),
    );
    expect(at(30_000)).toMatchObject({ verdict: 'differs', differences: ['no-bad-answer'] });
  });

  test('of a hidden frame shows only after its watchdog, and a run that ends before tells nothing', async () => {
    const { made, lane, file, at } = await run('iframe-stream', 'cut');
    file(event(9, 9500));
    expect(at(40_000).verdict).toBe('open');
    made.over = 40_000;
    if (made.info) made.info.state = 'finished';
    lane.done = true;
    expect(at(50_000)).toMatchObject({ verdict: 'short', happened: { lost: 0, unseen: 51 } });
  });

  test('ends with the next one in the same lane', async () => {
    const { made, file, at, begun } = await run('sse', 'cut');
    made.info?.faults.push({ ...begun, at: 12_000 });
    file(event(9, 9500), request(10_500), event(10, 10_600), event(15, 15_000));
    expect(at(20_000)).toMatchObject({ verdict: 'agrees', happened: { lost: 0, closed: true } });
  });

  test('after which the lane gave up is not as it should', async () => {
    const { lane, file, at } = await run('sse', 'status-500');
    file(event(9, 9500));
    lane.failed = 'HTTP 500';
    expect(at(10_100)).toMatchObject({ verdict: 'differs', differences: ['gave-up'] });
  });
});

test('a stall has to hold events back, and must not make a stream ask again', async () => {
  const held = await run('sse', 'stall', { seconds: 5 });
  held.file(event(9, 9500), event(10, 15_001, 10_500), event(11, 15_001, 11_500));
  expect(held.at(16_000)).toMatchObject({ name: 'late-stream', verdict: 'agrees' });
  const free = await run('sse', 'stall', { seconds: 5 });
  free.file(event(9, 9500), event(10, 10_501, 10_500));
  expect(free.at(11_000).verdict).toBe('open');
  expect(free.at(40_000)).toMatchObject({ verdict: 'differs', differences: ['not-held'] });
  const again = await run('sse', 'stall', { seconds: 5 });
  again.file(event(9, 9500), request(12_000));
  expect(again.at(12_500)).toMatchObject({ verdict: 'differs', differences: ['asked'] });
});

test('a stall that outlasts the patience of one end may break the connection', async () => {
  for (const [id, seconds, name] of [
    ['websocket', 14, 'late-stream'],
    ['websocket', 15, 'half-open'],
    ['xhr-stream', 19, 'late-stream'],
    ['xhr-stream', 36, 'watchdog-barks'],
    ['sse', 500, 'late-stream'],
  ] as const) {
    const { at } = await run(id, 'stall', { seconds });
    expect(at(11_000).name, `${id}, ${seconds} s`).toBe(name);
  }
});

test('a forgotten history has to be told where there is a cursor, and its losses are as they should be', async () => {
  const told = await run('polling', 'drop-history');
  told.file(event(9, 9500), request(11_000), { kind: 'reset', at: 11_001, next: 11 }, event(12, 12_000));
  expect(told.at(13_000)).toMatchObject({ name: 'reset-answer', verdict: 'agrees', happened: { lost: 2, resets: 1 } });
  const untold = await run('polling', 'drop-history');
  untold.file(event(9, 9500), request(11_000), event(12, 12_000));
  expect(untold.at(30_000)).toMatchObject({ verdict: 'differs', differences: ['no-reset'] });
});

test('a poll that comes round rarely is waited for', async () => {
  const rare = { pollIntervalMs: 20_000, eventsPerSecond: 0.5 };
  const { file, at } = await run('polling', 'cut', {}, rare);
  file(request(1), event(2, 9000));
  expect(at(29_900).verdict).toBe('open');
  expect(at(70_000)).toMatchObject({ verdict: 'differs', differences: ['not-asked', 'no-event'] });
  file(request(30_000), event(3, 30_010, 30_000));
  expect(at(30_100).verdict).toBe('agrees');
});

test('a refusal has to be noticed by a poll that came within it, and by no other', async () => {
  const within = await run('keep-alive', 'refuse', { seconds: 5 }, { pollIntervalMs: 4000 });
  within.file(event(9, 9500), request(12_000), answer(12_010), request(16_000), event(10, 16_010, 16_000));
  expect(within.at(16_100).verdict).toBe('open');
  expect(within.at(50_000)).toMatchObject({ verdict: 'differs', differences: ['no-connection-lost'] });
  within.file(trouble(16_200, 'connection-lost'));
  expect(within.at(16_300).verdict).toBe('agrees');
  const behind = await run('keep-alive', 'refuse', { seconds: 5 }, { pollIntervalMs: 10_000 });
  behind.file(event(9, 9500), request(16_000), event(10, 16_010, 16_000));
  expect(behind.at(16_100)).toMatchObject({ verdict: 'agrees', happened: { troubles: {} } });
  const patient = await run('http10', 'refuse', { seconds: 5 });
  patient.file(event(9, 9500), request(12_000), event(10, 15_010, 10_500), answer(15_010));
  expect(patient.at(16_100).verdict).toBe('agrees');
  const stream = await run('xhr-stream', 'refuse', { seconds: 5 });
  stream.file(event(9, 9500), request(16_000), event(10, 16_010, 16_000));
  expect(stream.at(60_000)).toMatchObject({ verdict: 'differs', differences: ['no-connection-lost'] });
});

test('a limit on silence does nothing to a feed that is never silent so long', async () => {
  const busy = await run('sse', 'idle-limit', { seconds: null });
  busy.file(event(9, 9500), event(10, 10_500));
  expect(busy.at(11_000)).toMatchObject({ name: 'never-quiet', verdict: 'agrees' });
  const quiet = await run('sse', 'idle-limit', { seconds: null }, { eventsPerSecond: 0.1 });
  expect(quiet.at(11_000)).toMatchObject({ name: 'quiet-source', verdict: 'open' });
});

test('what happened is told in words with units', async () => {
  const { made, file, at, begun } = await run('websocket', 'cut', { atEvent: 10 });
  file(event(9, 9500), trouble(10_005, 'connection-lost'), request(10_510), event(10, 10_520, 10_500));
  const format = formatter('en');
  const said = happenedInWords(at(11_000).happened, words, format);
  expect(said).toContain('next request after 510\u00a0ms; next event after 520\u00a0ms');
  expect(said).toContain('connection lost once; none lost, none twice');
  const names = { websocket: 'WebSocket' } as Record<TechniqueId, string>;
  expect(faultPlace(begun, made as Recording, words, format, names)).toBe('at 10.000\u00a0s · before event 10');
});
