import { describe, expect, test } from 'vitest';
import type { PushEvent, RunInfo } from '../../demo-server/protocol.ts';
import { startRedis, type TestRedis } from '../helpers/redis.ts';
import { startServer } from '../helpers/server.ts';
import { readFrom } from './reader.ts';
import { serverProcessOn } from './two-servers.ts';

const TWENTY_A_SECOND = { techniques: ['sse', 'polling'], eventsPerSecond: 20, durationSeconds: 6, seed: 7 } as const;
const settings = { ...TWENTY_A_SECOND, techniques: [...TWENTY_A_SECOND.techniques] };
const WHOLE = Array.from({ length: 120 }, (_, index) => index + 1);

const seqs = (events: readonly PushEvent[]) => events.map(({ seq }) => seq);
const payloads = (events: readonly PushEvent[]) => events.map(({ data }) => data);

/** A server and what it is told of its Redis. */
async function serverOn({ url }: TestRedis) {
  const states: boolean[] = [];
  const watchers = new Set<() => void>();
  const server = await startServer({
    redisUrl: url,
    redisChanged(up) {
      states.push(up);
      for (const changed of [...watchers]) changed();
    },
  });
  /** Resolves when Redis is there (or not) for this server. */
  const redis = (up: boolean): Promise<void> =>
    new Promise((resolve) => {
      const changed = (): void => {
        if (states.at(-1) !== up) return;
        watchers.delete(changed);
        resolve();
      };
      watchers.add(changed);
      changed();
    });
  return { ...server, redis };
}

async function ask<T>(url: string, init?: RequestInit): Promise<T> {
  const answer = await fetch(url, { ...init, headers: { 'content-type': 'application/json', connection: 'close' } });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

describe('two servers with one Redis', () => {
  test('serve the same run: made on one, started on the other, the same events on both', async () => {
    const redis = await startRedis();
    const [one, other] = [await serverOn(redis), await serverOn(redis)];
    const { id } = await one.run(settings, false);
    const readers = [readFrom([one.url], id), readFrom([other.url], id)];
    await ask(`${other.url}/runs/${id}/start`, { method: 'POST', body: '{}' });
    await Promise.all(readers.map((reader) => reader.over));
    for (const { events, notices } of readers) {
      expect(seqs(events)).toEqual(WHOLE);
      expect(notices).toEqual([]);
    }
    expect(readers[0]?.events).toEqual(readers[1]?.events);
    expect(await other.info(id)).toMatchObject({ state: 'finished', shared: 'up', settings: { seed: 7 } });
  });

  test('add up what each has counted of the run', async () => {
    const redis = await startRedis();
    const [one, other] = [await serverOn(redis), await serverOn(redis)];
    const { id } = await one.run({ ...settings, durationSeconds: 2 });
    const readers = [readFrom([one.url], id), readFrom([other.url], id)];
    await Promise.all(readers.map((reader) => reader.over));
    for (const { events } of readers) expect(seqs(events)).toEqual(WHOLE.slice(0, 40));
    const lanes = async () => [(await one.ledger(id)).lanes.sse, (await other.ledger(id)).lanes.sse];
    // Two connections each: the stream, and the question that was answered with 204.
    const all = { requests: 4, eventsSent: 80, openConnections: 0, unaccountedBytes: 0 };
    await expect.poll(lanes).toMatchObject([all, all]);
    const own = [one.readLedger(id), other.readLedger(id)].map(({ lanes }) => lanes.sse?.wireBytesDown ?? 0);
    expect(Math.min(...own)).toBeGreaterThan(0);
    const wireBytesDown = (own[0] ?? 0) + (own[1] ?? 0);
    expect(await lanes()).toMatchObject([{ wireBytesDown }, { wireBytesDown }]);
  });

  test('one open feed: a cursor of one is a cursor of the other', async () => {
    const redis = await startRedis();
    const [one, other] = [await serverOn(redis), await serverOn(redis)];
    const first = readFrom([one.url], 'open');
    await first.until(2);
    const { events } = await ask<{ events: PushEvent[] }>(`${other.url}/push/polling?after=0`);
    const known = first.events.filter(({ seq }) => events.some((event) => event.seq === seq));
    expect(known.length).toBeGreaterThan(0);
    expect(events).toEqual(expect.arrayContaining(known));
  });

  test('a server that starts later knows the run at the first request', async () => {
    const redis = await startRedis();
    const { id } = await (await serverOn(redis)).run(settings);
    const late = await serverOn(redis);
    expect((await late.info(id)).id).toBe(id);
    await ask(`${late.url}/runs/${id}`, { method: 'DELETE' });
  });

  test('stop a run on one, and it has ended on the other', async () => {
    const redis = await startRedis();
    const [one, other] = [await serverOn(redis), await serverOn(redis)];
    const { id } = await one.run({ ...settings, durationSeconds: 600 });
    const reader = readFrom([other.url], id);
    await reader.until(3);
    await ask(`${one.url}/runs/${id}`, { method: 'DELETE' });
    await reader.over;
    expect((await other.info(id)).state).toBe('finished');
  });
});

describe('a server that is gone', () => {
  test.for(['SIGKILL', 'SIGTERM'] as const)('by %s: its readers go on at the other without loss', async (signal) => {
    const redis = await startRedis();
    const doomed = await serverProcessOn(redis);
    const other = await serverOn(redis);
    const { id } = await ask<RunInfo>(`${doomed.url}/runs`, { method: 'POST', body: JSON.stringify(settings) });
    const moving = [readFrom([doomed.url, other.url], id), readFrom([doomed.url, other.url], id)];
    const staying = readFrom([other.url], id);
    await ask(`${doomed.url}/runs/${id}/start`, { method: 'POST', body: '{}' });
    await moving[0]?.until(20);
    doomed.child.kill(signal);
    await Promise.all([...moving, staying].map((reader) => reader.over));
    for (const { events, notices } of [...moving, staying]) {
      expect(seqs(events)).toEqual(WHOLE);
      expect(notices).toEqual([]);
      expect(payloads(events)).toEqual(payloads(staying.events));
    }
  });

  test('only for a while: the run is made by one of them, and nobody is told an event twice', async () => {
    const redis = await startRedis();
    const frozen = await serverProcessOn(redis);
    const other = await serverOn(redis);
    const { id } = await ask<RunInfo>(`${frozen.url}/runs`, { method: 'POST', body: JSON.stringify(settings) });
    const readers = [readFrom([frozen.url], id), readFrom([other.url], id)];
    await ask(`${frozen.url}/runs/${id}/start`, { method: 'POST', body: '{}' });
    await readers[1]?.until(20);
    frozen.child.kill('SIGSTOP');
    // Nobody makes events until the hold has run out.
    await readers[1]?.until(60);
    frozen.child.kill('SIGCONT');
    await Promise.all(readers.map((reader) => reader.over));
    for (const { events } of readers) expect(seqs(events)).toEqual(WHOLE);
  });
});

describe('a Redis that is gone', () => {
  test('runs go on at every server, the page is told, and it recovers by itself, also with an empty Redis', async () => {
    const redis = await startRedis();
    const [one, other] = [await serverOn(redis), await serverOn(redis)];
    const { id } = await one.run(settings);
    const readers = [readFrom([one.url], id), readFrom([other.url], id)];
    await Promise.all(readers.map((reader) => reader.until(10)));
    await redis.kill();
    await Promise.all([one.redis(false), other.redis(false)]);
    expect((await other.info(id)).shared).toBe('down');
    const seen = readers[1]?.events.at(-1)?.seq ?? 0;
    await Promise.all(readers.map((reader) => reader.until(seen + 10)));
    const made = await one.run({ ...settings, durationSeconds: 600 });
    await redis.start();
    await Promise.all([one.redis(true), other.redis(true)]);
    // What was made while it was away is known to the other now.
    const late = readFrom([other.url], made.id);
    await late.until(5);
    await ask(`${other.url}/runs/${made.id}`, { method: 'DELETE' });
    await Promise.all(readers.map((reader) => reader.over));
    for (const { events } of readers) expect(seqs(events)).toEqual(WHOLE);
    expect(payloads(readers[0]?.events ?? [])).toEqual(payloads(readers[1]?.events ?? []));
  });

  test('before it was there: the server starts alone', async () => {
    const server = await startServer({ redisUrl: 'redis://127.0.0.1:9' });
    const { id } = await server.run({ ...settings, durationSeconds: 1 });
    const reader = readFrom([server.url], id);
    await reader.over;
    expect(seqs(reader.events)).toEqual(WHOLE.slice(0, 20));
    expect((await server.info(id)).shared).toBe('down');
  });
});
