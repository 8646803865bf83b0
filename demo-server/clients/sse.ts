/**
 * Server-Sent Events as HTML 9.2 wants them read: fields, reconnection after the server's own delay, Last-Event-ID. What
 * EventSource does by itself is done here by hand, as Node has none without a flag.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
import { now, pause, RETRY_MS, type Receive } from '../measure/lane.ts';
import { type Connected, pushUrl, readStream, take } from './client.ts';

export const receive: Receive<Connected> = async (lane) => {
  const { signal, sample } = lane;
  let after = 0;
  let retryMs = RETRY_MS;
  for (let request = 1; !signal.aborted; request += 1) {
    sample({ kind: 'request', request, at: now() });
    const ended = await readStream(lane, {
      // As EventSource does: the address stays what it was, the header says where it stopped.
      url: pushUrl(lane, 'sse', 0),
      overStatus: 204,
      type: 'text/event-stream',
      headers: { accept: 'text/event-stream', ...(after > 0 ? { 'last-event-id': String(after) } : {}) },
      read: eventStream({
        message: (data, at) => {
          after = take(lane, request, at, JSON.parse(data));
        },
        retry: (ms) => {
          retryMs = ms;
        },
      }),
    });
    const well = ended === 'over' || ended === 'ended' || ended === 'aborted';
    sample({ kind: 'response', request, at: now(), ok: well });
    if (ended === 'over') return;
    if (!well) sample({ kind: 'trouble', at: now(), reason: ended });
    await pause(retryMs, signal);
    if (ended === 'ended' && lane.over?.()) return;
  }
};

/** Reads an event stream in pieces; a line ends with LF, CRLF or CR, a message with an empty line. */
function eventStream(to: { message(data: string, at: number): void; retry(ms: number): void }) {
  let rest = '';
  let data: string[] = [];
  return (text: string, at: number): void => {
    rest += text;
    // A CR at the end may be half of a CRLF: it waits for what comes next.
    const whole = rest.endsWith('\r') ? rest.slice(0, -1) : rest;
    const parts = whole.split(/\r\n|\n|\r/);
    const open = parts.pop() ?? '';
    rest = open + rest.slice(whole.length);
    for (const line of parts) {
      const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
      if (name === 'data') data.push(value);
      else if (name === 'retry' && /^\d+$/.test(value)) to.retry(Number(value));
      else if (line === '' && data.length > 0) {
        to.message(data.join('\n'), at);
        data = [];
      }
    }
  };
}
