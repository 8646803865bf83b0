/** What a link asks of its Redis: once whether it does all that is needed, then every second whether it still does. */
import { now } from '../feed.ts';
import type { RedisClient } from './client.ts';

/** Streams came with 5.0; no command here is younger. */
const OLDEST = 5;
const KEPT_MS = 5000;
/** Under it, so that what is tried needs no other right than what is used: an ACL is by key. */
const KEY = 'pushlab:probe';

/** What one round of asking has found. */
export interface Findings {
  /** This server's clock less Redis's (ms), which is right to so many ms: half of the time that the question took. */
  clockOffsetMs: number;
  uncertaintyMs: number;
  /** How many keys Redis has removed because its memory was full; undefined where it does not say. */
  evicted: number | undefined;
  /** Set where the policy of a full memory may remove a class. */
  evictionPolicy: string | undefined;
}

/** Tries every command that is used, on keys of its own that are gone in a moment. Rejects with what Redis says. */
export async function tryAll(writer: RedisClient, reader: RedisClient, id: string): Promise<void> {
  const [text, stream, hash, set] = ['text', 'stream', 'hash', 'set'].map((kind) => `${KEY}:${id}:${kind}`) as [
    string,
    string,
    string,
    string,
  ];
  const [, version = ''] = /redis_version:(\S+)/.exec(await info(writer)) ?? [];
  if (version !== '' && Number.parseInt(version, 10) < OLDEST)
    throw new Error(`it is Redis ${version}, and this takes ${OLDEST}.0 or newer`);
  const script = `redis.call('GET', KEYS[1]) redis.call('SET', KEYS[1], '1', 'PX', ARGV[1]) return redis.call('DEL', KEYS[1])`;
  await Promise.all([
    writer.set(text, '1', { condition: 'NX', expiration: { type: 'PX', value: KEPT_MS } }),
    writer.get(text),
    writer.exists(text),
    writer.eval(script, { keys: [text], arguments: [String(KEPT_MS)] }),
    writer.xAdd(stream, '*', { id }, { TRIM: { strategy: 'MAXLEN', strategyModifier: '~', threshold: 1 } }),
    writer.xRange(stream, '-', '+'),
    writer.xRevRange(stream, '+', '-'),
    writer.xLen(stream),
    reader.xRead({ key: stream, id: '0-0' }, { COUNT: 1 }),
    writer.multi().hSet(hash, id, '1').publish(KEY, id).exec(),
    writer.hGetAll(hash),
    writer.zAdd(set, { score: 0, value: id }, { condition: 'NX' }),
    writer.zRange(set, 0, -1),
    writer.zRem(set, id),
    // Last, as they are carried out in this order.
    ...[text, stream, hash, set].map((key) => writer.pExpire(key, KEPT_MS)),
  ]);
}

/** Whether it still takes writes, and what may become a fault. Rejects with what Redis says. */
export async function askAgain(writer: RedisClient, id: string): Promise<Findings> {
  const asked = now();
  const clock = writer.time().then((time) => {
    const uncertaintyMs = (now() - asked) / 2;
    return { clockOffsetMs: asked + uncertaintyMs - milliseconds(time), uncertaintyMs };
  });
  const write = writer.set(`${KEY}:${id}:text`, '1', { expiration: { type: 'PX', value: KEPT_MS } });
  const [measured, said] = await Promise.all([clock, info(writer), write]);
  const evicted = /evicted_keys:(\d+)/.exec(said)?.[1];
  const [, policy] = /maxmemory_policy:(allkeys-\S+)/.exec(said) ?? [];
  const bounded = !/maxmemory:0\r/.test(said);
  return {
    ...measured,
    evicted: evicted === undefined ? undefined : Number(evicted),
    evictionPolicy: bounded ? policy : undefined,
  };
}

/** Some Redis in the cloud keep INFO to themselves: what it says is good to know, and no more. */
async function info(writer: RedisClient): Promise<string> {
  try {
    return await writer.info();
  } catch (error) {
    if (/NOPERM|unknown command/.test(String(error))) return '';
    throw error;
  }
}

function milliseconds(time: unknown): number {
  const [seconds, micros] = time as [string, string];
  return Number(seconds) * 1000 + Number(micros) / 1000;
}
