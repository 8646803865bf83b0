/** The servers that share one Redis, as each says of itself once a second: how many there are, whether their clocks agree and whether they are the same Pushlab. */
import { readFileSync } from 'node:fs';
import type { Link } from './link.ts';

export interface Servers {
  /** How many have spoken lately, this one included. */
  count(): number;
  /** What is wrong among them, a sentence each. */
  warnings(): string[];
  /** Whether their clocks are so far apart that the times of one are wrong at another. */
  clocksDiffer(): boolean;
}

const CHANNEL = 'pushlab:servers';
/** A server that is silent for so long (ms) is gone. */
const SILENCE_MS = 5000;
/** Clocks under NTP agree to some ms. A class sees half a second in its figures. */
const APART_MS = 500;
const { version: VERSION } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

interface Other {
  offset: number;
  version: string;
  /** By this server's steady clock. */
  at: number;
}

/** Begins to say and to listen. `server` is this server's name among them, `say` a line for the terminal, `changed` called when what is wrong has changed. */
export function shareServers(link: Link, server: string, say: (text: string) => void, changed: () => void): Servers {
  const others = new Map<string, Other>();
  let said: string[] = [];

  function own(): Other {
    return { offset: link.clockOffsetMs ?? 0, version: VERSION, at: performance.now() };
  }
  function spread(): number {
    const offsets = [own(), ...others.values()].map(({ offset }) => offset);
    return Math.max(...offsets) - Math.min(...offsets);
  }
  const clocksDiffer = (): boolean => spread() > APART_MS;
  function warnings(): string[] {
    const { offset } = own();
    const versions = [...new Set([...others.values()].map(({ version }) => version))].filter((one) => one !== VERSION);
    const minutes = Math.round(Math.abs(offset) / 60_000);
    const wrong: string[] = [];
    if (minutes > 0) wrong.push(`this server’s clock is ${minutes} min ${offset > 0 ? 'ahead of' : 'behind'} Redis’s`);
    if (clocksDiffer())
      wrong.push(
        'the clocks of the servers on this Redis differ by more than half a second: latencies are wrong by it',
      );
    for (const one of versions) wrong.push(`a server on this Redis is Pushlab ${one}, this one ${VERSION}: update all`);
    return wrong;
  }
  function look(): void {
    for (const [name, { at }] of others) if (performance.now() - at > SILENCE_MS) others.delete(name);
    const now = warnings();
    if (now.join() === said.join()) return;
    for (const text of now) if (!said.includes(text)) say(text);
    said = now;
    changed();
  }

  link.subscribe(CHANNEL, (message) => {
    const [name, offset, version] = JSON.parse(message) as [string, number, string];
    if (name === server) return;
    others.set(name, { offset, version, at: performance.now() });
    look();
  });
  link.watch({
    async inspect() {
      look();
      const { offset, version } = own();
      await link.writer.publish(CHANNEL, JSON.stringify([server, Math.round(offset), version]));
    },
  });
  return { count: () => others.size + 1, warnings, clocksDiffer };
}
