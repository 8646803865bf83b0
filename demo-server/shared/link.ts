/**
 * The way to Redis: one connection to write on, one that waits for what others write, one that listens. Each comes back
 * by itself after a loss; until then commands fail at once instead of piling up. A Redis that is there and does not do
 * what is needed, such as one that takes no writes, is as good as away.
 */
import { createChannels } from './channels.ts';
import { createLinkedClient, type RedisClient } from './client.ts';
import { explain } from './explain.ts';
import { createRounds } from './rounds.ts';
import { createStanding, type LinkState } from './standing.ts';

/** What is found by looking at Redis, and is no fault of the link. */
export interface LinkWatch {
  /** Called in every round of asking, before the link counts as up, then once a second; `evicted` where keys were removed since. */
  inspect?(evicted: boolean): Promise<void>;
  /** A line for the terminal. */
  say?(text: string): void;
}

export interface Link extends Readonly<LinkState> {
  /** Commands; each rejects at once while Redis is away. */
  readonly writer: RedisClient;
  /** Blocks in XREAD. */
  readonly reader: RedisClient;
  /** This server's clock less Redis's, in ms; undefined until it was asked. */
  readonly clockOffsetMs: number | undefined;
  /** Passes a command's answer on; a refusal counts as away from now on, until Redis does everything again. */
  checked<T>(command: Promise<T>): Promise<T>;
  /** Listens to a channel, from whenever Redis is there. Returns how to stop. */
  subscribe(channel: string, hear: (message: string) => void): () => void;
  /** Adds somebody who looks at Redis. */
  watch(watch: LinkWatch): void;
  close(): void;
}

/**
 * Connects to `url` (`redis://…`). `changed` is called whenever Redis has come or gone, the first time also where it never
 * was there. Never rejects because of that: it goes on trying. Throws a TypeError for an address that is none.
 */
export function createLink(url: string, changed: (up: boolean) => void): Link {
  const [writer, reader, listener] = [createLinkedClient(url), createLinkedClient(url), createLinkedClient(url)];
  const clients = [writer, reader, listener];
  const connected = (): boolean => clients.every((client) => client.isReady);
  const watches = new Set<LinkWatch>();
  const standing = createStanding(connected, changed);
  const channels = createChannels(listener);
  const rounds = createRounds(standing, {
    writer,
    reader,
    connected,
    listen: channels.listen,
    async inspect(evicted) {
      for (const { inspect } of watches) await inspect?.(evicted);
    },
    say(text) {
      for (const watch of watches) watch.say?.(text);
    },
  });

  for (const client of clients) {
    client.on('ready', () => {
      if (!connected()) return;
      standing.usable = false;
      void rounds.ask();
    });
    client.on('error', (error: Error) => standing.fail(explain(error)));
    client.on('reconnecting', () =>
      standing.fail(standing.state.fault ?? explain(new Error('the connection was lost'))),
    );
    client.connect().catch(() => {});
  }
  return {
    writer,
    reader,
    get up() {
      return standing.state.up;
    },
    get since() {
      return standing.state.since;
    },
    get fault() {
      return standing.state.fault;
    },
    get warnings() {
      return standing.state.warnings;
    },
    get clockOffsetMs() {
      return rounds.clockOffsetMs;
    },
    checked(command) {
      command.catch(rounds.refused);
      return command;
    },
    subscribe(channel, hear) {
      const stop = channels.add(channel, hear);
      rounds.askIn(0);
      return stop;
    },
    watch: (watch) => void watches.add(watch),
    close() {
      standing.close();
      rounds.close();
      for (const client of clients) client.destroy();
    },
  };
}
