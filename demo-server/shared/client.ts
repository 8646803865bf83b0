/** One connection to Redis, as all of this server's are. */
import { createClient } from '@redis/client';

/** A Redis that answers nothing for so long is away (ms), even where its connection still stands. */
const SILENCE_MS = 3000;
/** How long a blocking read waits for news (ms): under the silence, so that a quiet stream is no silence. */
export const BLOCK_MS = 1000;

export type RedisClient = ReturnType<typeof createLinkedClient>;

/** Makes one that comes back by itself after a loss; until then its commands fail at once. Throws a TypeError for an address that is none. */
export function createLinkedClient(url: string) {
  const client = createClient({
    url,
    // Answers as plain arrays, the same from every Redis since 5.
    RESP: 2,
    disableOfflineQueue: true,
    pingInterval: BLOCK_MS,
    socket: { connectTimeout: SILENCE_MS, socketTimeout: SILENCE_MS, reconnectStrategy: () => 250 },
  });
  // The link tells of its state by `changed`; without a listener an error would end the process.
  client.on('error', () => {});
  return client;
}
