/**
 * The network of a run on real sockets: never less time than its settings say, and every byte still counted as the sockets carry
 * it. The machine adds what it likes, so how much more it is no test can say here: tests/wire/passage.test.ts says it by a clock of its own.
 */
import { expect, test } from 'vitest';
import { type RunInfo, type RunSettings, TECHNIQUES, type TechniqueId } from '../../demo-server/protocol.ts';
import { capture } from '../helpers/capture.ts';
import { upgrade } from '../helpers/frames.ts';
import { get, type RawConnection, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer, type TestServer, tenEvents } from '../helpers/server.ts';
import { range, seqsIn } from '../helpers/streams.ts';

const complete = (bytes: Buffer): boolean => readAnswer(bytes)?.complete === true;
/** Everything a stream or an answer of ten events has, its end included. */
const over = (bytes: Buffer): boolean => seqsIn(bytes).at(-1) === 10 && (complete(bytes) || bytes.includes('finished'));

function ask({ port }: TestServer, { id }: RunInfo, technique: TechniqueId, after = 0): RawConnection {
  const path = `/push/${technique}?run=${id}&after=${after}`;
  return rawConnection(port, technique === 'websocket' ? upgrade(path) : get(path));
}

/** Ms of `count` requests with their answers, one after the other, on one connection or on a new one each. */
async function roundTrips(server: TestServer, run: RunInfo, technique: TechniqueId, count: number): Promise<number[]> {
  const times: number[] = [];
  let kept: RawConnection | undefined;
  for (let n = 0; n < count; n += 1) {
    const before = performance.now();
    const had = kept?.received().length ?? 0;
    const connection = kept ?? ask(server, run, technique);
    if (kept) kept.socket.write(get(`/push/${technique}?run=${run.id}`));
    await connection.until((bytes) => complete(bytes.subarray(had)));
    times.push(performance.now() - before);
    if (technique === 'keep-alive') kept = connection;
  }
  // The first one on a connection that is kept has paid for its handshake.
  return technique === 'keep-alive' ? times.slice(1) : times;
}

test.each([
  ['keep-alive', 1],
  ['http10', 2],
] as const)('100 ms of round trip are 100 ms for %s, times %i for its handshakes', async (technique, trips) => {
  const server = await startServer();
  const run = await server.run({ techniques: [technique], rttMs: 100, durationSeconds: 600 });
  const times = await roundTrips(server, run, technique, 9);
  for (const time of times) expect(time).toBeGreaterThan(100 * trips - 1);
});

test('only the lanes of the run are slow: nothing else on the server is', async () => {
  const server = await startServer();
  // 160 kB at a kilobit a second: far longer than this test has.
  const settings: Partial<RunSettings> = { techniques: ['sse'], payloadBytes: 8000, eventsPerSecond: 20 };
  const slow = await server.run({ ...settings, durationSeconds: 1, kilobitsPerSecond: 1 });
  await server.finished(slow.id);
  const connection = ask(server, slow, 'sse');
  await server.asked(slow.id, 'sse');
  await server.info(slow.id);
  await (await fetch(`${server.url}/push/polling`)).text();
  expect(complete(connection.received())).toBe(false);
});

test('jitter delays and does not reorder', async () => {
  const server = await startServer();
  const run = await server.run({
    techniques: ['sse', 'websocket'],
    eventsPerSecond: 100,
    durationSeconds: 1,
    jitterMs: 60,
    seed: 3,
  });
  for (const technique of ['sse', 'websocket'] as const) {
    const bytes = await ask(server, run, technique).until((sofar) => seqsIn(sofar).at(-1) === 100);
    expect(seqsIn(bytes)).toEqual(range(1, 100));
  }
});

test('bandwidth is what is set, in each direction, and a long answer trickles', async () => {
  const server = await startServer();
  const settings: Partial<RunSettings> = { techniques: ['sse', 'xhr-stream'], payloadBytes: 8000, eventsPerSecond: 20 };
  const run = await server.run({ ...settings, durationSeconds: 1, kilobitsPerSecond: 1600 });
  await server.finished(run.id);
  const asked = performance.now();
  const connection = ask(server, run, 'sse');
  const arrivals: { at: number; length: number }[] = [];
  connection.socket.on('data', ({ length }) => arrivals.push({ at: performance.now(), length }));
  const { length } = await connection.until(complete);
  // 1 600 kbit/s are 200 bytes a millisecond.
  expect(length).toBeGreaterThan(160_000);
  expect((arrivals.at(-1)?.at ?? 0) - asked).toBeGreaterThan(length / 200 - 5);
  expect(arrivals.length).toBeGreaterThan(1);

  // The other way, on the other lane: 10 messages of 8 kB are 400 ms.
  const body = JSON.stringify({ n: 1, sentAt: 1, data: 'x'.repeat(8000) });
  const post = `POST /push/xhr-stream?run=${run.id} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const up = rawConnection(server.port);
  const before = performance.now();
  up.socket.write(post.repeat(10));
  await up.until((bytes) => bytes.toString('latin1').split('HTTP/1.1 410').length === 11);
  expect(performance.now() - before).toBeGreaterThan((10 * post.length) / 200 - 5);
});

test('what a stall has held back passes at the bandwidth that is set, and not all at once', async () => {
  const server = await startServer();
  const settings: Partial<RunSettings> = { techniques: ['sse'], payloadBytes: 8000, eventsPerSecond: 20 };
  const faults: RunSettings['faults'] = [{ fault: 'stall', atEvent: 2, seconds: 0.9 }];
  const run = await server.run({ ...settings, durationSeconds: 1, kilobitsPerSecond: 1600, faults }, false);
  const connection = ask(server, run, 'sse');
  await connection.until((bytes) => bytes.length > 0);
  const started = performance.now();
  await fetch(`${server.url}/runs/${run.id}/start`, { method: 'POST' });
  const bytes = await connection.until(complete);
  expect(seqsIn(bytes)).toEqual(range(1, 20));
  // The second event is due 50 ms behind the first at the earliest, the stall lasts 900 ms, and what comes behind it at 200 bytes
  // a millisecond: without the line's own time all would be here after a second.
  expect(performance.now() - started).toBeGreaterThan(900 + (18 * 8000) / 200);
});

test('what a client that is gone does not take any more leaves the line to the next one', async () => {
  const server = await startServer();
  const settings: Partial<RunSettings> = { techniques: ['sse'], payloadBytes: 8000, eventsPerSecond: 20 };
  const run = await server.run({ ...settings, durationSeconds: 1, kilobitsPerSecond: 4 });
  await server.finished(run.id);
  // 160 kB at half a byte a millisecond are 320 s, longer than a test may take: if they were waited for, this would hang.
  const first = ask(server, run, 'sse');
  await first.until((bytes) => bytes.length > 0);
  const gone = server.disconnected();
  first.destroy();
  await gone;
  await ask(server, run, 'sse').until((bytes) => bytes.length > 0);
});

test('a cut every second befalls every connection of every lane, counted from the start, and not at the very end', async () => {
  const server = await startServer();
  const run = await server.run({
    techniques: ['sse', 'websocket'],
    eventsPerSecond: 20,
    durationSeconds: 3,
    cutEverySeconds: 1,
  });
  const received = await Promise.all(
    (['sse', 'websocket'] as const).map(async (technique) => {
      const seqs: number[] = [];
      let reset = 0;
      while (seqs.at(-1) !== 60) {
        const connection = ask(server, run, technique, seqs.at(-1) ?? 0);
        connection.socket.on('error', (error: NodeJS.ErrnoException) => (reset += error.code === 'ECONNRESET' ? 1 : 0));
        const cut = (): Buffer => connection.received();
        const bytes = await connection.until((sofar) => seqsIn(sofar).at(-1) === 60).catch(cut);
        connection.destroy();
        seqs.push(...seqsIn(bytes));
      }
      return { seqs, reset };
    }),
  );
  for (const { seqs, reset } of received) {
    expect(seqs).toEqual(range(1, 60));
    expect(reset).toBe(2);
  }
  for (const lane of Object.values(server.readLedger(run.id).lanes)) {
    expect(lane.cuts).toEqual([{ reason: 'network cut, every 1 s', count: 2 }]);
    expect(lane.unaccountedBytes).toBe(0);
  }
});

test('the same seed makes the same bytes, also over a bad network', async () => {
  const server = await startServer();
  const techniques: TechniqueId[] = ['iframe-stream', 'xhr-stream', 'fetch-stream', 'sse', 'websocket'];
  const network: Partial<RunSettings> = { rttMs: 40, jitterMs: 30, kilobitsPerSecond: 400 };
  const faults: RunSettings['faults'] = [
    { fault: 'stall', atEvent: 3, seconds: 0.2 },
    { fault: 'compressor', atEvent: 6 },
  ];
  async function play() {
    const run = await server.run({ ...tenEvents('sse'), techniques, ...network, faults }, false);
    const connections = techniques.map((technique) => ask(server, run, technique));
    while (Object.values((await server.ledger(run.id)).lanes).some(({ requests }) => requests !== 1));
    await fetch(`${server.url}/runs/${run.id}/start`, { method: 'POST' });
    const received = await Promise.all(connections.map((connection) => connection.until(over)));
    const { lanes } = server.readLedger(run.id);
    // Only the run's own id and the clock differ; both are as long as before.
    return { seqs: received.map(seqsIn), lanes: Object.entries(lanes).map(([id, { bytes }]) => [id, bytes]) };
  }
  const first = await play();
  for (const seqs of first.seqs) expect(seqs).toEqual(range(1, 10));
  expect(await play()).toEqual(first);
});

const networks: [string, Partial<RunSettings>][] = [
  ['a long way with jitter', { rttMs: 30, jitterMs: 20 }],
  ['a thin line', { kilobitsPerSecond: 300 }],
  ['a proxy that buffers', { faults: [{ fault: 'proxy-buffer', atEvent: 1 }] }],
  ['a compressor that holds', { faults: [{ fault: 'compressor', atEvent: 1 }] }],
  ['a stall', { faults: [{ fault: 'stall', atEvent: 4, seconds: 0.3 }] }],
  [
    'all of them',
    {
      rttMs: 20,
      jitterMs: 9,
      kilobitsPerSecond: 500,
      faults: [
        { fault: 'stall', atEvent: 2, seconds: 0.1 },
        { fault: 'proxy-buffer', atEvent: 5 },
      ],
    },
  ],
];

test.each(networks)('over %s every byte is counted once, as the client has it', async (_, network) => {
  const totals = new Map<number | undefined, { bytesUp: number; bytesDown: number; unaccountedBytes: number }>();
  const server = await startServer({ onConnectionEnd: (total) => totals.set(total.remotePort, total) });
  const run = await server.run({ ...tenEvents('sse'), techniques: [...TECHNIQUES], ...network });
  const lists = TECHNIQUES.slice(0, 4);
  const asked = await Promise.all(
    TECHNIQUES.map(async (technique) => {
      if (lists.includes(technique)) await server.finished(run.id);
      const connection = ask(server, run, technique);
      const connected = new Promise<number>((resolve) =>
        connection.socket.once('connect', () => resolve(connection.socket.localPort ?? 0)),
      );
      const bytes = await connection.until(over);
      const port = await connected;
      connection.destroy();
      return { technique, bytes, port };
    }),
  );
  await server.disconnected();
  const { lanes } = server.readLedger(run.id);
  for (const { technique, bytes, port } of asked) {
    expect(seqsIn(bytes), technique).toEqual(range(1, 10));
    expect(totals.get(port), technique).toMatchObject({ bytesDown: bytes.length, unaccountedBytes: 0 });
    expect(lanes[technique], technique).toMatchObject({
      requests: 1,
      responses: 1,
      eventsSent: 10,
      wireBytesDown: bytes.length,
      wireBytesUp: totals.get(port)?.bytesUp,
      unaccountedBytes: 0,
    });
  }
});

test('a client that leaves while its bytes are on their way: they were never sent, and nothing is counted for them', async () => {
  const server = await startServer();
  const run = await server.run({
    ...tenEvents('sse'),
    techniques: ['sse', 'websocket'],
    rttMs: 10,
    jitterMs: 10,
    kilobitsPerSecond: 2000,
  });
  await server.finished(run.id);
  for (const technique of ['sse', 'websocket'] as const) {
    const whole = ask(server, run, technique);
    const { length } = await whole.until(over);
    whole.destroy();
    for (let cut = 0; cut < length; cut += 97) {
      const first = ask(server, run, technique);
      await first.until((bytes) => bytes.length >= cut);
      first.destroy();
    }
  }
  await server.disconnected();
  for (const lane of Object.values(server.readLedger(run.id).lanes)) {
    expect(lane.unaccountedBytes).toBe(0);
    expect(lane.openConnections).toBe(0);
  }
});

test('tshark, which knows nothing of links, sees the same bytes on every connection, also on those that are cut', async () => {
  const totals = new Map<number | undefined, { up: number; down: number }>();
  const server = await startServer({
    onConnectionEnd: ({ remotePort, bytesUp, bytesDown }) => totals.set(remotePort, { up: bytesUp, down: bytesDown }),
  });
  const captured = await capture(server.port);
  totals.clear();
  const run = await server.run({
    ...tenEvents('sse'),
    techniques: [...TECHNIQUES],
    eventsPerSecond: 20,
    rttMs: 20,
    jitterMs: 20,
    kilobitsPerSecond: 800,
    faults: [
      { fault: 'stall', atEvent: 4, seconds: 0.1 },
      { fault: 'cut', atEvent: 8 },
      { fault: 'compressor', atEvent: 10 },
    ],
  });
  const connections = TECHNIQUES.flatMap((technique) => [ask(server, run, technique), ask(server, run, technique)]);
  await server.finished(run.id);
  // To their last byte: of what is on its way when a client leaves, one kernel may say that it was sent and the other not.
  await Promise.all(
    TECHNIQUES.map((technique) => {
      const connection = ask(server, run, technique);
      connections.push(connection);
      // The Close frame names its reason; all else has an end of its own.
      return connection.until((bytes) => (technique === 'websocket' ? bytes.includes('finished') : complete(bytes)));
    }),
  );
  for (const connection of connections) connection.destroy();
  await server.disconnected();
  const seen = await captured.stop();
  // Without those that only looked whether the capture runs.
  const carried = [...totals].filter(([, { up }]) => up > 0);
  expect(carried.length).toBeGreaterThan(25);
  for (const [port, total] of carried) expect(seen.get(port ?? 0), `port ${port}`).toMatchObject(total);
});
