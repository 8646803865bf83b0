/** Simulated subscribers: real clients in a process of their own, beside the lanes and never in them. */
import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { RunLedger } from '../../demo-server/protocol.ts';
import { type ControlClient, openControl } from '../helpers/control.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const TECHNIQUES = ['http10', 'polling', 'long-poll', 'sse', 'websocket'] as const;
const settings = {
  techniques: [...TECHNIQUES],
  eventsPerSecond: 10,
  durationSeconds: 1,
  pollIntervalMs: 200,
  subscribers: 6,
  seed: 7,
};

/** The processes of simulated subscribers that live. */
function processes(): ChildProcess[] {
  const { _getActiveHandles } = process as unknown as { _getActiveHandles(): unknown[] };
  return _getActiveHandles
    .call(process)
    .filter((handle) => handle instanceof ChildProcess)
    .filter(({ spawnargs, exitCode }) => exitCode === null && /subscribers-process/.test(spawnargs.join(' ')));
}
const gone = (child: ChildProcess): Promise<unknown> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', resolve));

/** The last that the control socket told of the run's subscribers. */
const told = (control: ControlClient) => control.told('ledger').at(-1)?.ledger.subscribers;

/** Asks for the ledger until it is as wanted. */
async function ledgerWhen(server: TestServer, run: string, wanted: (ledger: RunLedger) => boolean): Promise<RunLedger> {
  for (;;) {
    const ledger = await server.ledger(run);
    if (wanted(ledger)) return ledger;
  }
}
const all = ({ subscribers }: RunLedger, of: 'connected' | 'received') =>
  TECHNIQUES.every((id) => subscribers?.lanes[id]?.[of] === (of === 'connected' ? 6 : 60));

test('receive every event of every lane, in accounts of their own, and end with the run', async () => {
  const server = await startServer();
  const run = await server.run(settings, false);
  await ledgerWhen(server, run.id, (ledger) => all(ledger, 'connected'));
  const [child] = processes();
  expect(processes()).toHaveLength(1);
  const control = await openControl(server.port, run.id);
  control.send({ type: 'start' });
  await control.until(() => (told(control)?.process.cpuMs ?? 0) > 0 && control.told('run').length > 1);
  const ended = await ledgerWhen(server, run.id, (ledger) => all(ledger, 'received'));
  expect(ended.subscribers).toMatchObject({ wanted: 6, admitted: 6 });
  for (const id of TECHNIQUES) {
    const { lost, failed, latency, ledger } = ended.subscribers?.lanes[id] ?? {};
    expect({ id, lost, failed, count: latency?.count }).toEqual({ id, lost: 0, failed: 0, count: 60 });
    expect(latency?.p50).toBeGreaterThan(0);
    expect(latency?.p50).toBeLessThanOrEqual(latency?.p95 ?? 0);
    expect(latency?.p95).toBeLessThanOrEqual(latency?.max ?? 0);
    expect(ledger).toMatchObject({ eventsSent: 60, unaccountedBytes: 0 });
    // The reader's own lanes have nobody in them.
    expect(ended.lanes[id]).toMatchObject({ requests: 0, wireBytesUp: 0, wireBytesDown: 0, connectionsOpened: 0 });
  }
  expect(ended.subscribers?.lanes.sse?.ledger.connectionsOpened).toBe(6);
  if (child) await gone(child);
  expect(processes()).toEqual([]);
  const after = await server.ledger(run.id);
  expect(TECHNIQUES.map((id) => after.subscribers?.lanes[id]?.connected)).toEqual([0, 0, 0, 0, 0]);
  expect(TECHNIQUES.map((id) => after.subscribers?.lanes[id]?.ledger.openConnections)).toEqual([0, 0, 0, 0, 0]);
});

test('of a run that is stopped before its start go quietly', async () => {
  const server = await startServer();
  for (let n = 0; n < 3; n += 1) {
    const run = await server.run({ ...settings, durationSeconds: 60 }, false);
    await ledgerWhen(server, run.id, (ledger) => all(ledger, 'connected'));
    const [child] = processes();
    await fetch(`${server.url}/runs/${run.id}`, { method: 'DELETE', headers: { connection: 'close' } });
    if (child) await gone(child);
    expect(child?.exitCode).toBe(0);
  }
});

test('of several runs share one process, which the last of them ends', async () => {
  const server = await startServer();
  const first = await server.run({ ...settings, techniques: ['sse'], durationSeconds: 60 });
  const second = await server.run({ ...settings, techniques: ['sse'], durationSeconds: 60 });
  const joined = ({ subscribers }: RunLedger) => subscribers?.lanes.sse?.connected === 6;
  await ledgerWhen(server, first.id, joined);
  await ledgerWhen(server, second.id, joined);
  const [child, ...more] = processes();
  expect(more).toEqual([]);
  const stop = (id: string) =>
    fetch(`${server.url}/runs/${id}`, { method: 'DELETE', headers: { connection: 'close' } });
  await stop(first.id);
  await ledgerWhen(server, first.id, ({ subscribers }) => subscribers?.lanes.sse?.connected === 0);
  expect(joined(await server.ledger(second.id))).toBe(true);
  await stop(second.id);
  if (child) await gone(child);
});

test('are as many as the server simulates, and the run says by how many that is less', async () => {
  const server = await startServer({ limits: { subscriberStreams: 7 } });
  const two = { ...settings, techniques: ['sse', 'websocket'] as ['sse', 'websocket'] };
  const run = await server.run(two);
  const joined = ({ subscribers }: RunLedger) => subscribers?.lanes.sse?.connected === 3;
  const { subscribers } = await ledgerWhen(server, run.id, joined);
  expect(subscribers).toMatchObject({ wanted: 6, admitted: 3 });
  expect(subscribers?.limits[0]).toEqual({
    limit: 'subscribers',
    value: 12,
    bound: 7,
    message:
      'This server simulates at most 7 subscribers at once, all runs together; there was room for 7. So 3 of 6 joined each lane.',
  });
  const late = await server.run(two, false);
  expect((await server.ledger(late.id)).subscribers).toMatchObject({ admitted: 0, limits: [{ bound: 1 }] });
});

test('that die with their process are told of in words, and the run goes on', async () => {
  const server = await startServer();
  const run = await server.run({ ...settings, durationSeconds: 60 });
  await ledgerWhen(server, run.id, (ledger) => all(ledger, 'connected'));
  processes()[0]?.kill('SIGKILL');
  const met = ({ subscribers }: RunLedger) => subscribers?.limits.some(({ limit }) => limit === 'worker') === true;
  const { state, subscribers } = await ledgerWhen(server, run.id, met);
  expect(state).toBe('running');
  expect(subscribers?.lanes.sse?.connected).toBe(0);
});

test('go when the server does, and are not there where a run wants none', async () => {
  const server = await startServer();
  const none = await server.run({ ...settings, subscribers: 0 }, false);
  expect(processes()).toEqual([]);
  expect(await server.ledger(none.id)).not.toHaveProperty('subscribers');
  const run = await server.run({ ...settings, durationSeconds: 60 });
  await ledgerWhen(server, run.id, (ledger) => all(ledger, 'connected'));
  const [child] = processes();
  await server.stop();
  if (child) await gone(child);
  expect(child?.exitCode).toBe(0);
});

test('are as many as the system lets a process have sockets, and the run says so with the number', async () => {
  const main = join(import.meta.dirname, '../../demo-server/main.ts');
  const command = 'ulimit -n 200 && exec "$0" "$1" --no-site --port 0 --host 127.0.0.1';
  const child = spawn('sh', ['-c', command, process.execPath, main], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  const url = line.match(/http:\S+/)?.[0];
  const answer = await fetch(`${url}/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ techniques: ['sse', 'websocket'], subscribers: 200 }),
  });
  const { id } = (await answer.json()) as { id: string };
  const { subscribers } = (await (await fetch(`${url}/runs/${id}/ledger`)).json()) as RunLedger;
  expect(subscribers?.limits).toHaveLength(1);
  expect(subscribers?.limits[0]).toMatchObject({ limit: 'file-descriptors', bound: 200 });
  expect(subscribers?.limits[0]?.message).toMatch(
    /^The system lets this process have 200 files and sockets open .* So \d\d of 200 joined each lane\.$/,
  );
  expect(subscribers?.admitted).toBeGreaterThan(50);
  expect(subscribers?.admitted).toBeLessThan(70);
});
