import { expect, test } from 'vitest';
import { Clock } from '../../demo-server/measure/clock.ts';
import type { Measure } from '../../demo-server/measure/measures.ts';
import { newRecording } from '../../demo-server/measure/recording.ts';
import type { RunSettings, TechniqueId } from '../../demo-server/protocol.ts';
import { difference, lanesOfBoth, settingDifferences } from '../../site/lab/kept/run-differences.ts';

const recording = (techniques: TechniqueId[], uncertaintyMs = 0) => {
  const made = newRecording(techniques, new Clock(0.005, true));
  made.clock.uncertaintyMs = uncertaintyMs;
  return made;
};
/** Takes its values from a list: one for each call. */
const measure = (kind: Measure['kind'], ...values: (number | string | null)[]): Measure => ({
  key: 'x',
  kind,
  value: () => values.shift() ?? null,
});

test('settings that differ are named, lists compared by what is in them', () => {
  const a = { techniques: ['sse'], seed: 1, payloadBytes: 64, rttMs: 0 } as unknown as RunSettings;
  const b = { techniques: ['sse'], seed: 2, payloadBytes: 64, rttMs: 100 } as unknown as RunSettings;
  expect(settingDifferences(a, b)).toEqual(['seed', 'rttMs']);
  expect(settingDifferences(a, structuredClone(a))).toEqual([]);
});

test('a difference is B less A, with its share of A', () => {
  const [a, b] = [recording(['sse']), recording(['sse'])];
  expect(difference(measure('count', 20, 25), 'sse', a, b)).toEqual({
    a: 20,
    b: 25,
    by: 5,
    share: 0.25,
    unsure: false,
  });
  expect(difference(measure('count', 0, 5), 'sse', a, b).share).toBeNull();
  expect(difference(measure('count', null, 5), 'sse', a, b)).toMatchObject({ a: null, by: null });
  expect(difference(measure('count', 1, 2), 'websocket', a, b)).toMatchObject({ a: null, b: null });
});

test('a latency that differs by less than both clocks may be off is not sure', () => {
  const [a, b] = [recording(['sse'], 0.2), recording(['sse'], 0.3)];
  expect(difference(measure('ms', 1, 1.5), 'sse', a, b).unsure).toBe(true);
  expect(difference(measure('ms', 1, 1.6), 'sse', a, b).unsure).toBe(false);
  expect(difference(measure('count', 1, 1.1), 'sse', a, b).unsure).toBe(false);
});

test('the lanes of both come first, each once', () => {
  expect(lanesOfBoth(recording(['http10', 'sse']), recording(['websocket', 'sse']))).toEqual([
    'sse',
    'http10',
    'websocket',
  ]);
});
