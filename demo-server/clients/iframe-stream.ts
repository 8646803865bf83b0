/**
 * Hidden-iframe streaming: a page that never finishes loading. A program has no frame: it reads the scripts, one a line,
 * and takes what each would call its parent with.
 * @see https://www.rfc-editor.org/rfc/rfc6202#section-3
 */
import { now, pause, RETRY_MS, type Receive } from '../measure/lane.ts';
import { type Connected, lines, pushUrl, readStream, take } from './client.ts';

/** A line of the page behind its head; without anything in the brackets it is the heartbeat. */
const SCRIPT = /^<script>p\((.+)\)<\/script>$/;

export const receive: Receive<Connected> = async (lane) => {
  const { signal, sample } = lane;
  let after = 0;
  for (let request = 1; !signal.aborted; request += 1) {
    sample({ kind: 'request', request, at: now() });
    const ended = await readStream(lane, {
      url: pushUrl(lane, 'iframe-stream', after),
      overStatus: 410,
      type: 'text/html',
      read: lines((line, at) => {
        const [, call] = SCRIPT.exec(line) ?? [];
        if (call !== undefined) after = take(lane, request, at, JSON.parse(call));
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
