/**
 * XHR streaming: an answer that never ends, read while it grows; one JSON text a line, an empty line is a heartbeat.
 * @see https://xhr.spec.whatwg.org/
 *
 * Browsers tell of progress at most every 50 ms (XHR standard, "handle response"): that delay belongs to the technique.
 * `responseText` keeps everything ever received, so the stream is begun anew after 1 MiB.
 */

import {
  type Lane,
  liveWith,
  now,
  pause,
  RETRY_MS,
  type Receive,
  refusal,
  SILENCE_MS,
} from '../../demo-server/measure/lane.ts';
import type { PushEvent, ResetNotice } from '../../demo-server/protocol.ts';
import { pushUrl } from './requests.ts';

const RESTART_CHARS = 1024 * 1024;

export const receive: Receive = async (lane) => {
  const { signal, sample } = lane;
  let after = 0;
  for (let request = 1; !signal.aborted; request += 1) {
    sample({ kind: 'request', request, at: now() });
    const ended = await stream(pushUrl(lane, 'xhr-stream', after), lane, (line, at) => {
      const message = JSON.parse(line) as PushEvent | ResetNotice;
      if ('reset' in message) {
        after = message.next;
        sample({ kind: 'reset', at, next: after });
      } else {
        after = message.seq;
        sample({ kind: 'event', request, at, seq: message.seq, sentAt: message.sentAt, data: message.data });
      }
    }).catch((error: unknown) => {
      liveWith(error, lane);
      return 'bad-answer' as const;
    });
    sample({ kind: 'response', request, at: now(), ok: ended === 'over' || ended === 'full' || ended === 'ended' });
    if (ended === 'over') return;
    if (ended === 'full') continue;
    if (ended === 'connection-lost' || ended === 'silent') sample({ kind: 'trouble', at: now(), reason: ended });
    await pause(RETRY_MS, signal);
    if (signal.aborted || (ended === 'ended' && lane.over?.())) return;
  }
};

/** How a stream ended: the run is over (410), cleanly, by its size, by a failure, by silence, by us. */
type End = 'over' | 'ended' | 'full' | 'connection-lost' | 'silent' | 'aborted';

/** Reads one stream line by line until it ends; rejects with the server's refusal. */
function stream(
  url: string,
  { signal, silenceMs = SILENCE_MS }: Lane,
  read: (line: string, at: number) => void,
): Promise<End> {
  const xhr = new XMLHttpRequest();
  const released = new AbortController();

  return new Promise<End>((resolve, reject) => {
    let taken = 0;
    let watchdog = setTimeout(resolve, silenceMs, 'silent');
    const { signal: until } = released;
    until.addEventListener('abort', () => clearTimeout(watchdog));
    signal.addEventListener('abort', () => resolve('aborted'), { signal: until });

    function take(): void {
      const at = now();
      clearTimeout(watchdog);
      watchdog = setTimeout(resolve, silenceMs, 'silent');
      if (xhr.status !== 200) return;
      const text = xhr.responseText;
      try {
        for (let end = text.indexOf('\n', taken); end >= 0; end = text.indexOf('\n', taken)) {
          if (end > taken) read(text.slice(taken, end), at);
          taken = end + 1;
        }
      } catch (error) {
        // A line that is no JSON: what a listener throws reaches nobody, and the stream would hang.
        reject(error);
        return;
      }
      if (taken >= RESTART_CHARS) resolve('full');
    }
    xhr.addEventListener('progress', take, { signal: until });
    xhr.addEventListener(
      'load',
      () => {
        take();
        if (xhr.status === 410) resolve('over');
        else if (xhr.status !== 200) reject(refusal(xhr.status, xhr.responseText));
        else resolve('ended');
      },
      { signal: until },
    );
    xhr.addEventListener('error', () => resolve('connection-lost'), { signal: until });
    xhr.open('GET', url);
    xhr.send();
  }).finally(() => {
    released.abort();
    xhr.abort();
  });
}
