/**
 * Server-Sent Events: the browser reads the framing, reconnects by itself and says in Last-Event-ID where it stopped.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 *
 * What EventSource hides: why a connection ended, when it asks again, and the heartbeat's comments. So a bar of this
 * lane begins when its answer does, and a half-open connection goes unnoticed until TCP gives up.
 */
import type { PushEvent, ResetNotice } from '../../demo-server/protocol.ts';
import { now, pushUrl, type Receive, refusal } from './lane.ts';

export const receive: Receive = async (lane) => {
  const { signal, sample } = lane;
  const url = pushUrl(lane, 'sse', 0);
  let request = 1;
  let opened = false;
  if (signal.aborted) return;
  sample({ kind: 'request', request, at: now() });
  const source = new EventSource(url);

  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    source.addEventListener('message', ({ data }) => {
      const at = now();
      const { seq, sentAt } = JSON.parse(data) as PushEvent;
      sample({ kind: 'event', request, at, seq, sentAt });
    });
    source.addEventListener('reset', ({ data }) => {
      sample({ kind: 'reset', at: now(), next: (JSON.parse(data) as ResetNotice).next });
    });
    source.addEventListener('open', () => {
      if (opened) sample({ kind: 'request', request, at: now() });
      opened = true;
    });
    source.addEventListener('error', () => {
      const at = now();
      const closed = source.readyState === EventSource.CLOSED;
      // A reconnection that the server ended with 204 never opened: its bar is a point.
      if (closed && request > 1) sample({ kind: 'request', request, at });
      sample({ kind: 'response', request, at, ok: opened });
      request += 1;
      if (closed) resolve();
    });
  }).finally(() => source.close());

  // Never opened means refused, and only fetch tells with what words.
  if (!opened && !signal.aborted) {
    const answer = await fetch(url, { signal });
    if (answer.status === 204) return;
    if (!answer.ok) throw refusal(answer.status, await answer.text());
    await answer.body?.cancel();
    throw new Error('EventSource closed although the server answers');
  }
};
