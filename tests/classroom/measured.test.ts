/** What the class's own runs say to a prediction. */
import { expect, test } from 'vitest';
import type { KeptRun } from '../../demo-server/classroom/log/state.ts';
import { type Question, type SeatResult, sameQuestion } from '../../demo-server/classroom/protocol.ts';
import { keyBy } from '../../demo-server/classroom/run/key.ts';
import { CLASS_FIGURES, measuredOf } from '../../demo-server/classroom/run/measured.ts';
import { FIGURES } from '../../site/components/demo/last-runs.ts';

const settings = { techniques: ['sse'], durationSeconds: 20 };
const asks = (figure: string, numbers: number[] = []): Question => ({
  kind: 'number',
  text: '?',
  choices: [],
  unit: '',
  path: '/',
  predicts: { technique: 'sse', figure, settings, numbers },
});
const told = (requests: number): SeatResult => ({
  run: 'r',
  final: true,
  startedAt: null,
  conditions: { isolated: true, resolutionMs: 0.1, uncertaintyMs: 0.1, hidden: false },
  lanes: {},
  counts: { sse: { requests } as never },
});
const run = (id: string, requests: number[], more: Partial<KeptRun> = {}): KeptRun => ({
  id,
  state: 'over',
  settings: { techniques: ['polling', 'sse'], durationSeconds: 20, seed: 7 },
  calledAt: 1,
  startsAt: 2,
  endsAt: 3,
  results: new Map(requests.map((count, n) => [`seat ${n}`, told(count)])),
  ...more,
});

test('each figure that a lesson can ask for is one that a class can answer', () => {
  expect(Object.keys(CLASS_FIGURES).sort()).toEqual(Object.keys(FIGURES).sort());
});

test('the newest run of the same settings that is over answers, by the median of its devices', () => {
  const [old, fit, none] = [run('old', [9]), run('fit', [4, 1, 30, 2]), run('none', [])];
  const going = run('going', [5], { state: 'running' });
  const other = run('other', [6], { settings: { techniques: ['sse'], durationSeconds: 10 } });
  const runs = [old, fit, none, going, other];
  expect(measuredOf({ runs }, asks('requests'))).toEqual({
    run: 'fit',
    startsAt: 2,
    devices: 4,
    value: 2,
    low: 1,
    high: 30,
  });
  expect(measuredOf({ runs: [going, other] }, asks('requests'))).toBeNull();
  for (const name of ['latencyP50', 'telepathy', 'constructor']) expect(measuredOf({ runs }, asks(name))).toBeNull();
  expect(measuredOf({ runs }, { ...asks('requests'), predicts: undefined })).toBeNull();
});

test('the key follows the measure, and is that of the recorded run without one', () => {
  const key = { right: [0], value: 3, tolerance: 1, why: [] };
  const measured = { run: 'r', startsAt: 0, devices: 1, value: 41, low: 41, high: 41 };
  expect(keyBy(asks('requests', [1, 40, 400]), key, measured).right).toEqual([1]);
  expect(keyBy(asks('requests'), key, measured)).toMatchObject({ value: 41, tolerance: 10.25 });
  expect(keyBy(asks('requests'), key, null)).toEqual(key);
});

test('other lanes and another seed ask the same; anything else asks something else', () => {
  expect(sameQuestion({ techniques: ['sse'], seed: 1 }, { techniques: ['polling'], seed: 2 })).toBe(true);
  expect(sameQuestion({}, { rttMs: 100 })).toBe(false);
  expect(sameQuestion({}, { arrivals: 'poisson' })).toBe(false);
  expect(sameQuestion({}, { faults: [{ fault: 'cut', atEvent: 3 }] })).toBe(false);
  expect(sameQuestion({}, { rttMs: 'x' })).toBe(false);
});
