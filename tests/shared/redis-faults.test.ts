/** Two servers whose Redis is there and not as it should be: it refuses, has forgotten, has another clock. Nothing is lost, nothing is said to run that does not, and one line says what is wrong. */
import { createClient } from '@redis/client';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { PushEvent } from '../../demo-server/protocol.ts';
import { createLink } from '../../demo-server/shared/link.ts';
import { startRedis, type TestRedis } from '../helpers/redis.ts';
import { startServer, type TestServer } from '../helpers/server.ts';
import { readFrom } from './reader.ts';
import { serverProcessOn } from './two-servers.ts';

const SETTINGS = { techniques: ['sse' as const], eventsPerSecond: 20, durationSeconds: 6, seed: 7 };
const WHOLE = Array.from({ length: 120 }, (_, index) => index + 1);
const LONG = { ...SETTINGS, durationSeconds: 600 };

const seqs = (events: readonly PushEvent[]) => events.map(({ seq }) => seq);

interface Watched extends TestServer {
  /** Every line that the terminal would have, and every state of the link. */
  lines: string[];
  states: boolean[];
}

async function serverOn({ url }: { url: string }): Promise<Watched> {
  const [lines, states]: [string[], boolean[]] = [[], []];
  const server = await startServer({
    redisUrl: url,
    redisChanged(up, fault) {
      states.push(up);
      if (fault !== null) lines.push(fault);
    },
    redisSays: (text) => lines.push(text),
  });
  return { ...server, lines, states };
}

async function client(url: string) {
  const made = createClient({ url, RESP: 2 });
  made.on('error', () => {});
  await made.connect();
  onTestFinished(() => made.destroy());
  return made;
}

const stop = (server: TestServer, id: string) => fetch(`${server.url}/runs/${id}`, { method: 'DELETE' });
/** Resolves when the server knows the run, as a page finds it. */
const known = (server: TestServer, id: string) => expect.poll(() => server.info(id).catch(() => null)).not.toBeNull();

describe('a Redis that takes no writes', () => {
  /** How to bring it about, how to end it, and what is said of it. */
  const REFUSALS: [
    name: string,
    begin: (
      config: (name: string, value: string) => Promise<unknown>,
      raw: (...args: string[]) => Promise<unknown>,
    ) => Promise<unknown>,
    end: (
      config: (name: string, value: string) => Promise<unknown>,
      raw: (...args: string[]) => Promise<unknown>,
    ) => Promise<unknown>,
    said: RegExp,
  ][] = [
    [
      'NOREPLICAS',
      (config) => config('min-replicas-to-write', '1'),
      (config) => config('min-replicas-to-write', '0'),
      /too few replicas follow it/,
    ],
    ['OOM', (config) => config('maxmemory', '1'), (config) => config('maxmemory', '0'), /its memory is full/],
    [
      'READONLY',
      (_, raw) => raw('REPLICAOF', '127.0.0.1', '9'),
      (_, raw) => raw('REPLICAOF', 'NO', 'ONE'),
      /it is a replica; REDIS_URL has to name the primary/,
    ],
  ];

  test.for(REFUSALS)(
    '%s: counts as away, and when it is over all is known everywhere',
    async ([, begin, end, said]) => {
      const redis = await startRedis();
      const direct = await client(redis.url);
      const config = (name: string, value: string) => direct.configSet(name, value);
      const raw = (...args: string[]) => direct.sendCommand(args);
      const [one, other] = [await serverOn(redis), await serverOn(redis)];
      const before = await one.run(SETTINGS);
      const readers = [readFrom([one.url], before.id), readFrom([other.url], before.id)];
      await Promise.all(readers.map((reader) => reader.until(5)));
      const stopped = await one.run(LONG);
      await known(other, stopped.id);
      await begin(config, raw);
      await expect.poll(() => [one.states.at(-1), other.states.at(-1)]).toEqual([false, false]);
      expect((await one.info(before.id)).shared).toBe('down');
      expect(one.lines.at(-1)).toMatch(said);
      // What is made meanwhile runs where it was made, and what is stopped is known as stopped.
      const made = await one.run(LONG);
      await readFrom([one.url], made.id).until(5);
      await stop(one, stopped.id);
      await end(config, raw);
      await expect.poll(() => [one.states.at(-1), other.states.at(-1)]).toEqual([true, true]);
      await known(other, made.id);
      await expect.poll(async () => (await other.info(stopped.id)).state).toBe('finished');
      await Promise.all(readers.map((reader) => reader.over));
      for (const { events, notices } of readers) {
        expect(seqs(events)).toEqual(WHOLE);
        expect(notices).toEqual([]);
      }
      await stop(one, made.id);
    },
  );

  test('MISCONF, as with a full disk: said, and over when the disk is', async () => {
    const redis = await startRedis('--save', '3600 1', '--dbfilename', 'dump.rdb', '--rdbcompression', 'no');
    const direct = await client(redis.url);
    const server = await serverOn(redis);
    await expect.poll(() => server.states).toEqual([true]);
    // A folder stands where the file should go: nobody can write it, root included.
    await redis.blockDump();
    await direct.sendCommand(['BGSAVE']);
    await expect.poll(() => server.states.at(-1)).toBe(false);
    expect(server.lines.at(-1)).toMatch(/as it cannot save to its disk/);
    await direct.configSet('stop-writes-on-bgsave-error', 'no');
    await expect.poll(() => server.states.at(-1)).toBe(true);
  });

  test('a user without a command, or without the channels, is told so', async () => {
    const redis = await startRedis();
    const direct = await client(redis.url);
    const rights = ['on', '>secret', '~pushlab:*', '+@all'];
    await direct.sendCommand(['ACL', 'SETUSER', 'whole', ...rights, '&pushlab:*', '-@dangerous']);
    await direct.sendCommand(['ACL', 'SETUSER', 'few', ...rights, '&pushlab:*', '-xadd']);
    await direct.sendCommand(['ACL', 'SETUSER', 'deaf', ...rights, 'resetchannels']);
    const first = (user: string): Promise<string | null> =>
      new Promise((resolve) => {
        const url = redis.url.replace('redis://', `redis://${user}:secret@`);
        const link = createLink(url, () => resolve(link.fault));
        link.subscribe('pushlab:test', () => {});
        onTestFinished(() => link.close());
      });
    expect(await first('whole')).toBeNull();
    expect(await first('few')).toMatch(/does not let this user do what is needed.*xadd/);
    expect(await first('deaf')).toMatch(/does not let this user do what is needed.*channel/);
  });

  test('a command that was renamed, and a key that is another’s, are told', async () => {
    const renamed = await serverOn(await startRedis('--rename-command', 'EVAL', 'HIDDEN'));
    await expect.poll(() => renamed.lines.at(-1)).toMatch(/does not know a command that is needed/);
    const redis = await startRedis();
    await (await client(redis.url)).set('pushlab:log', 'of somebody else');
    const strange = await serverOn(redis);
    await expect.poll(() => strange.lines.at(-1)).toMatch(/holds something else; give Pushlab a database of its own/);
    expect(strange.states.at(-1)).toBe(false);
  });

  test('one that answers later than anybody waits is away meanwhile, and nothing happens twice', async () => {
    const redis = await startRedis();
    const direct = await client(redis.url);
    const [one, other] = [await serverOn(redis), await serverOn(redis)];
    const { id } = await one.run(SETTINGS);
    const readers = [readFrom([one.url], id), readFrom([other.url], id)];
    await Promise.all(readers.map((reader) => reader.until(5)));
    await direct.sendCommand(['CLIENT', 'PAUSE', '4500', 'ALL']);
    await expect.poll(() => [one.states.includes(false), other.states.includes(false)]).toEqual([true, true]);
    const made = await one.run(LONG);
    await expect.poll(() => [one.states.at(-1), other.states.at(-1)]).toEqual([true, true]);
    await known(other, made.id);
    await stop(one, made.id);
    await Promise.all(readers.map((reader) => reader.over));
    for (const { events } of readers) expect(seqs(events)).toEqual(WHOLE);
  });
});

describe('a Redis that has forgotten', () => {
  /** Ways to lose what the servers had told each other, each with the link standing or coming back. */
  const LOSSES: [
    name: string,
    lose: (redis: TestRedis, raw: (...args: string[]) => Promise<unknown>) => Promise<unknown>,
  ][] = [
    ['FLUSHALL', (_, raw) => raw('FLUSHALL')],
    ['a log that was removed as memory was full', (_, raw) => raw('DEL', 'pushlab:log')],
    [
      'a shorter log, as of a replica that was promoted',
      (_, raw) =>
        raw(
          'EVAL',
          "local all = redis.call('XRANGE', 'pushlab:log', '-', '+') for n = 2, #all do redis.call('XDEL', 'pushlab:log', all[n][1]) end",
          '0',
        ),
    ],
  ];
  test.for(LOSSES)('%s: said once, told again, also to a server that starts later', async ([, lose]) => {
    const redis = await startRedis();
    const direct = await client(redis.url);
    const [one, other] = [await serverOn(redis), await serverOn(redis)];
    const { id } = await one.run(SETTINGS);
    const over = await one.run({ ...SETTINGS, durationSeconds: 1 });
    const readers = [readFrom([one.url], id), readFrom([other.url], id)];
    await one.finished(over.id);
    await Promise.all(readers.map((reader) => reader.until(25)));
    await lose(redis, (...args) => direct.sendCommand(args));
    await expect
      .poll(() => [...one.lines, ...other.lines].join())
      .toMatch(/has lost what the servers had told each other/);
    const made = await one.run(LONG);
    await known(other, made.id);
    const late = await serverOn(redis);
    await known(late, over.id);
    const third = readFrom([late.url], id);
    await Promise.all([...readers, third].map((reader) => reader.over));
    for (const { events } of [...readers, third]) expect(seqs(events)).toEqual(WHOLE);
    await stop(one, made.id);
  });

  test('keys removed because its memory was full: said, with the policy that allows it', async () => {
    const redis = await startRedis('--maxmemory', '0', '--maxmemory-policy', 'allkeys-lru');
    const direct = await client(redis.url);
    const server = await serverOn(redis);
    await expect.poll(() => server.states).toEqual([true]);
    const used = Number(/used_memory:(\d+)/.exec(await direct.info('memory'))?.[1]);
    await direct.configSet('maxmemory', String(used + 2_000_000));
    await expect.poll(() => server.lines.join()).toMatch(/may remove a class.*allkeys-lru\)/);
    for (let n = 0; n < 40; n += 1) await direct.set(`filler:${n}`, 'x'.repeat(100_000));
    await expect.poll(() => server.lines.join()).toMatch(/has removed keys|has lost what/);
    const { id } = await server.run({ ...SETTINGS, durationSeconds: 1 });
    await server.finished(id);
  });
});

describe('a Redis with another clock', () => {
  /** From now on the clock of this process is so many ms off, as after it was set; all servers in it have it. */
  function setClock(ms: number): void {
    const { timeOrigin } = performance;
    const setTo = (value: number) => Object.defineProperty(performance, 'timeOrigin', { value, configurable: true });
    setTo(timeOrigin + ms);
    onTestFinished(() => void setTo(timeOrigin));
  }

  test('it comes back empty and 20 s behind: a run made then is known at the other server', async () => {
    const redis = await startRedis();
    const [one, other] = [await serverOn(redis), await serverOn(redis)];
    // As of a clock that was ahead: ids go on behind the last one.
    const direct = await client(redis.url);
    await direct.xAdd('pushlab:log', `${Date.now() + 20_000}-0`, { server: 'x', n: '1', run: 'x', change: '{}' });
    const before = await one.run({ ...SETTINGS, durationSeconds: 1 });
    await known(other, before.id);
    await redis.kill();
    await expect.poll(() => [one.states.at(-1), other.states.at(-1)]).toEqual([false, false]);
    await redis.start();
    await expect.poll(() => [one.states.at(-1), other.states.at(-1)]).toEqual([true, true]);
    const made = await one.run(LONG);
    expect((await other.info(made.id)).state).toBe('running');
    await stop(other, made.id);
  });

  test('it steps back while the maker of a run dies: another server goes on by its own clock', async () => {
    const redis = await startRedis();
    const direct = await client(redis.url);
    const doomed = await serverProcessOn(redis);
    const other = await serverOn(redis);
    const made = await fetch(`${doomed.url}/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify({ ...SETTINGS, durationSeconds: 10 }),
    });
    const { id } = (await made.json()) as { id: string };
    await fetch(`${doomed.url}/runs/${id}/start`, { method: 'POST' });
    const reader = readFrom([other.url], id);
    await reader.until(10);
    doomed.child.kill('SIGKILL');
    await doomed.ended;
    // By a clock that has stepped back, the name of the dead maker would stay for hours.
    await direct.persist(`pushlab:run:${id}:maker`);
    await reader.over;
    expect(seqs(reader.events)).toEqual(Array.from({ length: 200 }, (_, n) => n + 1));
  });

  test.for([
    [-5_400_000, 'behind'],
    [5_400_000, 'ahead of'],
  ] as const)(
    'a server’s clock is an hour and a half off (%i ms): it knows what was made before, and says so',
    async ([ms, where]) => {
      const redis = await startRedis();
      const one = await serverOn(redis);
      await expect.poll(() => one.states).toEqual([true]);
      const { id } = await one.run(LONG);
      setClock(ms);
      const late = await serverOn(redis);
      expect((await late.info(id)).state).toBe('running');
      await expect
        .poll(() => late.lines.join('\n'))
        .toMatch(new RegExp(`this server’s clock is 90 min ${where} Redis’s`));
      // Seen from the one that was there before, Redis's clock has stepped the other way.
      await expect
        .poll(() => one.lines.join('\n'))
        .toMatch(new RegExp(`Redis’s clock has stepped by ${ms < 0 ? '' : '-'}\\d+\\.\\d s`));
      await expect.poll(async () => (await late.info(id)).shared).toBe('up');
      await stop(one, id);
    },
  );
});

test('servers whose clocks or versions differ say so, and a run says that its latencies cannot be right', async () => {
  const redis = await startRedis();
  const direct = await client(redis.url);
  const server = await serverOn(redis);
  await expect.poll(() => server.states).toEqual([true]);
  const { id } = await server.run(LONG);
  expect((await server.info(id)).shared).toBe('up');
  // As another server says it of itself.
  const strange = JSON.stringify(['another', 2000, '0.0.1']);
  await expect
    .poll(async () => {
      await direct.publish('pushlab:servers', strange);
      return (await server.info(id)).shared;
    })
    .toBe('clocks-differ');
  expect(server.lines.join('\n')).toMatch(/differ by more than half a second[\s\S]*Pushlab 0\.0\.1/);
  // What has no form that is known is passed over.
  await direct.publish('pushlab:servers', 'not JSON');
  await direct.xAdd('pushlab:log', '*', {
    server: 'another',
    n: '1',
    run: 'x',
    change: '{"type":"created","settings":1}',
  });
  await expect.poll(() => server.lines.join('\n')).toMatch(/does not understand; it is passed over/);
  await expect.poll(async () => (await server.info(id)).shared).toBe('up');
  await stop(server, id);
});
