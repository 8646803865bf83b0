/**
 * HTTP/1.0: on a timer, reload the whole state. The server's answer is a genuine 1.0 one, so the connection is gone after it.
 * @see https://www.rfc-editor.org/rfc/rfc1945#section-1.3
 */
import { liveWith, now, pause, type Receive } from '../measure/lane.ts';
import { askForEvents, type Connected, pushUrl } from './client.ts';

export const receive: Receive<Connected> = async (lane) => {
  const { pollIntervalMs, signal, sample } = lane;
  let seen = 0;
  for (let request = 1; !signal.aborted; request += 1) {
    const interval = pause(pollIntervalMs, signal);
    sample({ kind: 'request', request, at: now() });
    try {
      const { events, at, over } = await askForEvents(lane, pushUrl(lane, 'http10'));
      for (const { seq, sentAt } of events.filter((event) => event.seq > seen)) {
        sample({ kind: 'event', request, at, seq, sentAt });
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
