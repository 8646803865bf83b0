/** The bench's results as a table that can be quoted: ratios, aims, and what they were measured on. */
import { createRequire } from 'node:module';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import type { Result } from './measure.ts';

/** What a figure has to have beside it. */
export interface Stamp {
  at: string;
  machine: string;
  versions: Record<string, string>;
  rounds: number;
  seconds: number;
  /** Of the last minute. What exceeds two or so was others' work, which widens the quartiles. */
  loadAverage: number;
}

/** Names this machine, these versions, and now. */
export function stamp({ rounds, seconds }: Pick<Stamp, 'rounds' | 'seconds'>): Stamp {
  const cores = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return {
    at: new Date().toISOString(),
    machine: `${cores.length} × ${cores[0]?.model.trim() ?? 'unknown processor'}, ${memory}, ${type()} ${release()}`,
    versions: {
      node: process.versions.node,
      fastify: versionOf('fastify'),
      '@fastify/websocket': versionOf('@fastify/websocket'),
      ws: versionOf('ws'),
    },
    rounds,
    seconds,
    loadAverage: Number(loadavg()[0]?.toFixed(1)),
  };
}

function versionOf(name: string): string {
  return createRequire(import.meta.url)(`${name}/package.json`).version;
}

/** The table for a terminal. */
export function table(made: Stamp, results: readonly Result[]): string {
  const rows = [
    ['what', 'ours', 'reference', 'unit', 'ratio', 'quartiles', 'aim', ''],
    ...results.map((result) => [
      result.what,
      figure(result.ours),
      figure(result.reference),
      result.unit,
      result.ratio.toFixed(2),
      `${result.low.toFixed(2)}–${result.high.toFixed(2)}`,
      aimInWords(result.aim),
      verdict(result),
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const right = [1, 2, 4];
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        right.includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  const versions = Object.entries(made.versions).map(([name, version]) => `${name} ${version}`);
  return `${lines.join('\n')}

reference: for requests and pings the same app without the tap, for the rest a bare node:http or ws loop.
${made.machine}
${versions.join(', ')}; ${made.at}; ${made.rounds} rounds in ${made.seconds} s, load average ${made.loadAverage}
`;
}

/** Three significant digits, thousands apart. */
function figure(value: number): string {
  return value.toLocaleString('en', value >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 });
}

function aimInWords(aim: Result['aim']): string {
  if (!aim) return '';
  return 'atLeast' in aim ? `≥ ${aim.atLeast}` : `≤ ${aim.atMost}`;
}

function verdict({ aim, ratio }: Result): string {
  if (!aim) return '';
  // As precise as it is shown.
  const shown = Number(ratio.toFixed(2));
  const met = 'atLeast' in aim ? shown >= aim.atLeast : shown <= aim.atMost;
  return met ? 'met' : 'missed';
}
