import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { LaneLedger, RunSettings, TechniqueId } from '../../demo-server/protocol.ts';
import { openControl } from '../helpers/control.ts';
import { upgrade } from '../helpers/frames.ts';
import { get, type RawConnection, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const MIB = 1024 * 1024;

/** As many bytes a second as one run may carry, so that what the kernel takes for a reader is full soon. */
const flood: Partial<RunSettings> = { eventsPerSecond: 100, payloadBytes: 2621, durationSeconds: 900 };

function ask(server: TestServer, id: TechniqueId, run: string, after?: number): RawConnection {
  const path = `/push/${id}?run=${run}${after === undefined ? '' : `&after=${after}`}`;
  return rawConnection(server.port, id === 'websocket' ? upgrade(path) : get(path));
}

/** The seqs that have come in on a connection, always as new as what `until` is asked about. */
function seqsOf(connection: RawConnection): number[] {
  const seqs: number[] = [];
  let rest = '';
  connection.socket.prependListener('data', (bytes) => {
    rest += (bytes as Buffer).toString('latin1');
    for (const [, seq] of rest.matchAll(/"seq":(\d+),/g)) seqs.push(Number(seq));
    rest = rest.slice(Math.max(0, rest.lastIndexOf(',') + 1));
  });
  return seqs;
}

// Takes its time: the kernel takes some megabytes for a reader before anything has to wait here.
test('a reader that stops reading is cut when 1 MiB waits for it, the ledger says why, and nobody else notices', async () => {
  const server = await startServer();
  const lanes = ['sse', 'websocket'] as const;
  // In bursts, so that more is written to a reader after it was cut and before the server can know.
  const run = await server.run({ ...flood, arrivals: 'burst', techniques: [...lanes, 'xhr-stream'] }, false);
  const control = await openControl(server.port, run.id);
  const slow = lanes.map((id) => ask(server, id, run.id));
  for (const connection of slow) await connection.until((bytes) => bytes.includes('\r\n\r\n'));
  for (const { socket } of slow) socket.pause();
  const other = ask(server, 'xhr-stream', run.id);
  const seqs = seqsOf(other);
  await other.until((bytes) => bytes.includes('\r\n\r\n'));

  control.send({ type: 'start' });
  const lane = (id: TechniqueId, at = -1) => control.told('ledger').at(at)?.ledger.lanes[id] as LaneLedger;
  await control.until(() => lanes.every((id) => lane(id).cuts.length > 0));

  for (const id of lanes) {
    expect(lane(id).cuts).toEqual([{ reason: expect.stringContaining('too slow'), count: 1 }]);
    // What every event of the feed is for a reader that keeps up, less what this lane's socket has taken: it waits here.
    const waiting = control.told('ledger').map(({ ledger: { lanes: all } }) => ({
      bytes: (all['xhr-stream']?.bytes.down.payload ?? 0) - (all[id]?.bytes.down.payload ?? 0),
      cut: all[id]?.cuts.length === 1,
    }));
    const before = waiting.filter(({ cut }) => !cut).map(({ bytes }) => bytes);
    expect(Math.max(...before)).toBeLessThanOrEqual(MIB);
    expect(waiting.find(({ cut }) => cut)?.bytes).toBeGreaterThan(0.95 * MIB);
    expect(lane(id).unaccountedBytes).toBe(0);
  }

  // The other reader has every event in order, and is still being told.
  const sofar = seqs.length;
  await other.until(() => seqs.length > sofar);
  expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, n) => n + 1));
  expect(lane('xhr-stream').cuts).toEqual([]);
  // What the kernel had taken for the slow ones still reaches them, and then the connection is over.
  for (const connection of slow) {
    connection.socket.resume();
    expect((await connection.ended()).includes('"seq":1,')).toBe(true);
  }
});

test('a reader that comes late is sent all that the ring holds at once, and is not cut for it', async () => {
  const server = await startServer();
  const run = await server.run(flood);
  const watcher = ask(server, 'xhr-stream', run.id, 0);
  const all = seqsOf(watcher);
  await watcher.until(() => all.length > 420);
  for (const id of ['polling', 'long-poll', 'iframe-stream', 'xhr-stream', 'sse', 'websocket'] as const) {
    const newest = (await server.info(run.id)).lastSeq;
    const late = ask(server, id, run.id, 0);
    const seqs = seqsOf(late);
    await late.until(() => (seqs.at(-1) ?? 0) >= newest);
    expect(seqs.length, id).toBeGreaterThan(200);
    expect(seqs, id).toEqual(seqs.map((_, n) => (seqs[0] ?? 0) + n));
    late.destroy();
  }
  for (const [id, { cuts }] of Object.entries((await server.ledger(run.id)).lanes)) expect(cuts, id).toEqual([]);
});

test('a slow reader of a large file is waited for, and gets all of it', async () => {
  const file = randomBytes(16 * MIB);
  const siteDir = await mkdtemp(join(tmpdir(), 'pushlab-'));
  onTestFinished(() => rm(siteDir, { recursive: true }));
  await Promise.all([
    writeFile(join(siteDir, 'index.html'), '<!doctype html>'),
    writeFile(join(siteDir, '404.html'), '<!doctype html>'),
    writeFile(join(siteDir, 'csp.json'), '{"scriptHashes":[],"demoServer":""}'),
    writeFile(join(siteDir, 'large.bin'), file),
  ]);
  const server = await startServer({ siteDir });
  const reader = rawConnection(server.port, get('/large.bin'));
  await reader.until((bytes) => bytes.includes('\r\n\r\n'));
  reader.socket.pause();
  // Nothing moves any more: the kernel is full on both sides.
  const site = async () => (await server.ledger('open')).site;
  for (let still = 0, last = 0; still < 50; ) {
    const { wireBytesDown } = await site();
    still = wireBytesDown === last ? still + 1 : 0;
    last = wireBytesDown;
  }
  expect(await site()).toMatchObject({ cuts: [] });
  expect((await site()).wireBytesDown).toBeLessThan(file.length);
  reader.socket.resume();
  let length = reader.received().length;
  reader.socket.prependListener('data', (bytes) => {
    length += bytes.length;
  });
  await reader.until(() => length > file.length);
  expect(readAnswer(reader.received())?.body.equals(file)).toBe(true);
  expect((await site()).cuts).toEqual([]);
});
