/** A TCP proxy on loopback that can fall silent: nothing passes and nothing is closed, as where a device has left the wifi. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface SilentProxy {
  port: number;
  url: string;
  /** Holds back everything, in both directions and of new connections, too. */
  silence(): void;
  /** Lets new connections pass again. Those of before are gone, and what they held with them. */
  resume(): void;
}

/** Passes everything on to `port` until it is told to be silent. Closes itself at the end of the test. */
export async function startSilentProxy(port: number): Promise<SilentProxy> {
  const open = new Set<Socket>();
  let silent = false;
  const server = createServer((client) => {
    const upstream = connect({ port, host: '127.0.0.1' });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from.on('data', (bytes) => to.write(bytes));
      from.on('error', () => {});
      from.on('close', () => {
        open.delete(from);
        to.destroy();
      });
      if (silent) from.pause();
    }
  });
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port: own } = server.address() as AddressInfo;
  return {
    port: own,
    url: `http://127.0.0.1:${own}`,
    silence() {
      silent = true;
      for (const socket of open) socket.pause();
    },
    resume() {
      silent = false;
      for (const socket of open) socket.destroy();
    },
  };
}
