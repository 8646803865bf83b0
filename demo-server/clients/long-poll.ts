/**
 * Long polling: ask for what came after the cursor; the server holds the request until it knows, and we ask again at
 * once. Only a failure is followed by a pause.
 * @see https://www.rfc-editor.org/rfc/rfc6202#section-2
 */
import { liveWith, now, pause, RETRY_MS, type Receive } from '../measure/lane.ts';
import { askForEvents, type Connected, pushUrl } from './client.ts';

export const receive: Receive<Connected> = async (lane) => {
  const { signal, sample } = lane;
  let after = 0;
  for (let request = 1; !signal.aborted; request += 1) {
    sample({ kind: 'request', request, at: now() });
    try {
      const { events, next, reset, at, over } = await askForEvents(lane, pushUrl(lane, 'long-poll', after));
      if (reset) sample({ kind: 'reset', at, next: next - events.length });
      for (const { seq, sentAt } of events) sample({ kind: 'event', request, at, seq, sentAt });
      after = next;
      sample({ kind: 'response', request, at, ok: true });
      if (over) return;
    } catch (error) {
      sample({ kind: 'response', request, at: now(), ok: false });
      liveWith(error, lane);
      await pause(RETRY_MS, signal);
    }
  }
};
