/** The event, and the envelopes in which the techniques send it. */

/** One numbered message of the feed. `sentAt` is in ms since the epoch by the server's clock, with fractions. */
export interface PushEvent {
  seq: number;
  sentAt: number;
  data: string;
}

/** The JSON of an event. `sentAt` always has three decimals, so that runs of the same seed have the same number of bytes. */
export function eventJson(event: PushEvent): string {
  return `{"seq":${event.seq},"sentAt":${event.sentAt.toFixed(3)},"data":${JSON.stringify(event.data)}}`;
}

/** The response of `http10`, `keep-alive`, `polling` and `long-poll`. `next` = the cursor to send as `after` in the next request. */
export interface EventList {
  events: PushEvent[];
  next: number;
  reset?: true;
}

/** Encodes an EventList from events that are JSON already, so that their bytes are in the body unchanged. */
export function eventListJson(events: readonly string[], next: number, reset: boolean): string {
  return `{"events":[${events.join(',')}],"next":${next}${reset ? ',"reset":true' : ''}}`;
}

/**
 * What a stream sends in place of events that are no longer kept, because the reader's cursor was older than the replay ring.
 * `next` is the cursor from which the stream continues.
 */
export interface ResetNotice {
  reset: true;
  next: number;
}

/** The reset notice as JSON, without spaces. */
export function resetJson(next: number): string {
  return `{"reset":true,"next":${next}}`;
}

/** One event in the format of an event stream (HTML 9.2.5): its id, its data, and the blank line that dispatches it. */
export function sseEvent(id: number, json: string): string {
  return `id: ${id}\ndata: ${json}\n\n`;
}

/**
 * The beginning of a streamed page: the function `p`, which passes its argument to the parent and removes the script that
 * called it. `callback` names the parent's function; the route accepts only an identifier. A frame cannot call functions of a
 * parent of another origin: with `origin`, the parent gets messages instead.
 */
export function iframeHead(callback: string, origin?: string): string {
  const call = origin === undefined ? `parent.${callback}(e)` : `parent.postMessage({${callback}:e},"${origin}")`;
  return `<!doctype html><meta charset="utf-8"><script>function p(e){document.currentScript.remove();${call}}</script>\n`;
}

/**
 * One event (or notice) as a script. Without JSON it is the heartbeat, which only shows that the stream is alive. JSON is
 * not safe inside a script element: the HTML parser looks for `</script` before any JavaScript is parsed, in strings as well
 * (HTML 4.12.1.3), and before ES2019 U+2028 and U+2029 ended a line of JavaScript. Escaped as `\u003c` and so on they are the
 * same characters to JavaScript, and harmless to the HTML parser. In JSON all three can only occur in strings.
 */
export function iframeScript(json: string): string {
  const safe = json.replace(/[<\u2028\u2029]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `<script>p(${safe})</script>\n`;
}

/** How many events the state of `http10` and `keep-alive` holds: the latest ones, as a page that is reloaded would show them. */
export const STATE_EVENTS = 20;

/** How often the server shows that a silent stream or socket is alive (ms). A WebSocket that leaves a Ping unanswered until the next is cut. */
export const HEARTBEAT_MS = 15_000;
