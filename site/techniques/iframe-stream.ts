/**
 * Hidden-iframe streaming: a frame whose page never finishes loading; each script in it calls a function of ours.
 * @see https://www.rfc-editor.org/rfc/rfc6202#section-3
 *
 * The frame tells nothing about its connection: a killed socket fires neither `load` nor `error` (measured in Chromium
 * 156 and Firefox 153). So silence longer than the heartbeat allows counts as dead. `load` is a clean end. A frame of
 * another origin can neither call nor be read: it sends messages, and after an empty one a plain request brings the words.
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

/** What a script in the frame calls us with; nothing at all is the heartbeat. */
type Call = PushEvent | ResetNotice | { end: true } | undefined;

export const receive: Receive = async (lane) => {
  const { signal, sample } = lane;
  let after = 0;
  let over = false;
  for (let request = 1; !over && !signal.aborted; request += 1) {
    let calls = 0;
    sample({ kind: 'request', request, at: now() });
    const ended = await load(pushUrl(lane, 'iframe-stream', after), lane, (call, at) => {
      calls += 1;
      if (!call) return;
      if ('end' in call) over = true;
      else if ('reset' in call) {
        after = call.next;
        sample({ kind: 'reset', at, next: after });
      } else {
        after = call.seq;
        sample({ kind: 'event', request, at, seq: call.seq, sentAt: call.sentAt, data: call.data });
      }
    }).catch((error: unknown) => {
      liveWith(error, lane);
      return 'bad-answer' as const;
    });
    sample({ kind: 'response', request, at: now(), ok: ended === 'loaded' });
    if (over || signal.aborted) return;
    if (ended === 'silent') sample({ kind: 'trouble', at: now(), reason: 'silent' });
    else if (ended === 'loaded' && calls === 0) sample({ kind: 'trouble', at: now(), reason: 'connection-lost' });
    await pause(RETRY_MS, signal);
    if (ended === 'loaded' && calls > 0 && lane.over?.()) return;
  }
};

let frames = 0;

/** Loads one frame until it ends, is silent too long, or the signal aborts; then nothing of it is left in the page. */
function load(
  url: string,
  { signal, silenceMs = SILENCE_MS }: Lane,
  called: (call: Call, at: number) => void,
): Promise<'loaded' | 'silent' | 'aborted'> {
  frames += 1;
  const callback = `pushlabFrame${frames}`;
  const { origin } = new URL(url, location.href);
  const foreign = origin !== location.origin;
  const functions = window as unknown as Record<string, (call: Call) => void>;
  const frame = document.createElement('iframe');
  frame.hidden = true;
  frame.title = callback;
  frame.src = `${url}&callback=${callback}${foreign ? `&origin=${encodeURIComponent(location.origin)}` : ''}`;
  const released = new AbortController();

  return new Promise<'loaded' | 'silent' | 'aborted'>((resolve, reject) => {
    let watchdog = setTimeout(resolve, silenceMs, 'silent');
    let calls = 0;
    const take = (call: Call): void => {
      const at = now();
      calls += 1;
      clearTimeout(watchdog);
      watchdog = setTimeout(resolve, silenceMs, 'silent');
      called(call, at);
    };
    if (!foreign) functions[callback] = take;
    const { signal: until } = released;
    until.addEventListener('abort', () => clearTimeout(watchdog));
    signal.addEventListener('abort', () => resolve('aborted'), { signal: until });
    addEventListener(
      'message',
      ({ data, source }) => {
        if (foreign && source === frame.contentWindow && source !== null && callback in data) take(data[callback]);
      },
      { signal: until },
    );
    frame.addEventListener(
      'load',
      () => {
        // A refusal is no stream but JSON; the frame is of our own origin, so it can be read.
        const page = frame.contentDocument;
        if (page?.contentType === 'application/json') reject(refusal(0, page.body.textContent ?? ''));
        else if (foreign)
          delivered(callback, until)
            .then(() => (calls === 0 ? why(url, signal) : undefined))
            .then(() => resolve('loaded'), reject);
        else resolve('loaded');
      },
      { signal: until },
    );
    document.body.append(frame);
  }).finally(() => {
    released.abort();
    frame.remove();
    delete functions[callback];
  });
}

/**
 * Resolves when the messages that were there before it are handled. A foreign frame's `load` overtakes its last messages, but
 * no message overtakes another: all of a window's wait in one queue (HTML, posted message task source).
 * @see https://html.spec.whatwg.org/multipage/web-messaging.html#posted-message-task-source
 */
function delivered(token: string, until: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    addEventListener('message', ({ data, source }) => source === window && data === token && resolve(), {
      signal: until,
    });
    postMessage(token, location.origin);
  });
}

/** Asks in plain HTTP why a frame brought nothing; rejects with the server's refusal where it has one. */
async function why(url: string, signal: AbortSignal): Promise<void> {
  const answer = await fetch(url, { signal });
  if (answer.status >= 400 && answer.status !== 410) throw refusal(answer.status, await answer.text());
  await answer.body?.cancel();
}
