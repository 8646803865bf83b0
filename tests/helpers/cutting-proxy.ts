/** A TCP proxy on loopback that cuts connections in the middle of a response, as bad wifi would. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface CuttingProxy {
  url: string;
  /** How many connections it has cut so far. */
  cuts(): number;
  close(): Promise<void>;
}

/**
 * Passes everything on to `port`. A connection with a request for a path that starts with `path` is destroyed after as many
 * bytes of the response as the next of `sizes`. When `sizes` is used up, nothing more is cut.
 */
export async function startCuttingProxy(port: number, path: string, sizes: number[]): Promise<CuttingProxy> {
  const open = new Set<Socket>();
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect({ port, host: '127.0.0.1' });
    let left = Number.POSITIVE_INFINITY;
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (bytes) => {
      if (left === Number.POSITIVE_INFINITY && bytes.toString('latin1').includes(`GET ${path}`)) {
        left = sizes.shift() ?? Number.POSITIVE_INFINITY;
      }
      upstream.write(bytes);
    });
    upstream.on('data', (bytes: Buffer) => {
      client.write(bytes.subarray(0, Math.min(left, bytes.length)));
      left -= bytes.length;
      if (left > 0) return;
      cuts += 1;
      // What was written must arrive before the end of the connection.
      client.end(() => client.destroy());
      upstream.destroy();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cuts: () => cuts,
    close: () =>
      new Promise((closed) => {
        for (const socket of open) socket.destroy();
        server.close(() => closed());
      }),
  };
}
