/** The files of content/deploy/, and two servers with one Redis as they stand behind each of them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startRedis } from '../helpers/redis.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

/** A recipe as it is shown and shipped. */
export const recipe = (name: string): Promise<string> =>
  readFile(join(import.meta.dirname, '../../content/deploy', name), 'utf8');

/** The recipe with other addresses in it; throws where one of the old ones is not there. */
export function withAddresses(text: string, addresses: Readonly<Record<string, string>>): string {
  return Object.entries(addresses).reduce((changed, [old, now]) => {
    if (!changed.includes(old)) throw new Error(`the recipe has no ${old}`);
    return changed.replaceAll(old, now);
  }, text);
}

export async function twoServers(): Promise<[TestServer, TestServer]> {
  const { url: redisUrl } = await startRedis();
  const start = () => startServer({ redisUrl, trustProxy: ['127.0.0.1'] });
  return [await start(), await start()];
}
