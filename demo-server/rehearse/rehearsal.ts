/** A whole class in a minute: what was measured of it, and what was wrong. */

import type { ClassCosts } from '../classroom/protocol.ts';
import { now } from '../measure/lane.ts';
import { percentile } from '../measure/statistics.ts';
import type { TechniqueId } from '../protocol.ts';
import { connect, type Device } from './device.ts';
import type { Usage } from './serve.ts';
import { join, type Student } from './student.ts';

export interface RehearsalOptions {
  server: string;
  code: string;
  token: string;
  students: number;
  techniques: readonly TechniqueId[];
  seconds: number;
  usage(): Promise<Usage>;
  tell(phase: string): void;
  signal: AbortSignal;
}

export interface Spread {
  count: number;
  p50: number;
  p95: number;
  max: number;
}

export interface Report {
  students: number;
  techniques: readonly TechniqueId[];
  seconds: number;
  /** From the handshake to the first picture of the class, in ms. */
  joining: Spread;
  /** From the teacher's order to its arrival at each device, in ms. */
  fanOut: Spread;
  /** How far apart the devices saw the start of the run, by their own timers (ms). */
  startSpread: number;
  rejoined: number;
  answers: number;
  /** Results that devices have told (some of them twice), and results that the class has counted. */
  told: number;
  counted: number;
  events: { expected: number; received: number; lost: number };
  costs: ClassCosts | null;
  /** CPU of the server in ms of each second of the run (1000 = one core), and in all (ms). */
  cpuPerSecond: number;
  usage: Usage;
  /** What should not be, in words; empty for a good rehearsal. */
  wrong: string[];
}

/** Orders that the fan-out is measured by. */
const ORDERS = 40;

/** Rehearses. Rejects where the class cannot go on at all; everything less is in the report's `wrong`. */
export async function rehearse(options: RehearsalOptions): Promise<Report> {
  const { server, code, token, students: count, techniques, seconds, usage, tell, signal } = options;
  const wrong: string[] = [];
  const teacher = await connect(server, { type: 'hello', as: 'teacher', token });
  await teacher.until(() => teacher.console);

  tell(`${count} students join`);
  const joining: number[] = [];
  const students = await Promise.all(
    Array.from({ length: count }, async (_, n) => {
      // As a class does: not in the same instant, but within a few seconds.
      await new Promise((resolve) => setTimeout(resolve, (n / count) * 2000));
      const before = now();
      const student = await join(server, code, `Student ${n + 1}`);
      joining.push(now() - before);
      return student;
    }),
  );
  await teacher.until(() => teacher.console?.class.online === count);

  tell(`the teacher leads them to ${ORDERS} pages`);
  const fanOut = await measureFanOut(teacher, students);

  tell('everybody answers a question');
  const answers = await askAll(teacher, students);
  if (answers !== count) wrong.push(`${answers} of ${count} answers were counted`);

  tell(`everybody runs ${techniques.length} techniques for ${seconds} s`);
  await teacher.act({ do: 'call-run', settings: { techniques: [...techniques], durationSeconds: seconds } });
  const running = Promise.all(students.map((student) => student.run(signal)));
  running.catch(() => {});
  const { startsAt } = await teacher.until(
    () => teacher.console?.class.run?.state === 'running' && teacher.console.class.run,
  );
  await new Promise((resolve) => setTimeout(resolve, (startsAt ?? now()) - now()));
  const before = await usage();
  const began = now();
  // In the middle of it a fifth of the class is without wifi for a moment.
  const dropped = students.filter((_, n) => n % 5 === 0);
  await Promise.all(dropped.map((student) => student.rejoin()));
  await new Promise((resolve) => setTimeout(resolve, began + seconds * 1000 - now()));
  const after = await usage();
  const results = await running;
  const run = teacher.console?.class.run?.id ?? '';
  const again = students.filter((_, n) => n % 3 === 0);
  for (const student of again) {
    const result = results[students.indexOf(student)];
    if (result) student.device.send({ type: 'result', classRun: run, result, final: true });
  }
  tell('the results are counted');
  const finals = () => teacher.console?.results.filter(({ final }) => final).length ?? 0;
  await Promise.race([
    teacher.until(() => teacher.console?.class.run?.state === 'over'),
    new Promise((resolve) => setTimeout(resolve, 20_000)),
  ]);
  const counted = finals();
  if (counted !== count) wrong.push(`${counted} of ${count} results were counted`);
  const lanes = results.flatMap((result) => Object.values(result.lanes));
  const expected = count * techniques.length * Math.max(0, ...lanes.map(({ received }) => received));
  const sum = (name: 'received' | 'lost') => lanes.reduce((total, lane) => total + lane[name], 0);
  const events = { expected, received: sum('received'), lost: sum('lost') };
  if (events.received !== expected) wrong.push(`${events.received} of ${expected} events arrived`);
  const starts = results.flatMap(({ startedAt }) => startedAt ?? []);
  if (starts.length !== count) wrong.push(`${starts.length} of ${count} devices saw the start`);
  const last = await usage();
  for (const student of students) student.device.drop();
  const costs = teacher.console?.costs ?? null;
  teacher.drop();
  return {
    students: count,
    techniques,
    seconds,
    joining: spread(joining),
    fanOut: spread(fanOut),
    startSpread: Math.max(...starts) - Math.min(...starts),
    rejoined: dropped.length,
    answers,
    told: results.length + again.length,
    counted,
    events,
    costs,
    cpuPerSecond: (after.cpuMs - before.cpuMs) / seconds,
    usage: last,
    wrong,
  };
}

/** The time from each order to its arrival at each device, in ms. */
async function measureFanOut(teacher: Device, students: readonly Student[]): Promise<number[]> {
  const times: number[] = [];
  for (let order = 0; order < ORDERS; order += 1) {
    const path = `/lessons/sse/?rehearsal=${order}`;
    const before = now();
    const arrivals = students.map(
      ({ device }) =>
        new Promise<number>((resolve) => {
          const stop = device.watch(({ together }, at) => {
            if (together?.path !== path) return;
            stop();
            resolve(at - before);
          });
        }),
    );
    await teacher.act({ do: 'go', path });
    times.push(...(await Promise.all(arrivals)));
    // A teacher does not click ten times a second, and the server bounds how often one may.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return times;
}

async function askAll(teacher: Device, students: readonly Student[]): Promise<number> {
  const question = {
    kind: 'one' as const,
    text: 'Is this a rehearsal?',
    choices: ['Yes', 'No'],
    unit: '',
    path: '/start/',
  };
  await teacher.act({ do: 'ask', question, key: { right: [0], value: null, tolerance: 0, why: [] } });
  await Promise.all(
    students.map(async ({ device }, n) => {
      const { id } = await device.until(() => device.class?.question);
      device.send({ type: 'answer', question: id, answer: [n % 2] });
      // Some change their mind, and count once all the same.
      if (n % 4 === 0) device.send({ type: 'answer', question: id, answer: [0] });
    }),
  );
  await Promise.race([
    teacher.until(() => teacher.console?.tally?.answered === students.length),
    new Promise((resolve) => setTimeout(resolve, 5000)),
  ]);
  const answered = teacher.console?.tally?.answered ?? 0;
  await teacher.act({ do: 'reveal' });
  await teacher.act({ do: 'close-question' });
  return answered;
}

/** Half of the values, nineteen of twenty, and all of them lie at or below these. */
function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    count: sorted.length,
    p50: percentile(sorted, 50),
    p95: percentile(sorted, 95),
    max: sorted.at(-1) ?? Number.NaN,
  };
}
