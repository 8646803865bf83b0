/** The heartbeat of the WebSockets that are no technique; the technique's own is written out in techniques/websocket.ts. */
import type { WebSocket } from 'ws';

/** Pings the peer every `everyMs` until the socket closes, and cuts one that left the last Ping unanswered: it is half-open. */
export function heartbeat(socket: WebSocket, everyMs: number): void {
  let answered = true;
  socket.on('pong', () => {
    answered = true;
  });
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, everyMs);
  socket.once('close', () => clearInterval(timer));
}
