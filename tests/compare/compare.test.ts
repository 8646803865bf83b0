/** The command line, executed as people do: what it prints, what it writes, how it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { report } from '../../demo-server/compare/table.ts';
import { type RunDocument, recordingOf } from '../../demo-server/measure/run-document.ts';
import { LADDER, RANGES, TECHNIQUES, type WireTranscript } from '../../demo-server/protocol.ts';
import { readDocument } from '../../site/lab/kept/run-reading.ts';
import { proxyConf, startNginx, withDefaults } from '../helpers/nginx.ts';
import { startServer } from '../helpers/server.ts';

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Starts it; it is killed when the test is over. `said` resolves once stderr has what it looks for. */
function start(...options: string[]): {
  child: ChildProcess;
  ended: Promise<Ended>;
  said(what: RegExp): Promise<string>;
} {
  const main = join(import.meta.dirname, '../../demo-server/compare/main.ts');
  const child = spawn(process.execPath, [main, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const told = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    told.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    told.stderr += text;
  });
  return {
    child,
    ended: once(child, 'close').then(([code]) => ({ code, ...told })),
    async said(what) {
      for (;;) {
        const [, found] = what.exec(told.stderr) ?? [];
        if (found !== undefined) return found;
        await once(child.stderr, 'data');
      }
    },
  };
}
const run = (...options: string[]): Promise<Ended> => start(...options).ended;

const quick = ['--events-per-second', '10', '--duration', '1', '--poll-interval-ms', '200', '--seed', '7'];
const documentIn = (text: string): RunDocument => {
  const read = readDocument(text);
  if ('faults' in read) throw new Error(JSON.stringify(read.faults));
  return read.document;
};

test('compares the ladder on a server of its own and prints an aligned table with units', async () => {
  const { code, stdout, stderr } = await run(...quick);
  expect({ code, stdout }).toMatchObject({ code: 0 });
  expect(stderr).toMatch(/^compare: run [0-9a-f]{12} of 1 s at http:\/\/127\.0\.0\.1:\d+\n$/);
  const lines = stdout.split('\n');
  expect(lines[0]).toMatch(/^Run [0-9a-f]{12} at \S+: 1 s, 10 events\/s of 64 B, steady, seed 7$/);
  const heads = lines.findIndex((line) => line.startsWith('technique'));
  expect(lines[heads]?.split(/ {2,}/)).toEqual(
    'technique,requests,connections,heads,wire,per event,p50,p95,max,age,received,lost'.split(','),
  );
  expect(lines[heads + 1]?.split(/ {2,}/).slice(1)).toEqual(['B', 'B', 'B', 'ms', 'ms', 'ms', 'ms']);
  const rows = lines.slice(heads + 2, heads + 2 + LADDER.length);
  expect(rows.map((row) => row.split(' ')[0])).toEqual([...LADDER]);
  for (const row of rows) {
    const [, requests, connections, heads, wire, ...rest] = row
      .split(/ {2,}/)
      .map((cell) => Number(cell.replaceAll(',', '')));
    expect(rest.slice(-2), row).toEqual([10, 0]);
    expect(requests).toBeGreaterThan(0);
    expect(connections).toBe(row.startsWith('http10') ? requests : 1);
    expect(wire).toBeGreaterThan(heads ?? 0);
    // Aligned: the last column ends where its head does.
    expect(row.length).toBe(rows[0]?.length);
  }
  expect(stdout).toMatch(/\d+ ms of CPU time, \d+ MB of memory/);
});

test('--json prints the document that the lab reads, and --output writes the same', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pushlab-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'run.json');
  const { code, stdout, stderr } = await run(
    ...quick,
    '--techniques',
    TECHNIQUES.join(','),
    '--json',
    '-o',
    file,
    '-q',
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(await readFile(file, 'utf8')).toBe(stdout);
  const document = documentIn(stdout);
  expect(document).toMatchObject({ schema: 'pushlab-run/1', made: { client: 'node' }, run: { state: 'finished' } });
  expect(document.lanes.map(({ technique }) => technique)).toEqual([...TECHNIQUES]);
  for (const { technique, events, failed, done } of document.lanes) {
    expect({ technique, seq: events.seq, failed, done }).toEqual({
      technique,
      seq: Array.from({ length: 10 }, (_, n) => n + 1),
      failed: null,
      done: true,
    });
  }
  // The table of what was read again is the table of the run.
  const again = report(recordingOf(document), document.made.server);
  for (const id of TECHNIQUES) expect(again).toMatch(new RegExp(`^${id} .* 10 +0$`, 'm'));
});

test('a lane whose last answer nobody waited for says which of its events count as lost for that', async () => {
  // Its second poll is due twenty seconds after the first, and the run is over after one.
  const slow = ['--techniques', 'polling,sse', '--poll-interval-ms', '20000', '-q'];
  const [{ stdout: told }, { stdout }] = await Promise.all([run(...quick, ...slow), run(...quick, ...slow, '--json')]);
  expect(told).toContain(
    'polling gave no last answer within 5 s of the end: 10 of its lost events may have been on their way.',
  );
  expect(told).not.toContain('sse gave');
  expect(documentIn(stdout).lanes.map(({ technique, cutOff }) => [technique, cutOff])).toEqual([
    ['polling', true],
    ['sse', false],
  ]);
});

test('the same seed gives the same events, and in the streams the same bytes; another seed does not', async () => {
  const server = await startServer();
  async function play(seed: string) {
    const streams = ['iframe-stream', 'xhr-stream', 'sse', 'websocket', 'fetch-stream'] as const;
    const techniques = ['--techniques', ['long-poll', ...streams].join(',')];
    const poisson = ['--arrivals', 'poisson', '--events-per-second', '10', '--duration', '2', '--seed', seed];
    const { stdout } = await run('--server', server.url, '--json', '-q', ...techniques, ...poisson);
    const { run: info, lanes, ledger } = documentIn(stdout);
    const wire = (await (await fetch(`${server.url}/runs/${info.id}/wire/sse`)).json()) as WireTranscript;
    const bytes = wire.exchanges.flatMap(({ segments }) =>
      segments.map((segment) => Buffer.from(segment.bytes, 'base64')),
    );
    return {
      data: [
        ...Buffer.concat(bytes)
          .toString()
          .matchAll(/"data":"(\w+)"/g),
      ].map(([, data]) => data),
      seqs: lanes.map(({ events }) => events.seq),
      payload: lanes.map(({ technique }) => ledger?.lanes[technique]?.bytes.down.payload),
      bytes: streams.map((id) => [id, ledger?.lanes[id]?.bytes.up, ledger?.lanes[id]?.bytes.down]),
    };
  }
  const first = await play('7');
  expect(first.data.length).toBeGreaterThan(8);
  expect(new Set(first.seqs.map((seqs) => seqs.join())).size).toBe(1);
  expect(await play('7')).toEqual(first);
  expect((await play('8')).data).not.toEqual(first.data);
});

test('sends messages to the server, too, and tells when they were read and answered', async () => {
  const { code, stdout } = await run(...quick, '--techniques', 'sse,websocket', '--uplink-per-second', '5', '-q');
  expect(code).toBe(0);
  expect(stdout).toMatch(/ messages +bodies +read p50 +answered p50$/m);
  for (const id of ['sse', 'websocket']) {
    const [read, answered] =
      new RegExp(`^${id} .* (\\d\\S*) +(\\d\\S*)$`, 'm').exec(stdout)?.slice(1).map(Number) ?? [];
    expect(answered).toBeGreaterThan(0);
    expect(read).toBeLessThanOrEqual(answered ?? 0);
  }
});

test('brings simulated subscribers along, in a table of their own', async () => {
  const { code, stdout } = await run(...quick, '--techniques', 'sse,polling', '--subscribers', '5', '-q');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^sse × 5 +5 +5 .* 50 +0$/m);
  expect(stdout).toMatch(/^polling × 5 .* 50 +0$/m);
  expect(stdout).toMatch(/^sse +1 +1 .* 10 +0$/m);
  expect(stdout).toMatch(/^Subscribers' process: \d+ ms, \d+ MB/m);
});

describe('behind nginx', () => {
  const PROXY = 'A proxy stands in between: bytes are counted between it and the server.';
  const throughNginx = async (defaults: 'older' | 'newer'): Promise<{ direct: string; url: string }> => {
    const server = await startServer();
    const nginx = await startNginx(await withDefaults(defaults, await proxyConf('upgrade')), server.port);
    onTestFinished(nginx.stop);
    return { direct: server.url, url: nginx.url };
  };

  // From 1.29.7 on nginx asks in HTTP/1.1 and adds nothing, so that the request shows no proxy: only the response does.
  test.each(['older', 'newer'] as const)(
    'by its %s defaults, it is seen and said, and every lane is live',
    async (defaults) => {
      const { direct, url } = await throughNginx(defaults);
      const lanes = ['--techniques', TECHNIQUES.join(',')];
      const [behind, beside] = [
        await run(...quick, ...lanes, '--server', url),
        await run(...quick, '--server', direct),
      ];
      expect({ code: behind.code, words: behind.stdout.includes(PROXY) }).toEqual({ code: 0, words: true });
      for (const id of TECHNIQUES) expect(behind.stdout).toMatch(new RegExp(`^${id} .* 10 +0$`, 'm'));
      expect({ code: beside.code, words: beside.stdout.includes(PROXY) }).toEqual({ code: 0, words: false });
    },
  );

  test('the document says so, too', async () => {
    const { url } = await throughNginx('newer');
    const { stdout } = await run(...quick, '--techniques', 'sse', '--server', url, '--json', '-q');
    expect(documentIn(stdout).measured.behindProxy).toBe(true);
  });
});

describe('an interrupt', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s ends the run properly, prints what there is, and is told in the exit code',
    async (signal, status) => {
      const server = await startServer();
      const techniques = ['--techniques', 'sse,long-poll', '--duration', '600', '--events-per-second', '20'];
      const { child, ended, said } = start('--server', server.url, ...techniques);
      const id = await said(/run ([0-9a-f]{12})/);
      while ((server.readLedger(id).lanes.sse?.eventsSent ?? 0) < 5) await server.info(id);
      child.kill(signal);
      const { code, stdout, stderr } = await ended;
      expect({ code, stderr }).toEqual({ code: status, stderr: expect.stringMatching(/^compare: run [^\n]+\n$/) });
      expect(await server.info(id)).toMatchObject({ state: 'finished' });
      expect(stdout).toMatch(/^Run \w+ at \S+: [\d.]+ s of 600, 20 events\/s/);
      const received = Number(/^sse .* (\d+) +0$/m.exec(stdout)?.[1]);
      expect(received).toBeGreaterThanOrEqual(5);
      expect(received).toBe((await server.info(id)).lastSeq);
    },
  );

  test('leaves no server behind, also where the command is killed', async () => {
    const { child, said } = start('--techniques', 'sse', '--duration', '600');
    const url = await said(/at (http:\S+)/);
    expect((await fetch(`${url}/healthz`, { headers: { connection: 'close' } })).status).toBe(200);
    child.kill('SIGKILL');
    for (;;) {
      const up = await fetch(`${url}/healthz`, { headers: { connection: 'close' } }).then(
        () => true,
        () => false,
      );
      if (!up) break;
    }
  });
});

describe('what goes wrong', () => {
  test('a server that goes away in the middle is told, with what there is, and 1', async () => {
    const server = await startServer();
    const techniques = ['--techniques', 'sse', '--duration', '600', '--events-per-second', '20'];
    const { ended, said } = start('--server', server.url, ...techniques);
    const id = await said(/run ([0-9a-f]{12})/);
    while ((server.readLedger(id).lanes.sse?.eventsSent ?? 0) < 5) await server.info(id);
    await server.stop();
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`compare: The server at ${server.url} went away in the middle of the run.\n`);
    expect(stdout).toMatch(/^sse /m);
  });

  test('a server that is not there, or is another, is told in words, and 1', async () => {
    const other = createServer((_request, response) => response.writeHead(404).end('<h1>no</h1>'));
    await new Promise<void>((listening) => void other.listen(0, '127.0.0.1', listening));
    onTestFinished(() => void other.close());
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    expect(await run('--server', url)).toEqual({
      code: 1,
      stdout: '',
      stderr: `compare: What answers at ${url} is no Pushlab server: got HTTP 404 with "<h1>no</h1>".\n`,
    });
    await new Promise((closed) => other.close(closed));
    const gone = await run('--server', url);
    expect(gone).toMatchObject({ code: 1, stdout: '' });
    expect(gone.stderr).toMatch(/^compare: No server answers at \S+ \(ECONNREFUSED\)\. Start one with npm start, or /);
  });

  test.each<[string[], string]>([
    [['--tecniques', 'sse'], 'There is no option --tecniques; did you mean --techniques? See '],
    [['--quick'], 'There is no option --quick'],
    [['sse'], "Every option begins with --; got 'sse'"],
    [
      ['--techniques', 'sse,carrier-pigeon'],
      '--techniques: got sse,carrier-pigeon, takes a list of one or more of http10, ',
    ],
    [['--events-per-second', 'many'], '--events-per-second: got "many", takes a number from 0.1 to 100. See '],
    [['--payload-bytes='], '--payload-bytes: got "", takes a whole number from 1 to 16384'],
    [['--duration', '0.5'], '--duration-seconds: got 0.5, takes a whole number from 1 to 900'],
    [['--arrivals', 'late'], '--arrivals: got "late", takes one of steady, poisson, burst'],
    [['--network', '6g'], '--network: got "6g", takes one of same-machine, office-lan, home, 4g, satellite'],
    [['--faults', 'flood@3'], 'takes one of cut, stall, '],
    [
      ['--server', 'localhost'],
      '--server: got "localhost", takes the address of a server such as http://localhost:4321',
    ],
    [['--seed'], "Option '--seed <value>' argument missing"],
  ])('%j is no sense: what came, what is taken, and 2', async (options, words) => {
    const { code, stdout, stderr } = await run(...options);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^compare: .* See npm run compare -- --help\.\n$/s);
    expect(stderr).toContain(words);
  });
});

test('a file that cannot be written is told before the run, and 2', async () => {
  const file = join(tmpdir(), `pushlab-${process.pid}-is-not-there`, 'run.json');
  const { code, stdout, stderr } = await run('--duration', '600', '--output', file);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(`compare: --output: cannot write ${JSON.stringify(file)}: ENOENT`);
  expect(stderr).toMatch(/^[^\n]+\.\n$/);
});

test('a folder is no file to write into, which is told before the run, and 2', async () => {
  const { code, stdout, stderr } = await run('--duration', '600', '--output', tmpdir());
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toBe(`compare: --output: got the folder ${JSON.stringify(tmpdir())}, takes a file in it.\n`);
});

test.each(['--help', '-h'])('%s names every option with its range, and does nothing', async (option) => {
  const { code, stdout, stderr } = await run(option, '--duration', '600');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const [setting, { min, max }] of Object.entries(RANGES)) {
    const flag = `--${setting.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} <n>`;
    expect(stdout).toContain(flag);
    if (setting !== 'seed') expect(stdout).toContain(`(${min}–${max}, default `);
  }
  for (const word of [...TECHNIQUES, '--server', '--json', '--output', '--quiet', '130'])
    expect(stdout).toContain(word);
  for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(120);
});
