import { describe, expect, onTestFinished, test } from 'vitest';
import { LADDER, type Refusal, type TechniqueId } from '../../demo-server/protocol.ts';
import { createRuns } from '../../demo-server/runs/runs.ts';
import { createLedger } from '../../demo-server/wire/ledger.ts';
import { openControl } from '../helpers/control.ts';
import { frames, upgrade } from '../helpers/frames.ts';
import { get, type RawConnection, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const streams = ['iframe-stream', 'xhr-stream', 'sse', 'websocket'] as const;
const forever = { durationSeconds: 900, eventsPerSecond: 0.1 };

/** Asks a technique for everything after the start of a run. */
function ask(server: TestServer, id: TechniqueId, run: string): RawConnection {
  const path = `/push/${id}?run=${run}&after=0`;
  return rawConnection(server.port, id === 'websocket' ? upgrade(path) : get(path));
}

const statusOf = async (connection: RawConnection): Promise<number | undefined> =>
  readAnswer(await connection.until((bytes) => bytes.includes('\r\n\r\n')))?.status;

/** The words of a request that was refused. */
async function refusalOf(connection: RawConnection): Promise<Refusal & { status: number | undefined }> {
  const answer = readAnswer(await connection.until((bytes) => readAnswer(bytes)?.complete === true));
  return { status: answer?.status, ...JSON.parse(answer?.body.toString() ?? '') };
}

/** Asks again and again until it is let in: the server frees a place as soon as it has seen its holder go. */
async function letIn(server: TestServer, id: TechniqueId, run: string): Promise<RawConnection> {
  for (;;) {
    const connection = ask(server, id, run);
    if ((await statusOf(connection)) !== 429) return connection;
    connection.destroy();
  }
}

describe('runs at once', () => {
  test('are limited with 503 in words, and one that ends makes room', async () => {
    const server = await startServer({ limits: { runsAtOnce: 2 } });
    const make = async () => {
      const answer = await fetch(`${server.url}/runs`, { method: 'POST' });
      return { status: answer.status, body: await answer.json() };
    };
    const first = await server.run(forever);
    await server.run(forever, false);
    const refused = await make();
    expect(refused).toMatchObject({ status: 503, body: { error: 'too-many-runs' } });
    expect(refused.body.message).toContain('carries 2 runs at once and 2 are going on');
    await fetch(`${server.url}/runs/${first.id}`, { method: 'DELETE' });
    expect((await make()).status).toBe(201);
    expect((await make()).status).toBe(503);
    // The one that has ended can still be read.
    expect((await server.info(first.id)).state).toBe('finished');
  });
});

describe('runs of one address', () => {
  test('are limited with 429 in words, and another address has room', async () => {
    const server = await startServer({ limits: { runsPerAddress: 2 }, trustProxy: ['127.0.0.1'] });
    const make = async (address: string) => {
      const headers = { 'content-type': 'application/json', 'x-forwarded-for': address };
      const answer = await fetch(`${server.url}/runs`, { method: 'POST', headers, body: JSON.stringify(forever) });
      return { status: answer.status, body: await answer.json() };
    };
    const first = await make('192.0.2.1');
    expect([first.status, (await make('192.0.2.1')).status]).toEqual([201, 201]);
    const refused = await make('192.0.2.1');
    expect(refused).toMatchObject({ status: 429, body: { error: 'too-many-runs' } });
    expect(refused.body.message).toContain(
      'Address 192.0.2.1 has 2 runs here that are ready or running, and may have 2',
    );
    // An address of the same IPv6 network is the same household; what is no address counts as one.
    const others = ['192.0.2.2', '2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8:1::1', 'x', 'y', 'z'];
    const statuses: number[] = [];
    for (const address of others) statuses.push((await make(address)).status);
    expect(statuses).toEqual([201, 201, 201, 429, 201, 201, 201, 429]);
    await fetch(`${server.url}/runs/${first.body.id}`, { method: 'DELETE' });
    expect((await make('192.0.2.1')).status).toBe(201);
  });

  test('that nobody connects to for a minute make room, where there is none left', () => {
    let at = 0;
    const ledger = createLedger({ clock: () => at });
    const runs = createRuns({ ledger, runsAtOnce: 3, runsPerAddress: 2, clock: () => at });
    onTestFinished(() => runs.close());
    const here = (address: string) => runs.create(forever, address).id;
    const listed = () =>
      runs
        .list()
        .map(({ id }) => id)
        .slice(1);
    const [watched, left] = [here('a'), here('a')];
    const leave = runs.enter(watched);
    expect(() => here('a')).toThrow('Address a has 2 runs');
    at = 59_999;
    expect(() => here('a')).toThrow('Address a has 2 runs');
    at = 60_000;
    const next = here('a');
    expect(listed()).toEqual([watched, next]);
    const other = here('b');
    expect(() => here('c')).toThrow('carries 3 runs at once');
    leave();
    // All who were there have gone a minute ago, but what runs goes on.
    runs.get(other).start();
    at = 120_000;
    const fourth = here('c');
    expect(listed()).toEqual([next, other, fourth]);
    expect(runs.find(left)).toBeUndefined();
  });
});

describe('requests in progress', () => {
  test.each(streams)('of one run are limited with 429 in words, and freed when one leaves (%s)', async (id) => {
    const server = await startServer({ limits: { streamsPerRun: 2 } });
    const [run, other] = [await server.run(forever), await server.run(forever)];
    const held = [ask(server, id, run.id), ask(server, id, run.id)];
    for (const connection of held) expect(await statusOf(connection)).toBe(id === 'websocket' ? 101 : 200);

    const refused = await refusalOf(ask(server, id, run.id));
    expect(refused).toMatchObject({ status: 429, error: 'too-many-streams' });
    expect(refused.message).toContain(`Run ${run.id} has 2 requests in progress here and may have 2.`);
    expect(await statusOf(ask(server, id, other.id))).not.toBe(429);

    held[0]?.destroy();
    await letIn(server, id, run.id);
    expect((await refusalOf(ask(server, id, run.id))).status).toBe(429);
  });

  test('of one run are freed when the run ends its streams', async () => {
    const server = await startServer({ limits: { streamsPerAddress: 4 } });
    const run = await server.run(forever);
    const held = streams.map((id) => ask(server, id, run.id));
    for (const connection of held) await statusOf(connection);
    const next = await server.run(forever);
    expect((await refusalOf(ask(server, 'sse', next.id))).status).toBe(429);
    await fetch(`${server.url}/runs/${run.id}`, { method: 'DELETE' });
    // A WebSocket is over when its client has closed, too.
    held[3]?.destroy();
    for (const id of streams) await letIn(server, id, next.id);
    expect((await refusalOf(ask(server, 'sse', next.id))).status).toBe(429);
  });

  test('are given back by every answer that ends, whatever it was', async () => {
    const server = await startServer({ limits: { streamsPerRun: 1, streamsPerAddress: 1 } });
    const run = await server.run({ ...forever, longPollTimeoutMs: 100 });
    for (const id of ['http10', 'keep-alive', 'polling', 'long-poll'] as const) {
      for (let n = 0; n < 3; n += 1) {
        const connection = await letIn(server, id, run.id);
        const answer = readAnswer(await connection.until((bytes) => readAnswer(bytes)?.complete === true));
        expect(answer?.status, id).toBe(200);
        connection.destroy();
      }
    }
  });

  test('of one address are limited with 429 in words, and a refusal keeps no place of the run', async () => {
    const server = await startServer({ limits: { streamsPerAddress: 2, streamsPerRun: 2 } });
    const [run, other] = [await server.run(forever), await server.run(forever)];
    const held = [ask(server, 'sse', run.id), ask(server, 'xhr-stream', run.id)];
    for (const connection of held) await statusOf(connection);
    for (let n = 0; n < 5; n += 1) {
      const refused = await refusalOf(ask(server, 'sse', other.id));
      expect(refused).toMatchObject({ status: 429, error: 'too-many-streams' });
      expect(refused.message).toContain('Address 127.0.0.1 has 2 requests in progress here and may have 2.');
    }
    for (const connection of held) connection.destroy();
    await Promise.all([letIn(server, 'sse', other.id), letIn(server, 'sse', other.id)]);
  });

  test('on one connection behind each other (pipelining) wait for their turn', async () => {
    const server = await startServer({ limits: { streamsPerRun: 1 } });
    const run = await server.run(forever);
    const request = (id: TechniqueId) => get(`/push/${id}?run=${run.id}&after=0`);
    const connection = rawConnection(server.port, request('sse') + request('xhr-stream') + request('sse'));
    await statusOf(connection);
    // Its turn has not come, so it holds no place, and the lane has the first answer only.
    expect((await refusalOf(ask(server, 'sse', run.id))).message).toContain('has 1 requests in progress');
    await fetch(`${server.url}/runs/${run.id}`, { method: 'DELETE' });
    const answered = (bytes: Buffer) => [...bytes.toString('latin1').matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, n]) => n);
    const bytes = await connection.until((sofar) => answered(sofar).length === 3);
    expect(answered(bytes)).toEqual(['200', '410', '204']);
  });

  test('that never get their turn leave nothing behind when their client goes', async () => {
    const server = await startServer({ limits: { streamsPerRun: 2 } });
    const run = await server.run({ ...forever, eventsPerSecond: 100 });
    const request = get(`/push/sse?run=${run.id}&after=0`);
    for (let n = 0; n < 3; n += 1) {
      const connection = rawConnection(server.port, request + request + request);
      await connection.until((bytes) => bytes.includes('"seq":'));
      connection.destroy();
    }
    await Promise.all([letIn(server, 'sse', run.id), letIn(server, 'xhr-stream', run.id)]);
    expect((await refusalOf(ask(server, 'sse', run.id))).status).toBe(429);
  });
});

describe('control sockets of one address', () => {
  test('are limited with 429 in words, and freed when one closes', async () => {
    const server = await startServer({ limits: { controlsPerAddress: 2 } });
    const first = await openControl(server.port);
    await openControl(server.port);
    const refused = await refusalOf(rawConnection(server.port, upgrade('/control')));
    expect(refused).toMatchObject({ status: 429, message: expect.stringContaining('127.0.0.1 has 2') });
    first.close();
    await first.closed;
    let status: number | undefined;
    do {
      const connection = rawConnection(server.port, upgrade('/control'));
      status = await statusOf(connection);
    } while (status === 429);
    expect(status).toBe(101);
  });

  test('are not used up by requests that are no WebSocket', async () => {
    const server = await startServer({ limits: { controlsPerAddress: 1 } });
    const connection = rawConnection(server.port, get('/control') + get('/control') + get('/control'));
    await connection.until((bytes) => bytes.toString('latin1').split('HTTP/1.1 426').length === 4);
    await openControl(server.port);
  });
});

test('the defaults let a class of 60 in behind one address: 480 requests in progress, the polls, and the control sockets', async () => {
  // Three lanes ask and are answered at once; three more streams stand for them at their busiest.
  const asked: TechniqueId[] = [...LADDER, 'sse', 'sse', 'sse'];
  const atOnce = ['http10', 'keep-alive', 'polling'];
  const server = await startServer();
  const pupils = await Promise.all(
    Array.from({ length: 60 }, async () => {
      const run = await server.run({ eventsPerSecond: 1, durationSeconds: 1, payloadBytes: 8 }, false);
      const control = await openControl(server.port, run.id);
      const lanes = asked.map((id) => ({ id, connection: ask(server, id, run.id) }));
      return { run, control, lanes };
    }),
  );
  // All are connected and nobody is refused: what is answered at once is, streams have begun, questions are held.
  for (const { run, lanes } of pupils) {
    for (const { id, connection } of lanes) {
      if (id !== 'long-poll') expect(await statusOf(connection), id).toBe(id === 'websocket' ? 101 : 200);
    }
    const lane = async () => (await server.ledger(run.id)).lanes['long-poll'];
    while ((await lane())?.requests !== 1);
    expect(await lane()).toMatchObject({ requests: 1, responses: 0 });
  }
  expect(pupils.flatMap(({ lanes }) => lanes.filter(({ id }) => !atOnce.includes(id)))).toHaveLength(480);

  for (const { control } of pupils) control.send({ type: 'start' });
  for (const { run, control, lanes } of pupils) {
    for (const { id, connection } of lanes) {
      if (atOnce.includes(id)) continue;
      const bytes = await connection.until((sofar) => {
        const answer = readAnswer(sofar);
        return id === 'websocket'
          ? frames(answer?.body ?? Buffer.alloc(0)).some(({ opcode }) => opcode === 8)
          : answer?.complete === true;
      });
      expect(bytes.toString('latin1').match(/"seq":\d+/g), id).toEqual(['"seq":1']);
    }
    await control.until(() => control.told('run').at(-1)?.run.state === 'finished');
    const ledger = await server.ledger(run.id);
    for (const id of LADDER) {
      const requests = asked.filter((one) => one === id).length;
      expect(ledger.lanes[id], id).toMatchObject({ requests, responses: requests, cuts: [] });
    }
  }
});
