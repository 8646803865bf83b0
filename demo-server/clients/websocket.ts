/**
 * WebSocket, with Node's own client: one handshake, then one text frame an event. Reconnecting and the cursor are ours.
 * @see https://websockets.spec.whatwg.org/
 *
 * A handshake that fails looks the same whatever the server said: a plain request to the same route brings its words.
 * 426 means that it would have talked to a WebSocket.
 */
import {
  type Connected,
  get,
  liveWith,
  now,
  pause,
  pushUrl,
  RETRY_MS,
  type Receive,
  refusal,
  take,
  textOf,
} from './client.ts';

export const receive: Receive = async (lane) => {
  const { signal, sample } = lane;
  let after = 0;
  for (let request = 1; !signal.aborted; request += 1) {
    const url = pushUrl(lane, 'websocket', after);
    let opened = false;
    let senseless = false;
    let aborted = (): void => {};
    sample({ kind: 'request', request, at: now() });
    const socket = new WebSocket(url.href.replace('http', 'ws'));

    const code = await new Promise<number>((resolve) => {
      aborted = () => resolve(1000);
      signal.addEventListener('abort', aborted);
      socket.addEventListener('open', () => {
        opened = true;
      });
      socket.addEventListener('message', ({ data }) => {
        const at = now();
        try {
          after = take(lane, request, at, JSON.parse(data));
        } catch {
          senseless = true;
          resolve(1006);
        }
      });
      socket.addEventListener('close', (event) => resolve(event.code));
    });
    signal.removeEventListener('abort', aborted);
    socket.close();

    sample({ kind: 'response', request, at: now(), ok: code === 1000 });
    if (code === 1000) return;
    try {
      if (!opened && (await over(lane, url))) return;
      sample({ kind: 'trouble', at: now(), reason: senseless ? 'bad-answer' : 'connection-lost' });
    } catch (error) {
      liveWith(error, lane);
    }
    await pause(RETRY_MS, signal);
  }
};

/** Asks in plain HTTP why the handshake failed: true for 410 (the run has ended), false for 426; rejects with any other refusal. */
async function over(lane: Connected, url: URL): Promise<boolean> {
  const answer = await get(lane, url, lane.signal);
  const text = await textOf(answer);
  if (answer.statusCode === 410 || answer.statusCode === 426) return answer.statusCode === 410;
  throw refusal(answer.statusCode ?? 0, text);
}
