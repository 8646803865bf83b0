/** The battery that the program's end of every technique passes against a real server: what the browsers' ends pass, too. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { receive } from '../../demo-server/clients/index.ts';
import { seededRandom } from '../../demo-server/feed.ts';
import type { Lane, Sample } from '../../demo-server/measure/lane.ts';
import { TECHNIQUES, type TechniqueId } from '../../demo-server/protocol.ts';
import { startCuttingProxy } from '../helpers/cutting-proxy.ts';
import { get, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer, type TestServer, tenEvents } from '../helpers/server.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);
const seqs = (samples: Sample[]): number[] => samples.flatMap((one) => (one.kind === 'event' ? [one.seq] : []));
const of = <K extends Sample['kind']>(samples: Sample[], kind: K) =>
  samples.filter((one): one is Extract<Sample, { kind: K }> => one.kind === kind);

const events = (count: number) => (samples: Sample[]) => of(samples, 'event').length >= count;

/** Runs one lane; it is stopped by `stop`, as soon as it has `enough`, and at the end of the test. */
function begin(
  server: string,
  id: TechniqueId,
  run: string,
  enough: (samples: Sample[]) => boolean = () => false,
  sending: Partial<Lane> = {},
) {
  const samples: Sample[] = [];
  const stopping = new AbortController();
  onTestFinished(() => stopping.abort());
  const ended = receive(id, {
    server,
    run,
    pollIntervalMs: 100,
    silenceMs: 600,
    ...sending,
    signal: stopping.signal,
    sample: (one) => {
      samples.push(one);
      if (enough(samples)) stopping.abort();
    },
  });
  ended.catch(() => {});
  return { samples, ended, stop: () => stopping.abort() };
}

/** Starts a run once the lane has reached the server, so that nothing came before it. */
async function start(server: TestServer, run: string, id: TechniqueId): Promise<void> {
  await server.asked(run, id);
  await fetch(`${server.url}/runs/${run}/start`, { method: 'POST', headers: { connection: 'close' } });
}

describe.each(TECHNIQUES)('%s', (id) => {
  test('receives every event once and in order, ends by itself when the run does, and leaves no connection', async () => {
    const server = await startServer({ heartbeatMs: 200 });
    const run = await server.run(tenEvents(id), false);
    const { samples, ended } = begin(server.url, id, run.id);
    await start(server, run.id, id);
    await ended;
    expect(seqs(samples)).toEqual(numbers(10));
    expect(of(samples, 'response')).toHaveLength(of(samples, 'request').length);
    expect(of(samples, 'response').filter(({ ok }) => !ok)).toEqual([]);
    expect(of(samples, 'trouble')).toEqual([]);
    for (const { at, sentAt } of of(samples, 'event')) expect(at).toBeGreaterThan(sentAt - 2);
    await server.disconnected();
    const lane = server.readLedger(run.id).lanes[id];
    const requests = of(samples, 'request').length;
    // One connection for all requests, but where the technique is that each has its own.
    const connectionsOpened = id === 'http10' ? requests : 1;
    expect(lane).toMatchObject({ requests, connectionsOpened, eventsSent: 10, unaccountedBytes: 0 });
  });

  test('goes on without loss or doubling when its connection is cut again and again', async () => {
    const server = await startServer({ heartbeatMs: 200 });
    const settings = { ...tenEvents(id), durationSeconds: 2, longPollTimeoutMs: 1000 };
    const run = await server.run(settings, false);
    const random = seededRandom(TECHNIQUES.indexOf(id) + 1);
    // Anywhere from inside the status line to some events into the body.
    const sizes = numbers(4).map(() => Math.floor(1 + random() * 900));
    const proxy = await startCuttingProxy(server.port, `/push/${id}`, sizes);
    onTestFinished(() => proxy.close());
    const { samples, ended } = begin(proxy.url, id, run.id);
    await start(server, run.id, id);
    await ended;
    expect(proxy.cuts()).toBeGreaterThan(0);
    expect(of(samples, 'trouble').length).toBeGreaterThan(0);
    expect(seqs(samples)).toEqual(numbers(20));
  });

  test('lets go of its connection when it is aborted, and says nothing more', async () => {
    const server = await startServer({ heartbeatMs: 200 });
    const run = await server.run({ ...tenEvents(id), durationSeconds: 60 });
    const { samples, ended } = begin(server.url, id, run.id, events(2));
    await ended;
    await server.disconnected();
    expect(of(samples, 'trouble')).toEqual([]);
    expect(seqs(samples).length).toBeGreaterThanOrEqual(2);
    const aborted = begin(server.url, id, run.id);
    aborted.stop();
    await aborted.ended;
  });

  test('sends messages towards the server beside what it receives, each once, and is told when it was read', async () => {
    const server = await startServer({ heartbeatMs: 200 });
    const run = await server.run(tenEvents(id), false);
    const sending = { uplinkPerSecond: 10, payloadBytes: 100, started: () => going };
    let going = false;
    const { samples, ended } = begin(server.url, id, run.id, () => false, sending);
    await start(server, run.id, id);
    going = true;
    await ended;
    const sent = of(samples, 'uplink');
    expect(sent.length).toBeGreaterThan(5);
    expect(sent.map(({ n }) => n)).toEqual(numbers(sent.length));
    for (const { sentAt, at, answeredAt } of sent) {
      expect(at).toBeGreaterThan(sentAt - 2);
      expect(answeredAt).toBeGreaterThan(at - 2);
    }
    expect(seqs(samples)).toEqual(numbers(10));
    const { uplinkMessages = 0, bytes, unaccountedBytes } = server.readLedger(run.id).lanes[id] ?? {};
    // The last one may be on its way when the run ends.
    expect(uplinkMessages - sent.length).toBeOneOf([0, 1]);
    expect(bytes?.up.body).toBeGreaterThan(100 * uplinkMessages);
    expect(unaccountedBytes).toBe(0);
    await server.disconnected();
  });

  test('rejects with the words of the server that refuses it', async () => {
    const server = await startServer();
    await expect(begin(server.url, id, 'no-such-run').ended).rejects.toMatchObject({
      status: 404,
      error: 'unknown-run',
      message: expect.stringContaining('There is no run "no-such-run" here'),
    });
  });

  test('asks again and again while the server is gone, after trouble that it tells', async () => {
    const server = await startServer();
    const run = await server.run({ ...tenEvents(id), durationSeconds: 60 });
    const trouble = (samples: Sample[]) => of(samples, 'trouble');
    const { samples, ended } = begin(server.url, id, run.id, (sofar) => trouble(sofar).length >= 2);
    await server.stop();
    await ended;
    expect(trouble(samples).map(({ reason }) => reason)).toEqual(['connection-lost', 'connection-lost']);
  });
});

test('sse says where it stopped in Last-Event-ID, and waits as long as retry says', async () => {
  const server = await startServer();
  const run = await server.run({ ...tenEvents('sse'), durationSeconds: 60 });
  const proxy = await startCuttingProxy(server.port, '/push/sse', [700]);
  onTestFinished(() => proxy.close());
  const { samples, ended } = begin(proxy.url, 'sse', run.id, events(20));
  await ended;
  const [, second] = of(samples, 'request');
  const [lost] = of(samples, 'trouble');
  // Node's timers may be early by less than a millisecond.
  expect((second?.at ?? 0) - (lost?.at ?? 0)).toBeGreaterThan(498);
  expect(seqs(samples)).toEqual(numbers(20));
  const wire = rawConnection(server.port, get(`/runs/${run.id}/wire/sse`));
  const answer = readAnswer(await wire.until((bytes) => readAnswer(bytes)?.complete === true));
  const { exchanges } = JSON.parse(answer?.body.toString() ?? '');
  const heads = exchanges.map(({ segments }: { segments: { bytes: string }[] }) =>
    Buffer.from(segments[0]?.bytes ?? '', 'base64').toString('latin1'),
  );
  expect(heads[0]).not.toContain('last-event-id');
  expect(heads[1]).toMatch(/\r\nlast-event-id: \d+\r\n/i);
});
