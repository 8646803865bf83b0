/**
 * Short polling: on a timer, ask for what came after the cursor; most answers are empty.
 * @see https://www.rfc-editor.org/rfc/rfc6202#section-2
 */
import { liveWith, now, pause, type Receive } from '../../demo-server/measure/lane.ts';
import { askForEvents, pushUrl } from './requests.ts';

export const receive: Receive = async (lane) => {
  const { pollIntervalMs, signal, sample } = lane;
  let after = 0;
  for (let request = 1; !signal.aborted; request += 1) {
    const interval = pause(pollIntervalMs, signal);
    sample({ kind: 'request', request, at: now() });
    try {
      const { events, next, reset, at, over } = await askForEvents(pushUrl(lane, 'polling', after), { signal });
      if (reset) sample({ kind: 'reset', at, next: next - events.length });
      for (const { seq, sentAt, data } of events) sample({ kind: 'event', request, at, seq, sentAt, data });
      after = next;
      sample({ kind: 'response', request, at, ok: true });
      if (over) return;
    } catch (error) {
      sample({ kind: 'response', request, at: now(), ok: false });
      liveWith(error, lane);
    }
    await interval;
  }
};
