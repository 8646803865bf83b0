/** What the command line may say, and what it means. Pure: prints nothing, ends nothing. */
import { parseArgs } from 'node:util';
import { type SettingTexts, settingsFromTexts, type WantedSettings } from '../measure/settings.ts';
import { keptByNpm } from '../npm-options.ts';
import {
  ARRIVALS,
  FAULTS,
  LADDER,
  NETWORKS,
  type NetworkId,
  type NumericSetting,
  RANGES,
  TECHNIQUES,
} from '../protocol.ts';

export interface Options {
  settings: WantedSettings;
  /** Origin of a server that is running; undefined = start one for this run. */
  server: string | undefined;
  /** Print the document instead of the table. */
  json: boolean;
  /** File that gets the document, too. */
  output: string | undefined;
  quiet: boolean;
}

/** What was typed makes no sense; the message says what was got, what is taken, and where to read on. */
export class UsageError extends Error {}

const SETTINGS = Object.keys(RANGES) as NumericSetting[];

/** What each number is, as the help tells it. */
const ABOUT: Record<NumericSetting, string> = {
  eventsPerSecond: 'mean rate of the feed',
  payloadBytes: 'bytes of data in each event',
  durationSeconds: 'length of the run, also --duration',
  pollIntervalMs: 'pause between the polls of http10, keep-alive, polling',
  longPollTimeoutMs: 'how long a long poll is held',
  rttMs: 'added round-trip time',
  jitterMs: 'each way takes longer by 0 to so much',
  kilobitsPerSecond: 'bandwidth of each lane and direction, 0 = no limit',
  cutEverySeconds: 'cut all connections so often, 0 = never',
  uplinkPerSecond: 'messages a second that each client sends',
  subscribers: 'simulated clients of each lane beside the one that is measured',
  seed: 'same seed, same events; drawn at random and shown if not given',
};

/** `eventsPerSecond` → `events-per-second`. */
const flagOf = (setting: string): string => setting.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const TEXT = { type: 'string' } as const;
const SWITCH = { type: 'boolean', default: false } as const;
const FLAGS = {
  ...Object.fromEntries(SETTINGS.map((setting) => [flagOf(setting), TEXT])),
  techniques: TEXT,
  arrivals: TEXT,
  network: TEXT,
  faults: TEXT,
  duration: TEXT,
  server: TEXT,
  output: { ...TEXT, short: 'o' },
  json: SWITCH,
  quiet: { ...SWITCH, short: 'q' },
  help: { ...SWITCH, short: 'h' },
} as const;

/** The text of `--help`, with every range and default as the server takes them. */
export function help(): string {
  const line = (flag: string, about: string): string => `  ${flag.padEnd(28)} ${about}`;
  const numbers = SETTINGS.map((setting) => {
    const { min, max, default: value } = RANGES[setting];
    const takes = setting === 'seed' ? '' : ` (${min}–${max}, default ${value})`;
    return line(`--${flagOf(setting)} <n>`, `${ABOUT[setting]}${takes}`);
  });
  return `Pushlab without a browser: runs techniques side by side, with a client of its own for each, and tells what each cost.

  npm run compare -- [options]
  node demo-server/compare/main.ts [options]   the same, without npm's own lines in the output

What is compared
${line('--techniques <id,id,…>', `of ${TECHNIQUES.slice(0, 5).join(', ')},`)}
${line('', `${TECHNIQUES.slice(5).join(', ')};`)}
${line('', `the first ${LADDER.length} if not given`)}
${line('--arrivals <how>', `${ARRIVALS.join(', ')} (default ${ARRIVALS[0]})`)}
${numbers.join('\n')}
${line('--network <name>', `${Object.keys(NETWORKS).join(', ')}:`)}
${line('', 'a preset of the four network settings; those given beside it win')}
${line('--faults <list>', 'fault@event[:seconds][:techniques], such as cut@20 or')}
${line('', 'stall@20:5:sse.websocket,cut@30; faults are')}
${line('', `${FAULTS.slice(0, 6).join(', ')},`)}
${line('', FAULTS.slice(6).join(', '))}

Where, and what comes of it
${line('--server <url>', 'a server that is running, such as http://localhost:4321;')}
${line('', 'without it one is started for this run, on a free port of loopback')}
${line('--json', 'print the run as the JSON document that the lab reads, not the table')}
${line('--output, -o <file>', 'write that document into a file as well')}
${line('--quiet, -q', 'no progress; errors are still told')}
${line('--help, -h', 'this text')}

Ends with 0; 1 where the run failed or a technique gave up; 2 where the command line makes no sense; 130 where it was
interrupted: Ctrl-C ends the run properly and prints what there is, a second one ends at once.
`;
}

/** Reads the arguments behind the command, and what npm kept of them: what to do, or `help`. Throws UsageError. */
export function readOptions(args: string[], env: NodeJS.ProcessEnv = {}): Options | 'help' {
  const kept = keptByNpm('npm run compare', Object.keys(FLAGS), env);
  if (kept !== undefined) throw usage(kept);
  const values = parse(args);
  if (values.help === true) return 'help';
  const text = (name: string): string | undefined => values[name] as string | undefined;
  const network = text('network');
  if (network !== undefined && !(network in NETWORKS))
    throw usage(`--network: got ${quoted(network)}, takes one of ${Object.keys(NETWORKS).join(', ')}`);
  const texts: SettingTexts = {};
  for (const [name, value] of Object.entries(network === undefined ? {} : NETWORKS[network as NetworkId]))
    texts[name as NumericSetting] = String(value);
  for (const setting of SETTINGS) {
    const given = text(flagOf(setting)) ?? (setting === 'durationSeconds' ? text('duration') : undefined);
    if (given !== undefined) texts[setting] = given;
  }
  if (values.arrivals !== undefined) texts.arrivals = text('arrivals') as string;
  if (values.faults !== undefined) texts.faults = text('faults') as string;
  if (values.techniques !== undefined) texts.techniques = (text('techniques') as string).split(',');
  const read = settingsFromTexts(texts);
  if ('faults' in read) {
    throw usage(
      read.faults.map(({ field, got, takes }) => `--${flagOf(field)}: got ${quoted(got)}, takes ${takes}`).join('\n'),
    );
  }
  return {
    settings: read.settings,
    server: originOf(text('server')),
    json: values.json === true,
    output: text('output'),
    quiet: values.quiet === true,
  };
}

const quoted = (value: unknown): string => (Array.isArray(value) ? value.join(',') : JSON.stringify(value));
const usage = (message: string): UsageError =>
  new UsageError(`${message}${/[.?]$/.test(message) ? '' : '.'} See npm run compare -- --help.`);

function parse(args: string[]): Record<string, unknown> {
  try {
    return parseArgs({ args, options: FLAGS }).values;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const [, flag = ''] = /'(--?[^'\s,=]+)/.exec(message) ?? [];
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
      const near = Object.keys(FLAGS).find((name) => distance(name, flag.replace(/^-+/, '')) <= 2);
      throw usage(`There is no option ${flag}${near === undefined ? '' : `; did you mean --${near}?`}`);
    }
    if (code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') throw usage(message.split('\n')[0] ?? message);
    if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL')
      throw usage(`Every option begins with --; got ${/'(.*?)'/.exec(message)?.[0] ?? message}`);
    throw error;
  }
}

function originOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '') return url.origin;
  throw usage(`--server: got ${quoted(text)}, takes the address of a server such as http://localhost:4321`);
}

/** How many letters have to change to get from one word to the other (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, n) => n);
  for (const [i, letter] of [...one].entries()) {
    const next = [i + 1];
    for (const [j, against] of [...other].entries())
      next.push(Math.min((row[j] ?? 0) + (letter === against ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    row = next;
  }
  return row.at(-1) ?? 0;
}
