/**
 * HTTP/1.0: on a timer, reload the whole state, each time over a connection of its own.
 * @see https://www.rfc-editor.org/rfc/rfc1945#section-1.3
 *
 * `credentials: 'omit'` only moves these requests to a pool of connections of their own (Chromium and Firefox): else
 * they would take the warm ones of the other lanes, and the server would close them. Nobody here sets a cookie, so
 * not a byte of the head changes. To a server of another origin the others send none anyway: there it is 'include',
 * which it shares with the hidden frame alone.
 */
import { liveWith, now, pause, type Receive } from '../../demo-server/measure/lane.ts';
import { askForEvents, pushUrl } from './requests.ts';

export const receive: Receive = async (lane) => {
  const { pollIntervalMs, signal, sample } = lane;
  let seen = 0;
  const credentials = lane.server === '' ? 'omit' : 'include';
  for (let request = 1; !signal.aborted; request += 1) {
    const interval = pause(pollIntervalMs, signal);
    sample({ kind: 'request', request, at: now() });
    try {
      const { events, at, over } = await askForEvents(pushUrl(lane, 'http10'), { credentials, signal });
      for (const { seq, sentAt, data } of events.filter((event) => event.seq > seen)) {
        sample({ kind: 'event', request, at, seq, sentAt, data });
        seen = seq;
      }
      sample({ kind: 'response', request, at, ok: true });
      if (over) return;
    } catch (error) {
      sample({ kind: 'response', request, at: now(), ok: false });
      liveWith(error, lane);
    }
    await interval;
  }
};
