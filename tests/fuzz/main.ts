/** `npm run fuzz`: many conversations of garbage with a server that it starts, on loopback alone. */
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';

const HELP = `Pushlab under garbage: starts a server, has conversations with it that no client has, and looks whether it stands.

  npm run fuzz -- [options]

  --conversations <n>  how many, 1 to 1000000                     (default 5000)
  --seed <n>           what they are drawn from, 0 to 4294967295  (default: drawn, and printed)
  --only <n>           the one conversation of that number, again
  --help               this text

Ends with 0 where nothing was found, else with 1. Ctrl-C ends it with what was found so far.
`;

function fail(line: string): never {
  process.stderr.write(`fuzz: ${line}\n`);
  process.exit(2);
}

function options() {
  try {
    const text = { type: 'string' } as const;
    const options = { conversations: text, seed: text, only: text, help: { type: 'boolean', default: false } } as const;
    return parseArgs({ options }).values;
  } catch (error) {
    return fail(`${(error as Error).message.split('\n')[0]} See npm run fuzz -- --help.`);
  }
}

function whole(name: string, given: string | undefined, otherwise: number, [least, most]: [number, number]): number {
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (/^\d+$/.test(given) && value >= least && value <= most) return value;
  return fail(`--${name} takes a whole number from ${least} to ${most}, got ${JSON.stringify(given)}.`);
}

const given = options();
if (given.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const count = whole('conversations', given.conversations, 5000, [1, 1_000_000]);
const seed = whole('seed', given.seed, Math.floor(Math.random() * 2 ** 32), [0, 2 ** 32 - 1]);
const only = given.only === undefined ? undefined : whole('only', given.only, 0, [0, 1_000_000]);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  });

const startedAt = performance.now();
const seconds = (): string => ((performance.now() - startedAt) / 1000).toFixed(0);
const shown = process.stderr.isTTY;
process.stderr.write(`fuzz: seed ${seed}\n`);
const report = await fuzz({
  seed,
  from: only ?? 0,
  to: only === undefined ? count : only + 1,
  signal: stop.signal,
  progress: (done) =>
    shown && process.stderr.write(`\r\x1b[2K${done} of ${count} conversations, ${seconds()} s, Ctrl-C ends it`),
});
if (shown) process.stderr.write('\r\x1b[2K');
for (const { conversation, kind, what } of report.findings) {
  const again = conversation === undefined ? '' : ` (again: npm run fuzz -- --seed ${seed} --only ${conversation})`;
  process.stdout.write(`${kind}${again}\n  ${what.replaceAll('\n', '\n  ')}\n`);
}
process.stdout.write(
  `${report.conversations} conversations of seed ${seed} in ${seconds()} s: ${report.connections} connections of HTTP, ${report.bytesUp} bytes up, ${report.bytesDown} down, ${report.findings.length} findings\n`,
);
// Not left to end by itself: Node 26.10 can wait for ever, at full speed, for a write of a TLS socket whose TCP connection
// this program has reset (its stack then: Environment::CleanupHandles). The server's process has to end by itself, and is watched.
process.stdout.write('', () => process.exit(report.findings.length > 0 ? 1 : 0));
