/**
 * HTTP/1.1 keep-alive: the same reload of the whole state, over a connection that stays open.
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-9.3
 *
 * Nothing has to be asked for: in 1.1 a connection persists unless somebody says `Connection: close`.
 */
import { liveWith, now, pause, type Receive } from '../../demo-server/measure/lane.ts';
import { askForEvents, pushUrl } from './requests.ts';

export const receive: Receive = async (lane) => {
  const { pollIntervalMs, signal, sample } = lane;
  let seen = 0;
  for (let request = 1; !signal.aborted; request += 1) {
    const interval = pause(pollIntervalMs, signal);
    sample({ kind: 'request', request, at: now() });
    try {
      const { events, at, over } = await askForEvents(pushUrl(lane, 'keep-alive'), { signal });
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
