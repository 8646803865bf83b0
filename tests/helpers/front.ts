/** One address for several servers, as of a load balancer or of a wifi that comes and goes. */
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Front {
  url: string;
  /** From now on connections go to that port of loopback; null = they are cut. Those that are open are cut, as when what is behind them dies. */
  move(port: number | null): void;
  /** Nothing passes any more and nothing is closed, new connections included, as where a device has left the wifi; until the next move(). */
  silence(): void;
}

/** Opens it on a port of its own; what comes goes to `first`. */
export async function openFront(first: number): Promise<Front> {
  const open = new Set<Socket>();
  let port: number | null = first;
  let silent = false;
  const front = createServer((client) => {
    if (port === null) return void client.destroy();
    const server = connect({ port, host: '127.0.0.1' });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      open.add(one);
      one.on('data', (bytes) => other.write(bytes));
      if (silent) one.pause();
      one.on('error', () => other.destroy());
      one.on('close', () => open.delete(one) && other.destroy());
    }
  });
  onTestFinished(async () => {
    for (const socket of open) socket.destroy();
    await new Promise((closed) => front.close(closed));
  });
  await new Promise<void>((listening) => front.listen(0, '127.0.0.1', listening));
  const address = front.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    move(to) {
      port = to;
      silent = false;
      for (const socket of open) socket.destroy();
    },
    silence() {
      silent = true;
      for (const socket of open) socket.pause();
    },
  };
}
