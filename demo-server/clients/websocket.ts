/**
 * WebSocket, with Node's own client: one handshake, then one text frame an event. Reconnecting and the cursor are ours.
 * @see https://websockets.spec.whatwg.org/
 *
 * A handshake that fails looks the same whatever the server said: a plain request to the same route brings its words.
 * 426 means that it would have talked to a WebSocket.
 */

import { type Lane, liveWith, now, pause, RETRY_MS, type Receive, refusal, uplinkMessages } from '../measure/lane.ts';
import type { PushEvent, ResetNotice, UplinkAck } from '../protocol.ts';
import { type Connected, get, pushUrl, take, textOf } from './client.ts';

/** What receiving and sending share: the socket of the moment, and when the messages were made that wait for an answer. */
interface Wire {
  socket: WebSocket | undefined;
  sentAt: Map<number, number>;
}

export const receive: Receive<Connected> = async (lane) => {
  const wire: Wire = { socket: undefined, sentAt: new Map() };
  const ended = new AbortController();
  const sending = send({ ...lane, signal: AbortSignal.any([lane.signal, ended.signal]) }, wire);
  try {
    await listen(lane, wire);
  } finally {
    ended.abort();
    await sending;
  }
};

/** Sends the lane's messages on whatever socket is open; while none is, they wait. */
async function send(lane: Lane, wire: Wire): Promise<void> {
  for await (const message of uplinkMessages(lane)) {
    while (wire.socket?.readyState !== WebSocket.OPEN && !lane.signal.aborted) await pause(20, lane.signal);
    if (lane.signal.aborted) return;
    wire.sentAt.set(message.n, message.sentAt);
    wire.socket?.send(JSON.stringify(message));
  }
}

async function listen(lane: Connected, wire: Wire): Promise<void> {
  const { signal, sample } = lane;
  let after = 0;
  for (let request = 1; !signal.aborted; request += 1) {
    const url = pushUrl(lane, 'websocket', after);
    let opened = false;
    let senseless = false;
    let aborted = (): void => {};
    sample({ kind: 'request', request, at: now() });
    const socket = new WebSocket(url.href.replace('http', 'ws'));
    wire.socket = socket;
    // What the last connection did not answer is not sent again: nobody knows whether it was read.
    wire.sentAt.clear();

    const code = await new Promise<number>((resolve) => {
      aborted = () => resolve(1000);
      signal.addEventListener('abort', aborted);
      socket.addEventListener('open', () => {
        opened = true;
      });
      socket.addEventListener('message', ({ data }) => {
        const at = now();
        if (senseless) return;
        try {
          const message = JSON.parse(data) as PushEvent | ResetNotice | UplinkAck;
          if ('ack' in message) acknowledge(lane, wire, message, at);
          else after = take(lane, request, at, message);
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
}

function acknowledge({ sample }: Lane, { sentAt }: Wire, { ack: n, at }: UplinkAck, answeredAt: number): void {
  const made = sentAt.get(n);
  sentAt.delete(n);
  if (made !== undefined) sample({ kind: 'uplink', n, sentAt: made, at, answeredAt });
}

/** Asks in plain HTTP why the handshake failed: true for 410 (the run has ended), false for 426; rejects with any other refusal. */
async function over(lane: Connected, url: URL): Promise<boolean> {
  const answer = await get(lane, url, lane.signal);
  const text = await textOf(answer);
  if (answer.statusCode === 410 || answer.statusCode === 426) return answer.statusCode === 410;
  throw refusal(answer.statusCode ?? 0, text);
}
