/** Programs that others wrote get on with the server, without being told anything about it. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import type { EventList, TechniqueId } from '../../demo-server/protocol.ts';
import { onPath } from '../helpers/programs.ts';
import { startServer, type TestServer, tenEvents } from '../helpers/server.ts';

interface Running {
  /** Everything it has written to standard output so far. */
  output(): string;
  until(enough: (output: string) => boolean): Promise<void>;
  ended: Promise<{ code: number | null; output: string }>;
  stop(): void;
}

/** Starts a program; throws, never skips, when it is not there. It is killed when the test is over. */
function run(program: string, options: string[]): Running {
  const path = onPath([program]);
  if (!path) throw new Error(`no ${program} on PATH; node tests/setup.ts installs it`);
  // No configuration file of whoever runs the tests, no proxy of theirs.
  const env = { PATH: process.env.PATH, HOME: '/nonexistent', TERM: 'dumb', LC_ALL: 'C' };
  const child = spawn(path, options, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  const waiting = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    for (const check of [...waiting]) check();
  });
  return {
    output: () => output,
    until: (enough) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (enough(output)) resolve();
        };
        waiting.add(check);
        check();
        child.on('close', () => reject(new Error(`${program} ended after ${JSON.stringify(output.slice(-400))}`)));
      }),
    ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, output }))),
    stop: () => void child.kill(),
  };
}

const curl = (...options: string[]): Running => run('curl', ['--silent', '--no-buffer', ...options]);

/** A run of ten events that has ended, and one that nobody has started. */
async function runs(server: TestServer, technique: TechniqueId): Promise<{ over: string; ready: string }> {
  const over = await server.run(tenEvents(technique));
  const ready = await server.run(tenEvents(technique), false);
  await server.finished(over.id);
  return { over: over.id, ready: ready.id };
}

const seqs = (text: string): number[] => [...text.matchAll(/"seq":(\d+),/g)].map(([, seq]) => Number(seq));
const oneToTen = Array.from({ length: 10 }, (_, n) => n + 1);

test('curl --http1.0 is answered by http10 in kind, with the whole state', async () => {
  const server = await startServer();
  const { over, ready } = await runs(server, 'http10');
  const { code, output } = await curl('--http1.0', '--include', `${server.url}/push/http10?run=${ready}`).ended;
  expect(code).toBe(0);
  expect(output).toMatch(/^HTTP\/1\.0 200 OK\r\n/);
  expect(JSON.parse(output.split('\r\n\r\n')[1] ?? '')).toEqual({ events: [], next: 0 });

  const late = await curl('--http1.0', `${server.url}/push/http10?run=${over}`).ended;
  expect(late.code).toBe(0);
  expect((JSON.parse(late.output) as EventList).events.map(({ seq }) => seq)).toEqual(oneToTen);
});

test('curl without options, too, and opens a connection for each request of http10, but one for all of keep-alive', async () => {
  const server = await startServer();
  const connects = async (path: string) => {
    const urls = [1, 2, 3].flatMap(() => ['--output', '/dev/null', server.url + path]);
    const { code, output } = await curl('--write-out', '%{http_version} %{http_code} %{num_connects}\n', ...urls).ended;
    expect(code).toBe(0);
    return output.trim().split('\n');
  };
  expect(await connects('/push/http10')).toEqual(['1 200 1', '1 200 1', '1 200 1']);
  expect(await connects('/push/keep-alive')).toEqual(['1.1 200 1', '1.1 200 0', '1.1 200 0']);
});

test.each(['iframe-stream', 'xhr-stream', 'sse'] as const)(
  'curl -N reads %s event by event, to its end',
  async (id) => {
    const server = await startServer();
    for (const version of ['--http1.1', '--http1.0']) {
      const made = await server.run({ ...tenEvents(id), durationSeconds: 600 });
      const stream = curl(version, `${server.url}/push/${id}?run=${made.id}&after=0`);
      await stream.until((output) => seqs(output).length >= 3);
      await fetch(`${server.url}/runs/${made.id}`, { method: 'DELETE' });
      const { code, output } = await stream.ended;
      const { lastSeq } = await server.info(made.id);
      expect([code, seqs(output)], version).toEqual([0, Array.from({ length: lastSeq }, (_, n) => n + 1)]);
      expect((await server.ledger(made.id)).lanes[id]).toMatchObject({ eventsSent: lastSeq, unaccountedBytes: 0 });
    }
  },
);

test('curl -N on the open feed is told one event after the other', async () => {
  const server = await startServer();
  const stream = curl(`${server.url}/push/sse`);
  await stream.until((output) => seqs(output).length >= 2);
  const [first = 0, second] = seqs(stream.output());
  expect(second).toBe(first + 1);
  expect(stream.output()).toMatch(/^retry: \d+\n\nid: (\d+)\ndata: \{"seq":\1,/);
  stream.stop();
});

// Node knows since 22.21 that an offer may be passed over.
test.runIf('shouldUpgradeCallback' in createServer())('curl --http2 is answered in HTTP/1.1', async () => {
  const server = await startServer();
  const answered = await curl('--http2', '--write-out', ' %{http_version}', `${server.url}/healthz`).ended;
  expect(answered).toEqual({ code: 0, output: '{"status":"ok"} 1.1' });
});

test('curl makes a run from a terminal, and is told what was wrong', async () => {
  const server = await startServer();
  const post = async (...options: string[]) => {
    const { code, output } = await curl('--request', 'POST', ...options, `${server.url}/runs`).ended;
    expect(code).toBe(0);
    return JSON.parse(output);
  };
  expect(await post()).toMatchObject({ state: 'ready', settings: { eventsPerSecond: 2 } });
  expect(await post('--json', '{"eventsPerSecond":5}')).toMatchObject({ settings: { eventsPerSecond: 5 } });
  expect((await post('--data', '{"eventsPerSecond":5}')).message).toContain('Content-Type: application/json');
  expect((await post('--json', '{"eventsPerSecond":500}')).message).toContain(
    'eventsPerSecond: got 500, takes a number',
  );
});

test.each<[TechniqueId, string[], number]>([
  ['http10', [], 40],
  ['http10', ['-k'], 40],
  ['keep-alive', [], 40],
  ['keep-alive', ['-k'], 4],
])('ab asks %s %j forty times, four at once, and nothing fails', async (id, options, connectionsOpened) => {
  const server = await startServer();
  const made = await server.run({ techniques: [id] }, false);
  const url = `${server.url}/push/${id}?run=${made.id}`;
  const { code, output } = await run('ab', ['-q', ...options, '-n', '40', '-c', '4', url]).ended;
  expect(code, output).toBe(0);
  expect(output).toMatch(/^Complete requests:\s+40$/m);
  expect(output).toMatch(/^Failed requests:\s+0$/m);
  expect(output).not.toContain('Non-2xx');
  const lane = (await server.ledger(made.id)).lanes[id];
  expect(lane).toMatchObject({ requests: 40, responses: 40, connectionsOpened, unaccountedBytes: 0 });
});

test('lynx shows the answer of http10, and is answered in the HTTP/1.0 that it speaks', async () => {
  const server = await startServer();
  const { over } = await runs(server, 'http10');
  const { code, output } = await run('lynx', ['-mime_header', `${server.url}/push/http10?run=${over}`]).ended;
  expect(code).toBe(0);
  expect(output).toMatch(/^HTTP\/1\.0 410 Gone\r?\n/);
  expect(seqs(output)).toEqual(oneToTen);
  const open = await run('lynx', ['-source', `${server.url}/push/http10`]).ended;
  expect(open.code).toBe(0);
  expect((JSON.parse(open.output) as EventList).next).toBeTypeOf('number');
});
