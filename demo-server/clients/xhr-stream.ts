/**
 * XHR streaming: an answer that never ends; one JSON text a line, an empty line is a heartbeat.
 * @see https://www.rfc-editor.org/rfc/rfc6202#section-3
 *
 * A program has what a browser's script lacks: it reads each piece as it comes, and forgets it.
 */
import { now, pause, RETRY_MS, type Receive } from '../measure/lane.ts';
import { type Connected, lines, pushUrl, readStream, take } from './client.ts';

export const receive: Receive<Connected> = async (lane) => {
  const { signal, sample } = lane;
  let after = 0;
  for (let request = 1; !signal.aborted; request += 1) {
    sample({ kind: 'request', request, at: now() });
    const ended = await readStream(lane, {
      url: pushUrl(lane, 'xhr-stream', after),
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
