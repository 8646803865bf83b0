/** The process of `npm run classroom:rehearse`: options, the server it starts, what it prints, how it ends. */
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loopbackWithoutProxy } from '../network/no-proxy.ts';
import { keptByNpm } from '../npm-options.ts';
import { LADDER, TECHNIQUES, type TechniqueId } from '../protocol.ts';
import { type Report, rehearse, type Spread } from './rehearsal.ts';
import type { Usage } from './serve.ts';

const HELP = `Rehearses a class: a server of its own, and simulated students that join, run, answer, drop and rejoin.

  npm run classroom:rehearse -- [options]

  --students <n>       how many, 1 to 200                      (default 60)
  --seconds <n>        how long the common run is, 2 to 120    (default 10)
  --techniques <list>  lanes of the run, with commas           (default the eight)
  --json               the report as JSON
  --help               this text

It ends with 1 where something was lost or counted twice. Times are measured on this machine, which carries the students
as well; a class of real devices leaves it more room.
`;

function fail(line: string): never {
  process.stderr.write(`rehearse: ${line}\n`);
  process.exit(2);
}
const OPTIONS = {
  students: { type: 'string', default: '60' },
  seconds: { type: 'string', default: '10' },
  techniques: { type: 'string', default: LADDER.join(',') },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

function readOptions() {
  const kept = keptByNpm('npm run classroom:rehearse', Object.keys(OPTIONS), process.env);
  if (kept !== undefined) fail(kept);
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    return fail(`${(error as Error).message.split('\n')[0]} See --help.`);
  }
}
function whole(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  return fail(`--${name} takes a whole number from ${min} to ${max}, got ${JSON.stringify(text)}.`);
}

loopbackWithoutProxy();
const values = readOptions();
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const students = whole('students', values.students, 1, 200);
const seconds = whole('seconds', values.seconds, 2, 120);
const techniques = values.techniques.split(',') as TechniqueId[];
const unknown = techniques.find((id) => !TECHNIQUES.includes(id));
if (unknown !== undefined) fail(`--techniques takes some of ${TECHNIQUES.join(', ')}, got ${JSON.stringify(unknown)}.`);

const folder = await mkdtemp(join(tmpdir(), 'pushlab-rehearsal-'));
const server = fork(new URL('./serve.ts', import.meta.url), [folder], {
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
});
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, async () => {
    server.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
    process.exit(130);
  });
}
const answer = <T>(): Promise<T> =>
  new Promise((resolve, reject) => {
    server.once('message', (message) => resolve(message as T));
    server.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });

try {
  const { port, token, code } = await answer<{ port: number; token: string; code: string }>();
  const report = await rehearse({
    server: `http://127.0.0.1:${port}`,
    token,
    code,
    students,
    seconds,
    techniques,
    usage() {
      const usage = answer<Usage>();
      server.send('usage');
      return usage;
    },
    tell: (phase) => void process.stderr.write(`… ${phase}\n`),
    signal: stop.signal,
  });
  process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : inWords(report));
  process.exitCode = report.wrong.length > 0 ? 1 : 0;
} catch (error) {
  process.stderr.write(`rehearse: ${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  server.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}
// Lanes may hold a connection for a moment longer; nothing is left to wait for.
process.exit();

function inWords(report: Report): string {
  const ms = (value: number) => `${value.toFixed(1).padStart(8)} ms`;
  const row = (name: string, { p50, p95, max, count }: Spread) =>
    `  ${name.padEnd(34)}${ms(p50)} ${ms(p95)} ${ms(max)}   of ${count}\n`;
  const line = (name: string, text: string) => `  ${name.padEnd(34)} ${text}\n`;
  const { counted, told, answers, events, usage, costs } = report;
  let requests = 0;
  let head = 0;
  for (const lane of Object.values(costs?.lanes ?? {})) {
    requests += lane.requests;
    head += lane.headBytes;
  }
  const perSecond = (value: number) => Math.round(value / (costs?.seconds || 1)).toLocaleString('en');
  return `
${report.students} students, ${report.techniques.length} techniques, ${report.seconds} s, Node ${process.versions.node}

  ${''.padEnd(34)}     p50         p95         max
${row('joining', report.joining)}${row('fan-out of a teacher’s order', report.fanOut)}
${line('start of the run, spread', `${report.startSpread.toFixed(1)} ms`)}${line('results counted', `${counted} of ${report.students} (told ${told} times)`)}${line('answers counted', `${answers} of ${report.students}`)}${line('came back to their seat', `${report.rejoined}`)}${line('events received', `${events.received} of ${events.expected}, ${events.lost} lost in between`)}${line('the class’s requests', `${perSecond(requests)} a second, ${perSecond(head)} header bytes a second`)}${line('server, CPU during the run', `${(report.cpuPerSecond / 10).toFixed(0)} % of one core`)}${line('server, memory at the most', `${(usage.rss / 1e6).toFixed(0)} MB`)}
${report.wrong.length === 0 ? '  Nothing was lost, nothing counted twice.\n' : report.wrong.map((one) => `  WRONG: ${one}\n`).join('')}`;
}
