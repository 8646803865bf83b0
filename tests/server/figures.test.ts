/** Who is counted where: clients that share an address, simulated subscribers, open connections, the process itself. */
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../demo-server/feed.ts';
import { changesBetween, type TechniqueId, withChanges } from '../../demo-server/protocol.ts';
import { openControl } from '../helpers/control.ts';
import { get, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer, type TestServer, tenEvents } from '../helpers/server.ts';

/** Asks once and resolves when the answer is whole. */
async function ask(server: TestServer, path: string): Promise<number | undefined> {
  const connection = rawConnection(server.port, get(path, { Connection: 'close' }));
  const answer = readAnswer(await connection.until((bytes) => readAnswer(bytes)?.complete === true));
  await connection.ended();
  return answer?.status;
}

async function endedRun(server: TestServer, id: TechniqueId): Promise<string> {
  const run = await server.run(tenEvents(id));
  await server.finished(run.id);
  return run.id;
}

describe('clients behind one address', () => {
  test('that name themselves are each sent news, and what they had before is redundant', async () => {
    const server = await startServer();
    const run = await endedRun(server, 'keep-alive');
    const path = `/push/keep-alive?run=${run}`;
    for (const client of ['anna', 'ben', 'anna']) await ask(server, `${path}&client=${client}`);
    const { eventsSent, bytes } = server.readLedger(run).lanes['keep-alive'] ?? {};
    expect(eventsSent).toBe(20);
    expect(bytes?.down.redundantPayload).toBe((bytes?.down.payload ?? 0) / 2);
  });

  test('that name themselves badly are told what a name is', async () => {
    const server = await startServer();
    for (const name of ['', 'a b', 'x'.repeat(65), 'ä']) {
      expect(await ask(server, `/push/polling?client=${encodeURIComponent(name)}`), name).toBe(400);
    }
  });

  test('that are simulated have accounts of their own, and leave the lane alone', async () => {
    const server = await startServer();
    const run = await endedRun(server, 'polling');
    await ask(server, `/push/polling?run=${run}&after=0&client=subscriber-1`);
    await ask(server, `/push/polling?run=${run}&after=5&client=subscriber-2`);
    expect(server.readLedger(run).lanes.polling).toMatchObject({ requests: 0, wireBytesDown: 0, connectionsOpened: 0 });
    const apart = server.subscribers(run).get('polling');
    expect(apart).toMatchObject({ requests: 2, eventsSent: 15, connectionsOpened: 2, unaccountedBytes: 0 });
  });

  test('that are simulated take no room from those that are not, and have a limit of their own', async () => {
    const server = await startServer({ limits: { streamsPerRun: 1, streamsPerAddress: 1, subscriberStreams: 1 } });
    const open = (client: string) => rawConnection(server.port, get(`/push/sse?client=${client}`));
    const head = (bytes: Buffer) => bytes.includes('\r\n\r\n');
    for (const client of ['subscriber-1', 'subscriber-2', 'anna']) {
      expect(readAnswer(await open(client).until(head))?.status, client).toBe(200);
    }
    const refused = readAnswer(await open('subscriber-3').until((bytes) => readAnswer(bytes)?.complete === true));
    expect(refused?.status).toBe(429);
    expect(JSON.parse(refused?.body.toString() ?? '').message).toContain(
      'The simulation has 2 requests in progress here and may have 2',
    );
    expect(readAnswer(await open('ben').until(head))?.status).toBe(429);
  });
});

test('each account tells the connections that are open in it, and the process all of them', async () => {
  const server = await startServer();
  const run = await server.run({ ...tenEvents('sse'), techniques: ['sse', 'keep-alive'], durationSeconds: 60 });
  const control = await openControl(server.port, run.id);
  const open = () => {
    const { lanes, process } = control.told('ledger').at(-1)?.ledger ?? {};
    return [lanes?.sse?.openConnections, lanes?.['keep-alive']?.openConnections, process?.openSockets];
  };
  const streams = [1, 2, 3].map(() => rawConnection(server.port, get(`/push/sse?run=${run.id}`)));
  // One connection goes from lane to lane with its requests.
  const kept = rawConnection(server.port, get(`/push/keep-alive?run=${run.id}`));
  await control.until(() => JSON.stringify(open()) === '[3,1,5]');
  kept.socket.write(get(`/push/sse?run=${run.id}`));
  await control.until(() => JSON.stringify(open()) === '[4,0,5]');
  for (const { destroy } of [...streams, kept]) destroy();
  await control.until(() => JSON.stringify(open()) === '[0,0,1]');
});

test('the process tells what the run cost it: nothing before the start, and no more after the end', async () => {
  const server = await startServer();
  const run = await server.run(tenEvents('sse'), false);
  expect((await server.ledger(run.id)).process).toMatchObject({ cpuMs: 0, eventLoopDelayMs: 0 });
  await fetch(`${server.url}/runs/${run.id}/start`, { method: 'POST', headers: { connection: 'close' } });
  await server.finished(run.id);
  const { process } = await server.ledger(run.id);
  expect(process?.cpuMs).toBeGreaterThan(0);
  expect(process?.heapBytes).toBeGreaterThan(1e6);
  expect(process?.rssBytes).toBeGreaterThan(process?.heapBytes ?? 0);
  const { openSockets, ...cost } = process ?? {};
  expect(openSockets).toBeGreaterThan(0);
  for (let n = 0; n < 20; n += 1) await ask(server, '/healthz');
  expect((await server.ledger(run.id)).process).toMatchObject(cost);
});

describe('what has changed in a ledger', () => {
  test('leads from the one to the other, whatever they are', () => {
    const random = seededRandom(7);
    const value = (depth: number): unknown => {
      const kind = Math.floor(random() * (depth > 0 ? 5 : 3));
      if (kind === 0) return Math.floor(random() * 3);
      if (kind === 1) return ['', 'a'][Math.floor(random() * 2)];
      if (kind === 2) return [Math.floor(random() * 2)];
      const names = ['a', 'b', 'c'].filter(() => random() < 0.7);
      return Object.fromEntries(names.map((name) => [name, value(depth - 1)]));
    };
    let same = 0;
    for (let n = 0; n < 3000; n += 1) {
      const [before, after] = [{ x: value(3) }, { x: value(3) }];
      const kept = structuredClone(before);
      const changes = changesBetween(before, after);
      expect(withChanges(before, changes ?? {})).toEqual(after);
      expect(before).toEqual(kept);
      expect(changes === undefined).toBe(JSON.stringify(sorted(before)) === JSON.stringify(sorted(after)));
      if (changes === undefined) same += 1;
    }
    expect(same).toBeGreaterThan(10);
  });

  test('comes on the control socket behind one whole ledger, and is a small part of it', async () => {
    const server = await startServer();
    const run = await server.run({ durationSeconds: 2, eventsPerSecond: 10 }, false);
    const control = await openControl(server.port, run.id);
    for (const id of ['sse', 'xhr-stream']) rawConnection(server.port, get(`/push/${id}?run=${run.id}`));
    control.send({ type: 'start' });
    await control.until(() => control.told('run').some(({ run: { state } }) => state === 'finished'));
    await control.until(() => control.told('changes').length >= 10);
    const [whole, ...more] = control.told('ledger');
    expect(more).toHaveLength(control.told('changes').length);
    const lengths = control.told('changes').map((message) => JSON.stringify(message).length);
    const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    expect(mean).toBeLessThan(JSON.stringify(whole).length / 4);
    const last = control.told('ledger').at(-1)?.ledger;
    expect(last?.lanes).toEqual(server.readLedger(run.id).lanes);
    expect(last?.state).toBe('finished');
  });

  /** The same value with its members in order. */
  function sorted(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, member]) => [name, sorted(member)]),
    );
  }
});
