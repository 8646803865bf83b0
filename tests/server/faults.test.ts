/** Every fault on raw sockets: what a client of each kind of technique meets, that it is told, and that it ends. */
import { describe, expect, test } from 'vitest';
import {
  type BegunFault,
  FAULTS,
  type RunInfo,
  type RunSettings,
  type TechniqueId,
} from '../../demo-server/protocol.ts';
import { openControl } from '../helpers/control.ts';
import { frames, upgrade } from '../helpers/frames.ts';
import { get, type RawConnection, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer, type TestServer } from '../helpers/server.ts';
import { range, seqsIn } from '../helpers/streams.ts';

const complete = (bytes: Buffer): boolean => readAnswer(bytes)?.complete === true;
const streams = ['iframe-stream', 'xhr-stream', 'fetch-stream', 'sse', 'websocket'] as const;

/** A run that goes on for longer than any test; 20 events a second. */
function long(techniques: readonly TechniqueId[], more: Partial<RunSettings> = {}): Partial<RunSettings> {
  return { techniques: [...techniques], eventsPerSecond: 20, payloadBytes: 8, durationSeconds: 600, seed: 7, ...more };
}

function ask(
  { port }: TestServer,
  { id }: RunInfo,
  technique: TechniqueId,
  after: number | undefined = 0,
): RawConnection {
  const path = `/push/${technique}?run=${id}${after === undefined ? '' : `&after=${after}`}`;
  return rawConnection(port, technique === 'websocket' ? upgrade(path) : get(path));
}

/** Orders a fault, as a teacher's script would. */
async function order(server: TestServer, run: RunInfo, body: unknown): Promise<BegunFault> {
  const answer = await fetch(`${server.url}/runs/${run.id}/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify(body),
  });
  const told = await answer.json();
  expect(answer.status, JSON.stringify(told)).toBe(200);
  return told;
}

/** Resolves with the code that the connection broke with; 'ended' where it ended as it should. */
function broken({ socket }: RawConnection): Promise<string> {
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('end', () => resolve('ended'));
  });
}

describe('an order', () => {
  test('begins the fault, is told to everybody who watches, and stands in the run', async () => {
    const server = await startServer();
    const run = await server.run(long(['sse', 'polling', 'websocket']));
    const control = await openControl(server.port, run.id);
    const stalled = await order(server, run, { fault: 'stall', techniques: ['sse'], seconds: 0.2 });
    expect(stalled).toEqual({
      at: expect.any(Number),
      fault: 'stall',
      techniques: ['sse'],
      seconds: 0.2,
      atEvent: null,
    });
    control.send({ type: 'fault', fault: 'proxy-buffer' });
    await control.until(() => control.told('fault').length === 2);
    const lanes = ['polling', 'sse', 'websocket'];
    const [first, second] = control.told('fault');
    expect(first).toEqual({ type: 'fault', ...stalled });
    expect(second).toMatchObject({ fault: 'proxy-buffer', seconds: null, atEvent: null });
    expect([...(second?.techniques ?? [])].sort()).toEqual(lanes);
    const { faults } = await server.info(run.id);
    expect(faults.map(({ fault }) => fault)).toEqual(['stall', 'proxy-buffer']);
    expect(faults[0]).toEqual(stalled);
  });

  test.each([...FAULTS])('%s can be planned, and begins just before its event goes out', async (fault) => {
    const server = await startServer();
    const run = await server.run(long(['polling'], { faults: [{ fault, atEvent: 3 }] }), false);
    const control = await openControl(server.port, run.id);
    control.send({ type: 'start' });
    await control.until(() => control.told('fault').length === 1);
    expect(control.told('fault')[0]).toMatchObject({ fault, atEvent: 3, techniques: ['polling'] });
    expect((await server.info(run.id)).lastSeq).toBeGreaterThanOrEqual(3);
  });

  test.each([
    ['nonsense', { fault: 'earthquake' }, 400, 'bad-fault', 'one of cut, stall'],
    ['nothing', undefined, 400, 'bad-fault', '(body)'],
    ['a lane that the run has not', { fault: 'cut', techniques: ['http10'] }, 400, 'bad-fault', 'sse'],
    ['a time that it cannot last', { fault: 'cut', seconds: 1 }, 400, 'bad-fault', 'once'],
  ])('of %s is refused in words, by both ways', async (_, body, status, error, words) => {
    const server = await startServer();
    const run = await server.run(long(['sse']));
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) ?? '' };
    const answer = await fetch(`${server.url}/runs/${run.id}/faults`, init);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error, message: expect.stringContaining(words) });
    const control = await openControl(server.port, run.id);
    control.send({ type: 'fault', ...(body ?? { fault: null }) });
    await control.until(() => control.told('error').length === 1);
    expect(control.told('error')[0]).toMatchObject({ error });
    expect((await server.info(run.id)).faults).toEqual([]);
  });

  test('is refused for the open feed, for a run that has ended, and when there were too many', async () => {
    const server = await startServer();
    const run = await server.run(long(['sse']));
    const post = async (id: string) => {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"fault":"cut"}' };
      const answer = await fetch(`${server.url}/runs/${id}/faults`, init);
      return [answer.status, (await answer.json()).error];
    };
    expect(await post('open')).toEqual([403, 'open-feed']);
    for (let n = 0; n < 200; n += 1) expect((await post(run.id))[0]).toBe(200);
    expect(await post(run.id)).toEqual([429, 'too-many-faults']);
    await fetch(`${server.url}/runs/${run.id}`, { method: 'DELETE' });
    expect(await post(run.id)).toEqual([409, 'run-finished']);
  });
});

describe('cut', () => {
  test.each(streams)('at event 5 resets %s behind event 4, and it goes on from there', async (technique) => {
    const server = await startServer();
    const faults: RunSettings['faults'] = [{ fault: 'cut', techniques: [technique], atEvent: 5 }];
    const run = await server.run(long([technique, 'polling'], { faults }), false);
    const connection = ask(server, run, technique);
    const beside = ask(server, run, 'polling');
    await beside.until(complete);
    await connection.until((bytes) => readAnswer(bytes) !== undefined);
    const reset = broken(connection);
    await fetch(`${server.url}/runs/${run.id}/start`, { method: 'POST' });
    expect(await reset).toBe('ECONNRESET');
    expect(seqsIn(connection.received())).toEqual(range(1, 4));
    const next = await ask(server, run, technique, 4).until((bytes) => seqsIn(bytes).length >= 3);
    expect(seqsIn(next).slice(0, 3)).toEqual([5, 6, 7]);
    expect(server.readLedger(run.id).lanes[technique]?.cuts).toEqual([{ reason: 'fault: cut', count: 1 }]);
    // The lane beside it has the same connection as before.
    const had = beside.received().length;
    beside.socket.write(get(`/push/polling?run=${run.id}&after=0`));
    await beside.until((bytes) => complete(bytes.subarray(had)));
    expect(server.readLedger(run.id).lanes.polling).toMatchObject({ connectionsOpened: 1, cuts: [] });
  });

  test('resets a held long poll, and a connection that waits for the next request', async () => {
    const server = await startServer();
    const run = await server.run(long(['long-poll', 'keep-alive'], { eventsPerSecond: 0.1 }));
    const held = ask(server, run, 'long-poll');
    const idle = ask(server, run, 'keep-alive');
    await idle.until(complete);
    while (server.readLedger(run.id).lanes['long-poll']?.requests !== 1) await server.info(run.id);
    const resets = [broken(held), broken(idle)];
    await order(server, run, { fault: 'cut' });
    expect(await Promise.all(resets)).toEqual(['ECONNRESET', 'ECONNRESET']);
  });
});

test.each(streams)('a stall lets nothing pass on %s either way, and then all of it in order', async (technique) => {
  const server = await startServer();
  const run = await server.run(long([technique], { faults: [{ fault: 'stall', atEvent: 5, seconds: 0.6 }] }));
  const connection = ask(server, run, technique);
  let passed = Number.NaN;
  connection.socket.on('data', () => {
    if (Number.isNaN(passed) && (seqsIn(connection.received()).at(-1) ?? 0) > 5)
      passed = performance.timeOrigin + performance.now();
  });
  const bytes = await connection.until((sofar) => (seqsIn(sofar).at(-1) ?? 0) >= 25);
  expect(seqsIn(bytes)).toEqual(range(1, seqsIn(bytes).length));
  // By the stamp of the event that it began with, as this reader may have been late to read it.
  const [, began] = /"seq":5,"sentAt":([\d.]+)/.exec(bytes.toString('latin1')) ?? [];
  expect(passed - Number(began)).toBeGreaterThan(599);
  expect(server.readLedger(run.id).lanes[technique]?.cuts).toEqual([]);
});

test('a stall holds new requests, too, and a run that ends lets everything go', async () => {
  const server = await startServer();
  const run = await server.run(long(['polling', 'sse']));
  const stream = ask(server, run, 'sse');
  await stream.until((bytes) => seqsIn(bytes).length > 0);
  await order(server, run, { fault: 'stall', seconds: 600 });
  const held = ask(server, run, 'polling');
  while (server.readLedger(run.id).lanes.polling?.requests !== 1) await server.info(run.id);
  expect(held.received()).toHaveLength(0);
  await fetch(`${server.url}/runs/${run.id}`, { method: 'DELETE' });
  expect(readAnswer(await held.until(complete))?.status).toBe(410);
  await stream.until(complete);
});

describe('a wrong answer', () => {
  const answers = [
    ['status-500', 500, 'Internal Server Error\n'],
    ['status-204', 204, ''],
    ['wrong-type', 200, 'this is not what was asked for\n'],
  ] as const;
  test.each(
    answers.flatMap((row) =>
      (['http10', 'polling', 'long-poll', 'iframe-stream', 'sse', 'websocket'] as const).map(
        (id) => [id, ...row] as const,
      ),
    ),
  )(
    '%s: the next request after a cut gets %s, and the one behind it the right answer',
    async (technique, fault, status, body) => {
      const server = await startServer();
      const run = await server.run(long([technique]));
      const first = ask(server, run, technique);
      await first.until((bytes) => readAnswer(bytes) !== undefined);
      const cut = technique === 'http10' ? undefined : broken(first);
      await order(server, run, { fault });
      if (cut) expect(await cut).toBe('ECONNRESET');
      const wrong = readAnswer(await ask(server, run, technique).until(complete));
      expect(wrong).toMatchObject({ status });
      expect(wrong?.body.toString()).toBe(body);
      if (status !== 204) expect(wrong?.headers['content-type']).toBe('text/plain; charset=utf-8');
      const right = readAnswer(await ask(server, run, technique).until((bytes) => readAnswer(bytes) !== undefined));
      expect(right?.status).toBe(technique === 'websocket' ? 101 : 200);
      expect(server.readLedger(run.id).lanes[technique]).toMatchObject({
        requests: 3,
        responses: 3,
        unaccountedBytes: 0,
      });
    },
  );

  test('is for who asks, not for a message towards the server', async () => {
    const server = await startServer();
    const run = await server.run(long(['sse']));
    await order(server, run, { fault: 'status-500' });
    const message = await fetch(`${server.url}/push/sse?run=${run.id}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"n":1,"sentAt":1,"data":""}',
    });
    expect(message.status).toBe(200);
    expect(readAnswer(await ask(server, run, 'sse').until(complete))?.status).toBe(500);
  });
});

test('refuse resets what is open and whoever comes, for its time, and tells so in the ledger', async () => {
  const server = await startServer();
  const run = await server.run(long(['sse', 'polling']));
  const open = ask(server, run, 'sse');
  await open.until((bytes) => seqsIn(bytes).length > 0);
  const reset = broken(open);
  await order(server, run, { fault: 'refuse', techniques: ['sse'], seconds: 0.5 });
  expect(await reset).toBe('ECONNRESET');
  expect(await broken(ask(server, run, 'sse'))).toBe('ECONNRESET');
  expect(complete(await ask(server, run, 'polling').until(complete))).toBe(true);
  let refusals = 0;
  for (let served = false; !served; refusals += served ? 0 : 1) {
    served = await ask(server, run, 'sse')
      .until((bytes) => seqsIn(bytes).length > 0)
      .then(
        () => true,
        () => false,
      );
  }
  expect(server.readLedger(run.id).lanes.sse?.cuts).toEqual([
    { reason: 'fault: refuse', count: 1 },
    { reason: 'refused, as by a port that nobody listens on', count: refusals + 1 },
  ]);
});

describe('drop-history', () => {
  test.each(streams)('tells a reader of %s that was away, and goes on with what comes', async (technique) => {
    const server = await startServer();
    const run = await server.run(long([technique]));
    const first = ask(server, run, technique);
    await first.until((bytes) => seqsIn(bytes).length >= 2);
    const reset = broken(first);
    await order(server, run, { fault: 'drop-history' });
    await reset;
    const had = seqsIn(first.received()).at(-1) ?? 0;
    // Who has everything would not notice; wait until something has been missed.
    while ((await server.info(run.id)).lastSeq < had + 2);
    const bytes = await ask(server, run, technique, had).until((sofar) => seqsIn(sofar).length >= 2);
    expect(bytes.toString('latin1')).toContain('"reset":true');
    const [next = 0, after] = seqsIn(bytes);
    expect(next).toBeGreaterThan(had + 2);
    expect(after).toBe(next + 1);
  });

  test.each(['polling', 'long-poll'] as const)('answers %s with a reset and no old event', async (technique) => {
    const server = await startServer();
    const run = await server.run(long([technique]));
    while ((await server.info(run.id)).lastSeq < 4);
    await order(server, run, { fault: 'drop-history' });
    const list = JSON.parse(readAnswer(await ask(server, run, technique, 1).until(complete))?.body.toString() ?? '');
    expect(list).toMatchObject({ events: [], reset: true });
    expect(list.next).toBeGreaterThanOrEqual(4);
  });

  test('leaves keep-alive with a state that begins anew, and the other lanes with theirs', async () => {
    const server = await startServer();
    const run = await server.run(long(['keep-alive', 'polling']));
    while ((await server.info(run.id)).lastSeq < 4);
    await order(server, run, { fault: 'drop-history', techniques: ['keep-alive'] });
    const state = await ask(server, run, 'keep-alive', undefined).until(complete);
    expect(seqsIn(state)).toEqual([]);
    expect(seqsIn(await ask(server, run, 'polling').until(complete))[0]).toBe(1);
  });
});

describe.each([
  ['proxy-buffer', 4096],
  ['compressor', 1024],
] as const)('%s', (fault, bytes) => {
  test.each(['iframe-stream', 'xhr-stream', 'fetch-stream', 'sse'] as const)(
    'holds %s until there is enough',
    async (technique) => {
      const server = await startServer();
      const run = await server.run(long([technique], { eventsPerSecond: 100 }), false);
      await order(server, run, { fault });
      const connection = ask(server, run, technique);
      const first = new Promise<number>((resolve) => connection.socket.once('data', ({ length }) => resolve(length)));
      await fetch(`${server.url}/runs/${run.id}/start`, { method: 'POST' });
      expect(await first).toBeGreaterThanOrEqual(bytes);
      const { lastSeq } = await server.info(run.id);
      await fetch(`${server.url}/runs/${run.id}`, { method: 'DELETE' });
      const whole = await connection.until(complete);
      expect(seqsIn(whole).at(-1)).toBeGreaterThanOrEqual(lastSeq);
      expect(seqsIn(whole)).toEqual(range(1, seqsIn(whole).length));
    },
  );

  test('holds a stream that was there before, and lets go when it is taken off', async () => {
    const server = await startServer();
    const run = await server.run(long(['sse'], { eventsPerSecond: 5 }));
    const connection = ask(server, run, 'sse');
    await connection.until((sofar) => seqsIn(sofar).length > 0);
    await order(server, run, { fault, seconds: 1 });
    const before = connection.received().length;
    const next = new Promise<number>((resolve) => connection.socket.once('data', ({ length }) => resolve(length)));
    // One event is 80 bytes; in a second there are five.
    expect(await next).toBeGreaterThan(2 * 80);
    expect(before).toBeGreaterThan(0);
    const all = seqsIn(await connection.until((sofar) => seqsIn(sofar).length >= 8));
    expect(all).toEqual(range(1, all.length));
  });

  test.each(['http10', 'keep-alive', 'polling', 'long-poll'] as const)(
    'does nothing to the whole answers of %s',
    async (technique) => {
      const server = await startServer();
      const run = await server.run(long([technique]));
      await order(server, run, { fault });
      const answer = readAnswer(await ask(server, run, technique).until(complete));
      expect(answer?.status).toBe(200);
    },
  );

  test('lets a WebSocket pass: it knows messages, not answers', async () => {
    const server = await startServer();
    const run = await server.run(long(['websocket']));
    await order(server, run, { fault });
    const connection = ask(server, run, 'websocket');
    const bytes = await connection.until((sofar) => frames(readAnswer(sofar)?.body ?? Buffer.alloc(0)).length >= 1);
    expect(bytes.length).toBeLessThan(bytes.indexOf('\r\n\r\n') + 1000);
  });
});

test('an idle limit cuts who waits for an answer without a byte, and nobody who waits between two', async () => {
  const server = await startServer();
  const run = await server.run(long(['long-poll', 'sse', 'websocket', 'keep-alive'], { eventsPerSecond: 0.1 }));
  // The first event comes after 5 s, the next one 10 s later: between them the limit is reached, on a busy machine, too.
  await ask(server, run, 'long-poll').until(complete);
  await order(server, run, { fault: 'idle-limit' });
  const between = ask(server, run, 'keep-alive');
  await between.until(complete);
  const waiting = (['long-poll', 'sse', 'websocket'] as const).map((technique) => ask(server, run, technique, 1));
  const begun = performance.now();
  expect(await Promise.all(waiting.map(broken))).toEqual(['ECONNRESET', 'ECONNRESET', 'ECONNRESET']);
  expect(performance.now() - begun).toBeGreaterThan(4900);
  const { lanes } = server.readLedger(run.id);
  for (const technique of ['long-poll', 'sse', 'websocket'] as const) {
    expect(lanes[technique]?.cuts).toEqual([{ reason: 'no byte for 5 s: cut as by a proxy', count: 1 }]);
  }
  expect(lanes['keep-alive']?.cuts).toEqual([]);
  const had = between.received().length;
  between.socket.write(get(`/push/keep-alive?run=${run.id}`));
  await between.until((bytes) => complete(bytes.subarray(had)));
});
