/**
 * Fetch streaming: the endless answer of XHR streaming, read from the response's body piece by piece. What has been read
 * is given back, so the stream need not begin anew, and each piece is told at once.
 * @see https://fetch.spec.whatwg.org/#dom-body-body
 *
 * Firefox's cache keeps a second request for the same address waiting while the first one streams: each has its run in it.
 */

import {
  type Lane,
  now,
  pause,
  RETRY_MS,
  type Receive,
  Refused,
  refusal,
  SILENCE_MS,
} from '../../demo-server/measure/lane.ts';
import type { PushEvent, ResetNotice } from '../../demo-server/protocol.ts';
import { pushUrl } from './requests.ts';

export const receive: Receive = async (lane) => {
  const { signal, sample } = lane;
  let after = 0;
  for (let request = 1; !signal.aborted; request += 1) {
    sample({ kind: 'request', request, at: now() });
    const ended = await stream(pushUrl(lane, 'fetch-stream', after), lane, (line, at) => {
      const message = JSON.parse(line) as PushEvent | ResetNotice;
      if ('reset' in message) {
        after = message.next;
        sample({ kind: 'reset', at, next: after });
      } else {
        after = message.seq;
        sample({ kind: 'event', request, at, seq: message.seq, sentAt: message.sentAt, data: message.data });
      }
    });
    const well = ended === 'over' || ended === 'ended' || ended === 'aborted';
    sample({ kind: 'response', request, at: now(), ok: well });
    if (ended === 'over') return;
    if (!well) sample({ kind: 'trouble', at: now(), reason: ended });
    await pause(RETRY_MS, signal);
    if (ended === 'ended' && lane.over?.()) return;
  }
};

/** How a stream ended: the run is over (410), cleanly, by a failure, by silence, by a line that is no JSON, by us. */
type End = 'over' | 'ended' | 'connection-lost' | 'silent' | 'bad-answer' | 'aborted';

/** Reads one stream line by line until it ends; rejects with the server's refusal. */
async function stream(
  url: string,
  { signal, silenceMs = SILENCE_MS }: Lane,
  read: (line: string, at: number) => void,
): Promise<End> {
  const released = new AbortController();
  let why: End = 'connection-lost';
  const drop = (reason: End): void => {
    why = reason;
    released.abort();
  };
  const abort = (): void => drop('aborted');
  signal.addEventListener('abort', abort);
  let watchdog = setTimeout(drop, silenceMs, 'silent');

  try {
    const answer = await fetch(url, { signal: released.signal });
    if (answer.status !== 200 || !answer.body) {
      const words = await answer.text();
      if (answer.status === 410) return 'over';
      throw refusal(answer.status, words);
    }
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ''; ; ) {
      const { done, value } = await reader.read();
      const at = now();
      if (done) return 'ended';
      clearTimeout(watchdog);
      watchdog = setTimeout(drop, silenceMs, 'silent');
      const lines = (rest + value).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') read(line, at);
    }
  } catch (error) {
    // A line that is no JSON leaves the answer open; after a clean end there is nothing to let go of.
    released.abort();
    if (error instanceof Refused) throw error;
    return error instanceof SyntaxError ? 'bad-answer' : why;
  } finally {
    clearTimeout(watchdog);
    signal.removeEventListener('abort', abort);
  }
}
