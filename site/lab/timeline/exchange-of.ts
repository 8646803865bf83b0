/** Which recorded exchange a bar of the timeline was. Pure; times in ms since the epoch by the server's clock. */
import type { WireExchange, WireTranscript } from '../../../demo-server/protocol.ts';

/**
 * Index of the exchange that went on while the request did, from `start` to `end`; of several, the one that began nearest
 * to it. −1 where the transcript no longer (or not yet) holds it.
 */
export function exchangeOf({ exchanges }: WireTranscript, start: number, end: number): number {
  let best = -1;
  let distance = Number.POSITIVE_INFINITY;
  exchanges.forEach((exchange, index) => {
    const { startedAt, endedAt } = exchange;
    if (startedAt > end || (endedAt ?? Number.POSITIVE_INFINITY) < start || isUplink(exchange)) return;
    const off = Math.abs(startedAt - start);
    if (off < distance) [best, distance] = [index, off];
  });
  return best;
}

/** What the client sends besides belongs to its lane, but to no bar. */
function isUplink({ segments }: WireExchange): boolean {
  const first = segments.find(({ direction }) => direction === 'up');
  return first !== undefined && atob(first.bytes).startsWith('POST ');
}
