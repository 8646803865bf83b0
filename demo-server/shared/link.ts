/**
 * The way to Redis: one connection to write on, one that waits for what others write, one that listens. Each comes back
 * by itself after a loss; until then commands fail at once instead of piling up.
 */
import { createClient } from '@redis/client';

export type RedisClient = ReturnType<typeof createLinkedClient>;

export interface Link {
  /** Commands; each rejects at once while Redis is away. */
  readonly writer: RedisClient;
  /** Blocks in XREAD. */
  readonly reader: RedisClient;
  /** Subscribed to channels. */
  readonly listener: RedisClient;
  readonly up: boolean;
  close(): void;
}

/** A Redis that answers nothing for so long is away (ms), even where its connection still stands. */
const SILENCE_MS = 3000;
/** How long a blocking read waits for news (ms): under the silence, so that a quiet stream is no silence. */
export const BLOCK_MS = 1000;

function createLinkedClient(url: string) {
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

/**
 * Connects to `url` (`redis://…`). `changed` is called whenever Redis has come or gone. Never rejects because Redis is not
 * there: it goes on trying. Throws a TypeError for an address that is none.
 */
export function createLink(url: string, changed: (up: boolean) => void): Link {
  const [writer, reader, listener] = [createLinkedClient(url), createLinkedClient(url), createLinkedClient(url)];
  const clients = [writer, reader, listener];
  let up = false;

  function look(): void {
    const isUp = clients.every((client) => client.isReady);
    if (isUp === up) return;
    up = isUp;
    changed(up);
  }
  for (const client of clients) {
    for (const event of ['ready', 'error', 'reconnecting', 'end']) client.on(event, look);
    client.connect().catch(() => {});
  }
  return {
    writer,
    reader,
    listener,
    get up() {
      return up;
    },
    close() {
      for (const client of clients) client.destroy();
    },
  };
}
