/** How late the page's thread was is told by a timer: what it counts, and what it leaves out. */
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import en from '../../content/i18n/en.json' with { type: 'json' };
import { Clock } from '../../demo-server/measure/clock.ts';
import { newRecording } from '../../demo-server/measure/recording.ts';
import type { RunInfo, TechniqueId } from '../../demo-server/protocol.ts';
import { formatter } from '../../site/kit/format.ts';
import { fileTick, watchThread } from '../../site/lab/run/lateness.ts';
import { notesOf } from '../../site/lab/tables/notes.ts';

const names = { sse: 'Server-Sent Events' } as Record<TechniqueId, string>;
const notes = (recording: ReturnType<typeof running>) => notesOf(recording, en, formatter('en'), names);

/** A recording of a run that started at 1000 ms. */
function running() {
  const recording = newRecording(['sse'], new Clock(0.005, true));
  recording.zero = 1000;
  return recording;
}

afterEach(() => void vi.unstubAllGlobals());

test('the longest wait is kept, without the 20 ms that the timer waits anyway', () => {
  const recording = running();
  const { conditions } = recording;
  expect(conditions.eventLoopDelayMs).toBeNull();
  fileTick(recording, 2000, 2019);
  expect(conditions.eventLoopDelayMs).toBe(0);
  fileTick(recording, 2019, 2519);
  expect(conditions.eventLoopDelayMs).toBe(480);
  fileTick(recording, 2519, 2600);
  expect(conditions.eventLoopDelayMs).toBe(480);
});

test('only what could make an event late counts: nothing before the start, and nothing once the run is over', () => {
  const recording = running();
  fileTick(recording, 100, 999);
  fileTick({ ...recording, zero: Number.NaN }, 100, 5000);
  fileTick({ ...recording, over: 4000 }, 3000, 4500);
  expect(recording.conditions.eventLoopDelayMs).toBeNull();
  // A wait that began before the start and ended after it kept the first events waiting.
  fileTick(recording, 900, 1120);
  expect(recording.conditions.eventLoopDelayMs).toBe(200);
});

test('a hidden tab is not busy, however rarely its timers come; what kept the page waiting until then counts', () => {
  const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  let time = 0;
  let tick = () => {};
  vi.stubGlobal('document', page);
  vi.stubGlobal('setInterval', (call: () => void) => {
    tick = call;
    return 7;
  });
  const stopped = vi.fn();
  vi.stubGlobal('clearInterval', stopped);
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => time - performance.timeOrigin);
  onTestFinished(() => clock.mockRestore());
  const at = (now: number, seen?: 'visible' | 'hidden') => {
    time = now;
    if (seen) page.visibilityState = seen;
    if (seen) page.dispatchEvent(new Event('visibilitychange'));
    else tick();
  };
  const recording = running();
  const life = new AbortController();
  watchThread(recording, life.signal);
  at(2000);
  at(2020);
  at(2190, 'hidden');
  expect(recording.conditions.eventLoopDelayMs).toBe(150);
  // Once a second, and then once a minute.
  at(3190);
  at(63_190);
  at(80_000, 'visible');
  at(80_030);
  expect(recording.conditions.eventLoopDelayMs).toBe(150);
  at(80_350);
  expect(recording.conditions.eventLoopDelayMs).toBe(300);
  life.abort();
  expect(stopped).toHaveBeenCalledExactlyOnceWith(7);
});

test('a wait over the start counts, though the page hears of the start only after it', () => {
  let time = 0;
  let tick = () => {};
  vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }));
  vi.stubGlobal('setInterval', (call: () => void) => {
    tick = call;
  });
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => time - performance.timeOrigin);
  onTestFinished(() => clock.mockRestore());
  const recording = running();
  recording.zero = Number.NaN;
  watchThread(recording, new AbortController().signal);
  for (time of [500, 800, 820, 1400]) tick();
  recording.zero = 1000;
  expect(recording.conditions.eventLoopDelayMs).toBeNull();
  time = 1420;
  tick();
  expect(recording.conditions.eventLoopDelayMs).toBe(560);
});

test('it is said from a tenth of a second on, as for the server', () => {
  const recording = running();
  recording.conditions.eventLoopDelayMs = 99;
  expect(notes(recording)).toEqual([]);
  recording.conditions.eventLoopDelayMs = 732;
  expect(notes(recording)).toMatchObject([
    {
      tone: 'warn',
      on: 'latency',
      text: expect.stringContaining('page itself was busy: once everything in it had to wait for 732\u00a0ms'),
    },
  ]);
});

test('a lane that was cut off before its last answer says which events count as lost for that', () => {
  const recording = running();
  recording.info = {
    state: 'finished',
    startsAt: 1000,
    endsAt: 9000,
    lastSeq: 16,
    faults: [],
    settings: { rttMs: 0 },
  } as unknown as RunInfo;
  const lane = recording.lanes.get('sse');
  if (!lane) throw new Error('no lane');
  lane.tally.note(1);
  lane.tally.note(3);
  // One that ended by itself has lost what is missing.
  expect(notes(recording)).toEqual([]);
  lane.cutOff = true;
  expect(notes(recording)).toMatchObject([
    {
      text: expect.stringMatching(
        /^Server-Sent Events had not given its last response 5\.0\ss after the end.* 13 events had not come/,
      ),
    },
  ]);
  for (let seq = 4; seq <= 16; seq++) lane.tally.note(seq);
  // All that is missing was overtaken: no waiting would have brought it.
  expect(notes(recording)).toEqual([]);
});
