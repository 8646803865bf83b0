/** What a WebSocket's handshake leaves behind: its heads, all that http and Fastify have made of them, and a connection that nobody reads. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { WebSocket } from 'ws';

/**
 * Ends the connection of a handshake that was answered with no, by whatever hook: http has given the connection away, so
 * nobody reads it any more, or would notice that its client is gone.
 */
export function endRefusedHandshakes(app: FastifyInstance): void {
  app.addHook('onResponse', async ({ raw }) => {
    if (isHandshake(raw)) raw.socket.destroySoon();
  });
}

/** The same for an answer that no hook is told of: to a target that cannot be read. */
export function endIfHandshake(request: IncomingMessage, answer: ServerResponse): void {
  if (isHandshake(request)) answer.once('finish', () => request.socket.destroySoon());
}

/** Whether this request asks for a WebSocket: by both headers, as `Upgrade` alone is for nobody (RFC 9110, 7.8). */
export function isHandshake({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket' && /(^|,)\s*upgrade\s*(,|$)/i.test(headers.connection ?? '');
}

/**
 * Lets a handshake go as soon as its socket is open. Else the socket holds it as long as it lives: http's response waits for
 * the socket's close, and the plugin's listener for errors has request and reply at hand. `onError` takes its place, with the
 * socket as `this`.
 */
export function letHandshakesGo(app: FastifyInstance, onError: (this: WebSocket) => void): void {
  const answers = new WeakMap<IncomingMessage, ServerResponse>();
  app.addHook('onRequest', async ({ ws, raw }, reply) => {
    if (ws) answers.set(raw, reply.raw);
  });
  app.websocketServer.on('connection', (socket: WebSocket, request: IncomingMessage) => {
    // The plugin and the room go on with this socket in the same turn.
    queueMicrotask(() => {
      const [ofPlugin] = socket.listeners('error');
      if (ofPlugin) socket.off('error', ofPlugin as () => void);
      socket.on('error', onError);
      answers.get(request)?.detachSocket(request.socket);
    });
  });
}
