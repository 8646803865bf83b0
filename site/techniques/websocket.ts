/**
 * WebSocket: one handshake, then one text frame an event. Reconnecting and the cursor are ours to do.
 * @see https://websockets.spec.whatwg.org/
 *
 * A handshake that fails looks the same whatever the server said (close code 1006, WebSockets standard 4): a plain
 * request to the same route brings its words. 426 means that it would have talked to a WebSocket.
 */

import {
  type Lane,
  liveWith,
  now,
  pause,
  RETRY_MS,
  type Receive,
  refusal,
  uplinkMessages,
} from '../../demo-server/measure/lane.ts';
import type { PushEvent, ResetNotice, UplinkAck } from '../../demo-server/protocol.ts';
import { pushUrl } from './requests.ts';

/** What receiving and sending share: the socket of the moment, and when the messages were made that wait for an answer. */
interface Wire {
  socket: WebSocket | undefined;
  sentAt: Map<number, number>;
}

export const receive: Receive = async (lane) => {
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

async function listen(lane: Lane, wire: Wire): Promise<void> {
  const { signal, sample } = lane;
  let after = 0;
  for (let request = 1; !signal.aborted; request += 1) {
    const url = new URL(pushUrl(lane, 'websocket', after), location.href);
    let opened = false;
    let aborted = (): void => {};
    sample({ kind: 'request', request, at: now() });
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(url);
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
        const message = JSON.parse(data) as PushEvent | ResetNotice | UplinkAck;
        if ('ack' in message) {
          const sentAt = wire.sentAt.get(message.ack);
          wire.sentAt.delete(message.ack);
          if (sentAt !== undefined) sample({ kind: 'uplink', n: message.ack, sentAt, at: message.at, answeredAt: at });
        } else if ('reset' in message) {
          after = message.next;
          sample({ kind: 'reset', at, next: after });
        } else {
          after = message.seq;
          sample({ kind: 'event', request, at, seq: message.seq, sentAt: message.sentAt, data: message.data });
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
    // The same wait each time, for the sake of comparison; a product lets it grow, and differ from reader to reader.
    await pause(RETRY_MS, signal);
  }
}

/** Asks in plain HTTP why the handshake failed: true for 410 (the run has ended), false for 426; rejects with any other refusal. */
async function over(url: string, signal: AbortSignal): Promise<boolean> {
  const answer = await fetch(url, { signal });
  if (answer.status === 410 || answer.status === 426) return answer.status === 410;
  throw refusal(answer.status, await answer.text());
}
