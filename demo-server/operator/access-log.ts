/** A line for each request that is over, without the address that it came from and without its query. */
import type { FastifyInstance } from 'fastify';
import { isHandshake } from '../web/handshake.ts';

/**
 * Calls `write` with `<time> <method> <path> <status> <bytes>B <ms>ms` when a response has been sent, or a WebSocket has
 * closed. Bytes are those that the connection has sent meanwhile, heads included.
 */
export function accessLog(app: FastifyInstance, write: (line: string) => void): void {
  app.addHook('onRequest', async ({ method, raw }, reply) => {
    const { socket } = raw;
    const [began, before] = [performance.now(), socket.bytesWritten];
    const path = raw.url?.split('?')[0] ?? '';
    // A handshake's response is let go long before its socket closes.
    const handshake = isHandshake(raw);
    (handshake ? socket : reply.raw).once('close', () => {
      // A handshake that was refused had an ordinary response; http's own shows no 101.
      const status = handshake && reply.raw.statusCode === 200 ? 101 : reply.raw.statusCode;
      const ms = Math.round(performance.now() - began);
      write(`${new Date().toISOString()} ${method} ${path} ${status} ${socket.bytesWritten - before}B ${ms}ms\n`);
    });
  });
}
