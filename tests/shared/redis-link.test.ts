/** The way to Redis where it is not as it should be: a password that is wrong or missing, memory that must not grow without end. */
import { createClient } from '@redis/client';
import { expect, onTestFinished, test } from 'vitest';
import { createLink } from '../../demo-server/shared/link.ts';
import { startRedis } from '../helpers/redis.ts';
import { startServer } from '../helpers/server.ts';
import { classProcessOn } from './two-servers.ts';

const PASSWORD = 'a-secret-of-this-test';
const withPassword = (url: string, password: string) => url.replace('redis://', `redis://:${password}@`);

async function client(url: string) {
  const made = createClient({ url });
  made.on('error', () => {});
  await made.connect();
  onTestFinished(() => made.destroy());
  return made;
}
/** The first thing that a link says of its Redis. */
function firstWord(url: string): Promise<{ up: boolean; fault: string | null }> {
  return new Promise((resolve) => {
    const link = createLink(url, (up) => resolve({ up, fault: link.fault }));
    onTestFinished(() => link.close());
  });
}

test('a password that is wrong or missing is said, and shown to nobody', async () => {
  const redis = await startRedis('--requirepass', PASSWORD);
  expect(await firstWord(withPassword(redis.url, PASSWORD))).toEqual({ up: true, fault: null });
  const refused = await firstWord(withPassword(redis.url, `${PASSWORD}-wrong`));
  expect(refused).toEqual({
    up: false,
    fault: expect.stringMatching(/^Redis refuses the user or the password in REDIS_URL/),
  });
  const asked = await firstWord(redis.url);
  expect(asked).toEqual({ up: false, fault: expect.stringMatching(/^Redis asks for a password; REDIS_URL takes it/) });
  expect(JSON.stringify([refused, asked])).not.toContain(PASSWORD);
  expect(await firstWord('redis://127.0.0.1:9')).toEqual({
    up: false,
    fault: expect.stringMatching(/^Redis cannot be reached \(.*ECONNREFUSED/),
  });
});

test('a server with a class does not start on a Redis that refuses it, and says in one line why', async () => {
  const redis = await startRedis('--requirepass', PASSWORD);
  const wrong = { ...redis, url: withPassword(redis.url, `${PASSWORD}-wrong`) };
  const error = await classProcessOn(wrong).catch((reason: Error) => reason);
  expect(String(error)).toMatch(
    /the server ended: pushlab: the class cannot be opened: Redis refuses the user or the password in REDIS_URL[^\n]+\n$/,
  );
  expect(String(error)).not.toContain(PASSWORD);
});

test('a Redis whose password is taken away while a server waits is used from then on', async () => {
  const redis = await startRedis('--requirepass', PASSWORD);
  const states: boolean[] = [];
  await startServer({ redisUrl: redis.url, redisChanged: (up) => states.push(up) });
  await expect.poll(() => states).toEqual([false]);
  await (await client(withPassword(redis.url, PASSWORD))).configSet('requirepass', '');
  await expect.poll(() => states).toEqual([false, true]);
});

test('what is kept in Redis of runs is bounded: the log by its length, all else by its time', async () => {
  const redis = await startRedis();
  const direct = await client(redis.url);
  const fill = `for n = 1, 21000 do redis.call('XADD', 'pushlab:log', '*', 'server', 's', 'run', 'r', 'change', '{"type":"finished"}') end`;
  await direct.eval(fill);
  const states: boolean[] = [];
  const server = await startServer({ redisUrl: redis.url, redisChanged: (up) => states.push(up) });
  await expect.poll(() => states).toEqual([true]);
  const { id } = await server.run({ techniques: ['sse'], durationSeconds: 1, eventsPerSecond: 10 });
  await server.finished(id);
  // Trimmed by whole nodes of a hundred entries.
  expect(await direct.xLen('pushlab:log')).toBeLessThan(20_200);
  const keys = (await direct.keys(`pushlab:run:${id}:*`)).sort();
  expect(keys).toContain(`pushlab:run:${id}:events`);
  for (const key of keys) expect(await direct.pTTL(key), key).toBeGreaterThan(0);
});
