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
  /** undefined until the first try has told. */
  readonly up: boolean | undefined;
  /** Why it is not up, in a sentence without the password; null where nothing has gone wrong. */
  readonly fault: string | null;
  close(): void;
}

/** A Redis that answers nothing for so long is away (ms), even where its connection still stands. */
const SILENCE_MS = 3000;
/** How long a blocking read waits for news (ms): under the silence, so that a quiet stream is no silence. */
export const BLOCK_MS = 1000;
/** A Redis that is there but cannot be used is asked again so often (ms): its password may have been set meanwhile. */
const ASK_MS = 1000;
/** Streams came with 5.0; no command here is younger. */
const OLDEST = 5;

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

/** Says in words for a terminal why a Redis cannot be used, and what to do. */
function explain({ message }: Error): string {
  if (/WRONGPASS|invalid (username|password)|without any password/i.test(message))
    return 'Redis refuses the user or the password in REDIS_URL; it takes redis://user:password@host:port';
  if (/NOAUTH/.test(message)) return 'Redis asks for a password; REDIS_URL takes it as in redis://:password@host:port';
  if (/NOPERM/.test(message)) return `Redis does not let this user do what is needed (${message})`;
  return `Redis cannot be reached (${message})`;
}

/**
 * Connects to `url` (`redis://…`). `changed` is called whenever Redis has come or gone, the first time also where it never
 * was there. Never rejects because of that: it goes on trying. Throws a TypeError for an address that is none.
 */
export function createLink(url: string, changed: (up: boolean) => void): Link {
  const [writer, reader, listener] = [createLinkedClient(url), createLinkedClient(url), createLinkedClient(url)];
  const clients = [writer, reader, listener];
  let up: boolean | undefined;
  let fault: string | null = null;
  /** A connection alone says little: without its password Redis takes one, and refuses every command. */
  let usable = false;
  let asking: NodeJS.Timeout | undefined;
  let closed = false;

  function look(): void {
    const isUp = usable && clients.every((client) => client.isReady);
    if (isUp) fault = null;
    if (isUp === up || (!isUp && fault === null)) return;
    up = isUp;
    changed(up);
  }
  function fail(why: string): void {
    fault = why;
    look();
  }
  async function ask(): Promise<void> {
    clearTimeout(asking);
    usable = false;
    try {
      const [, version = ''] = /redis_version:(\S+)/.exec(await writer.info('server')) ?? [];
      usable = version === '' || Number.parseInt(version, 10) >= OLDEST;
      if (!usable) throw new Error(`it is Redis ${version}, and this takes ${OLDEST}.0 or newer`);
      look();
    } catch (error) {
      fail(explain(error as Error));
      if (!closed && writer.isReady) asking = setTimeout(ask, ASK_MS).unref();
    }
  }
  writer.on('ready', () => void ask());
  for (const client of clients) {
    client.on('ready', look);
    client.on('error', (error: Error) => fail(explain(error)));
    client.on('reconnecting', () => fail(fault ?? explain(new Error('the connection was lost'))));
    client.connect().catch(() => {});
  }
  return {
    writer,
    reader,
    listener,
    get up() {
      return up;
    },
    get fault() {
      return fault;
    },
    close() {
      closed = true;
      clearTimeout(asking);
      for (const client of clients) client.destroy();
    },
  };
}
