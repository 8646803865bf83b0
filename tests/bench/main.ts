/** `npm run bench`: pairs measured in turn, told as ratios. Noise never fails it; not being able to measure does. */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { stopChildren } from './child.ts';
import { parts, type Result } from './measure.ts';
import { stamp, table } from './report.ts';

const HELP = `Pushlab's bench: what the tap costs, and how the fan-out compares with bare loops.

  npm run bench -- [options] [part …]

  --json         the results as JSON
  --rounds <n>   pairs measured for each line, 1 to 15   (default 7)
  --help         this text

Parts: ${Object.keys(parts).join(', ')}; all of them without a name.
Everything runs on loopback and ends with the bench; all parts take about two minutes. A ratio is ours / reference, the
median over the pairs, with the quartiles beside it. Other work on the machine makes the quartiles wide: then run again.
`;

/** Past this nothing sensible is going on any more. */
const PATIENCE_MS = 5 * 60_000;

function fail(line: string): never {
  stopChildren();
  process.stderr.write(`bench: ${line}\n`);
  process.exit(1);
}

function options() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        rounds: { type: 'string', default: '7' },
        help: { type: 'boolean', default: false },
      },
    });
    return { ...values, names: positionals };
  } catch (error) {
    return fail(`${(error as Error).message.split('\n')[0]} See npm run bench -- --help.`);
  }
}

const { json, rounds: roundsText, help, names } = options();
if (help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const rounds = Number(roundsText);
if (!/^\d+$/.test(roundsText) || rounds < 1 || rounds > 15)
  fail(`--rounds takes a whole number from 1 to 15, got ${JSON.stringify(roundsText)}.`);
const unknown = names.find((name) => !Object.hasOwn(parts, name));
if (unknown) fail(`there is no part ${JSON.stringify(unknown)}; there are ${Object.keys(parts).join(', ')}.`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => fail(`stopped by ${signal}.`));
setTimeout(() => fail(`not done after ${PATIENCE_MS / 60_000} minutes.`), PATIENCE_MS).unref();
if (cpus().length < 2)
  process.stderr.write('bench: one core only: server and load share it, so the ratios lean to 1.\n');

const startedAt = Date.now();
const results: Result[] = [];
for (const [name, measure] of Object.entries(parts)) {
  if (names.length > 0 && !names.includes(name)) continue;
  process.stderr.write(`bench: ${name} … `);
  const partStartedAt = Date.now();
  const lines = await measure(rounds).catch((error: Error) => fail(`could not measure ${name}: ${error.message}.`));
  results.push(...lines);
  process.stderr.write(`${((Date.now() - partStartedAt) / 1000).toFixed(0)} s\n`);
}
const made = stamp({ rounds, seconds: Math.round((Date.now() - startedAt) / 1000) });
process.stdout.write(json ? `${JSON.stringify({ ...made, results }, null, 2)}\n` : table(made, results));
