/**
 * WebSocket: one handshake, then one text frame an event. Reconnecting and the cursor are ours to do.
 * @see https://websockets.spec.whatwg.org/
 *
 * A handshake that fails looks the same whatever the server said (close code 1006, WebSockets standard 4): a plain
 * request to the same route brings its words. 426 means that it would have talked to a WebSocket.
 */
import type { PushEvent, ResetNotice } from '../../demo-server/protocol.ts';
import { liveWith, now, pause, pushUrl, RETRY_MS, type Receive, refusal } from './lane.ts';

export const receive: Receive = async (lane) => {
  const { signal, sample } = lane;
  let after = 0;
  for (let request = 1; !signal.aborted; request += 1) {
    const url = new URL(pushUrl(lane, 'websocket', after), location.href);
    let opened = false;
    let aborted = (): void => {};
    sample({ kind: 'request', request, at: now() });
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(url);

    const code = await new Promise<number>((resolve) => {
      aborted = () => resolve(1000);
      signal.addEventListener('abort', aborted);
      socket.addEventListener('open', () => {
        opened = true;
      });
      socket.addEventListener('message', ({ data }) => {
        const at = now();
        const message = JSON.parse(data) as PushEvent | ResetNotice;
        if ('reset' in message) {
          after = message.next;
          sample({ kind: 'reset', at, next: after });
        } else {
          after = message.seq;
          sample({ kind: 'event', request, at, seq: message.seq, sentAt: message.sentAt });
        }
      });
      socket.addEventListener('close', (event) => resolve(event.code));
    });
    signal.removeEventListener('abort', aborted);
    socket.close();

    sample({ kind: 'response', request, at: now(), ok: code === 1000 });
    if (code === 1000) return;
    try {
      if (!opened && (await over(pushUrl(lane, 'websocket', after), signal))) return;
      sample({ kind: 'trouble', at: now(), reason: 'connection-lost' });
    } catch (error) {
      liveWith(error, lane);
    }
    await pause(RETRY_MS, signal);
  }
};

/** Asks in plain HTTP why the handshake failed: true for 410 (the run has ended), false for 426; rejects with any other refusal. */
async function over(url: string, signal: AbortSignal): Promise<boolean> {
  const answer = await fetch(url, { signal });
  if (answer.status === 410 || answer.status === 426) return answer.status === 410;
  throw refusal(answer.status, await answer.text());
}
