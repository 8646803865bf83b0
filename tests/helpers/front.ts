/** One address in front of several servers, like a load balancer, or wifi that comes and goes. */
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Front {
  url: string;
  /** Sends new connections to this port of loopback; null = cuts them. Open connections are cut, as if the server behind them had died. */
  move(port: number | null): void;
  /** Until the next move() nothing passes and nothing is closed, new connections included, as if the device had left the wifi. */
  silence(): void;
}

/** Opens it on a free port. Connections go to `first`. */
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
