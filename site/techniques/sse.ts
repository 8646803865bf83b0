/**
 * Server-Sent Events: the browser reads the framing, reconnects by itself and says in Last-Event-ID where it stopped.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 *
 * What EventSource hides: why a connection ended, when it asks again, and the heartbeat's comments. So a bar of this
 * lane begins when its answer does, and a half-open connection goes unnoticed until TCP gives up. An answer cut inside
 * its head has no type and ends an EventSource for good; then a new one goes on from the cursor.
 */

import { type Lane, liveWith, now, pause, RETRY_MS, type Receive, refusal } from '../../demo-server/measure/lane.ts';
import type { PushEvent, ResetNotice } from '../../demo-server/protocol.ts';
import { pushUrl } from './requests.ts';

export const receive: Receive = async (lane) => {
  const { signal, sample } = lane;
  const cursor = { after: 0, request: 0 };
  while (!signal.aborted) {
    await listen(pushUrl(lane, 'sse', cursor.after), lane, cursor);
    if (signal.aborted || lane.over?.()) return;
    try {
      const { status, text } = await ask(pushUrl(lane, 'sse', cursor.after), signal);
      if (status === 204) return;
      if (status !== 200) throw refusal(status, text);
      sample({ kind: 'trouble', at: now(), reason: 'bad-answer' });
    } catch (error) {
      liveWith(error, lane);
    }
    await pause(RETRY_MS, signal);
  }
};

/** Asks in plain HTTP why the browser gave up: EventSource tells neither status nor words. Takes nothing of a stream. */
async function ask(url: string, signal: AbortSignal): Promise<{ status: number; text: string }> {
  const answer = await fetch(url, { signal });
  if (answer.status !== 200) return { status: answer.status, text: await answer.text() };
  await answer.body?.cancel();
  return { status: 200, text: '' };
}

/** Listens until the browser gives up for good or the signal aborts, and keeps the cursor. */
async function listen(
  url: string,
  { signal, sample, over }: Lane,
  cursor: { after: number; request: number },
): Promise<void> {
  const released = new AbortController();
  let asking = false;
  let answered = false;
  function begin(): void {
    asking = true;
    cursor.request += 1;
    sample({ kind: 'request', request: cursor.request, at: now() });
  }

  begin();
  const source = new EventSource(url);
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { signal: released.signal });
    source.addEventListener('message', ({ data }) => {
      const at = now();
      const event = JSON.parse(data) as PushEvent;
      const { seq, sentAt } = event;
      cursor.after = seq;
      sample({ kind: 'event', request: cursor.request, at, seq, sentAt, data: event.data });
    });
    source.addEventListener('reset', ({ data }) => {
      cursor.after = (JSON.parse(data) as ResetNotice).next;
      sample({ kind: 'reset', at: now(), next: cursor.after });
    });
    source.addEventListener('open', () => {
      answered = true;
      if (!asking) begin();
    });
    source.addEventListener('error', () => {
      // A connection that never opened: its bar is a point.
      if (!asking) begin();
      const ended = source.readyState === EventSource.CLOSED;
      sample({ kind: 'response', request: cursor.request, at: now(), ok: answered || (ended && over?.() === true) });
      asking = false;
      answered = false;
      if (ended) resolve();
    });
  });
  released.abort();
  source.close();
}
