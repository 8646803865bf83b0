/**
 * Fetch streaming: the answer of XHR streaming on a route of its own. In a program the two are the same; in a browser
 * they are not.
 * @see https://fetch.spec.whatwg.org/#dom-body-body
 */
import { now, pause, RETRY_MS, type Receive } from '../measure/lane.ts';
import { type Connected, lines, pushUrl, readStream, take } from './client.ts';

export const receive: Receive<Connected> = async (lane) => {
  const { signal, sample } = lane;
  let after = 0;
  for (let request = 1; !signal.aborted; request += 1) {
    sample({ kind: 'request', request, at: now() });
    const ended = await readStream(lane, {
      url: pushUrl(lane, 'fetch-stream', after),
      overStatus: 410,
      type: 'application/x-ndjson',
      read: lines((line, at) => {
        if (line !== '') after = take(lane, request, at, JSON.parse(line));
      }),
    });
    const well = ended === 'over' || ended === 'ended' || ended === 'aborted';
    sample({ kind: 'response', request, at: now(), ok: well });
    if (ended === 'over') return;
    if (!well) sample({ kind: 'trouble', at: now(), reason: ended });
    await pause(RETRY_MS, signal);
    if (ended === 'ended' && lane.over?.()) return;
  }
};
