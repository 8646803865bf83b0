/** Whom a class run waits for: devices that still come, one after the other as a bad wifi lets them, but not for ever. */
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { type Classroom, openClassroom } from '../../demo-server/classroom/classroom.ts';
import { memoryLog } from '../../demo-server/classroom/log/log.ts';
import { now } from '../../demo-server/feed.ts';
import { createRuns, type Runs } from '../../demo-server/runs/runs.ts';
import { createLedger } from '../../demo-server/wire/ledger.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const SEATS = ['a', 'b', 'c', 'd', 'e', 'f'];

/** A class whose six seats are all here, with a run called and nobody ready. */
async function calledRun(
  wallClock: () => number = now,
): Promise<{ room: Classroom; runs: Runs; ready(seat: string): void }> {
  const ledger = createLedger({ clock: now });
  const runs = createRuns({ ledger, runsAtOnce: 10 });
  const log = memoryLog(wallClock);
  await log.append('c', { type: 'opened', name: 'Physics', code: '123456' });
  const room = await openClassroom(log, 'c', { runs, ledger });
  onTestFinished(() => {
    room.close();
    runs.close();
  });
  room.online = () => new Set(SEATS);
  room.readyFor = () => new Set(room.devices?.seats.keys());
  room.runsFor = () => new Map(room.devices?.seats);
  const settings = { techniques: ['sse'], durationSeconds: 10 };
  await room.act({ do: 'call-run', settings });
  const ready = (seat: string): void => room.ready(seat, room.devices?.id, runs.create(settings).id);
  return { room, runs, ready };
}
const stateOf = ({ state }: Classroom) => state.runs[0]?.state;

test('while one device after the other gets ready, the others are waited for; once none does, the run starts', async () => {
  const { room, ready } = await calledRun();
  for (const seat of ['a', 'b', 'c']) {
    await vi.advanceTimersByTimeAsync(10_000);
    ready(seat);
    expect(stateOf(room)).toBe('called');
  }
  await vi.advanceTimersByTimeAsync(11_900);
  expect(stateOf(room)).toBe('called');
  await vi.advanceTimersByTimeAsync(200);
  expect(stateOf(room)).toBe('running');
});

test('the first device to get ready, however late, does not start alone', async () => {
  const { room, ready } = await calledRun();
  await vi.advanceTimersByTimeAsync(20_500);
  ready('a');
  await vi.advanceTimersByTimeAsync(5000);
  expect(stateOf(room)).toBe('called');
  for (const seat of SEATS.slice(1)) ready(seat);
  expect(stateOf(room)).toBe('running');
});

test('who was here at the call and is between two pages is waited for', async () => {
  const { room, ready } = await calledRun();
  room.online = () => new Set(['a']);
  ready('a');
  await vi.advanceTimersByTimeAsync(5000);
  expect(stateOf(room)).toBe('called');
  for (const seat of SEATS.slice(1)) ready(seat);
  expect(stateOf(room)).toBe('running');
});

test('nobody is waited for longer than three quarters of a minute after the call', async () => {
  const { room, ready } = await calledRun();
  for (const seat of SEATS.slice(1)) {
    await vi.advanceTimersByTimeAsync(8500);
    ready(seat);
  }
  await vi.advanceTimersByTimeAsync(2400);
  expect(stateOf(room)).toBe('called');
  await vi.advanceTimersByTimeAsync(200);
  expect(stateOf(room)).toBe('running');
});

test.each([-3_600_000, 3_600_000])(
  'a clock on the wall that is set by %d ms shortens and lengthens no patience',
  async (step) => {
    const { room, ready } = await calledRun(() => now() + step);
    ready('a');
    await vi.advanceTimersByTimeAsync(11_000);
    expect(stateOf(room)).toBe('called');
    for (const seat of SEATS.slice(1, 5)) {
      ready(seat);
      await vi.advanceTimersByTimeAsync(8400);
    }
    expect(stateOf(room)).toBe('called');
    await vi.advanceTimersByTimeAsync(1000);
    expect(stateOf(room)).toBe('running');
  },
);
