/** What a link listens to, from whenever Redis is there. */
import type { RedisClient } from './client.ts';

export interface Channels {
  /** Subscribes to what is not subscribed to yet: a subscription comes back by itself with the connection; one that was refused does not. */
  listen(): Promise<void>;
  /** Adds a channel, for the next `listen`. Returns how to stop. */
  add(channel: string, hear: (message: string) => void): () => void;
}

interface Heard {
  hear: (message: string) => void;
  heard: boolean;
}

/** Keeps the channels of a connection that does nothing else. */
export function createChannels(listener: RedisClient): Channels {
  const channels = new Map<string, Heard[]>();
  return {
    async listen() {
      for (const [channel, heard] of channels) {
        for (const one of heard.filter(({ heard }) => !heard)) {
          await listener.subscribe(channel, one.hear);
          one.heard = true;
        }
      }
    },
    add(channel, hear) {
      const all = channels.get(channel) ?? [];
      const one: Heard = { hear: (message) => void readable(hear, message), heard: false };
      channels.set(channel, [...all, one]);
      return () => {
        channels.set(channel, channels.get(channel)?.filter((other) => other !== one) ?? []);
        if (one.heard) listener.unsubscribe(channel, one.hear).catch(() => {});
      };
    },
  };
}

/** A message of a server of another version may have another form: passed over. */
function readable(hear: (message: string) => void, message: string): void {
  try {
    hear(message);
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
}
