/** The event, and the envelopes that the techniques put it into. */

/** One numbered message of the feed. `sentAt` is in ms since the epoch by the server's clock, with fractions. */
export interface PushEvent {
  seq: number;
  sentAt: number;
  data: string;
}

/** The event's own JSON. `sentAt` always has three decimals, so that the same seed makes the same number of bytes. */
export function eventJson(event: PushEvent): string {
  return `{"seq":${event.seq},"sentAt":${event.sentAt.toFixed(3)},"data":${JSON.stringify(event.data)}}`;
}

/** What `http10`, `keep-alive`, `polling` and `long-poll` answer. `next` = the cursor to send as `after`. */
export interface EventList {
  events: PushEvent[];
  next: number;
  reset?: true;
}

/** Encodes an EventList from events that are JSON already, so that their bytes stand in the body unchanged. */
export function eventListJson(events: readonly string[], next: number, reset: boolean): string {
  return `{"events":[${events.join(',')}],"next":${next}${reset ? ',"reset":true' : ''}}`;
}

/**
 * What a stream says instead of events that it no longer has: the reader's cursor was older than the replay ring.
 * `next` is the cursor from which the stream goes on.
 */
export interface ResetNotice {
  reset: true;
  next: number;
}

/** The reset notice as JSON, without white space. */
export function resetJson(next: number): string {
  return `{"reset":true,"next":${next}}`;
}

/** One event in the form of an event stream (HTML 9.2.5): its id, its data, and the blank line that dispatches it. */
export function sseEvent(id: number, json: string): string {
  return `id: ${id}\ndata: ${json}\n\n`;
}

/**
 * What a streamed page begins with: the function `p` that hands on to the parent what a script calls it with, and
 * takes the script out of the page. `callback` names the parent's function; the route lets only an identifier through.
 * A parent of another origin has no functions for the frame: with `origin`, its page is sent messages instead.
 */
export function iframeHead(callback: string, origin?: string): string {
  const call = origin === undefined ? `parent.${callback}(e)` : `parent.postMessage({${callback}:e},"${origin}")`;
  return `<!doctype html><meta charset="utf-8"><script>function p(e){document.currentScript.remove();${call}}</script>\n`;
}

/**
 * One event (or notice) as a script; without JSON it is the heartbeat, which only shows that the stream lives. JSON is
 * not safe inside a script element: the HTML parser looks for `</script` before any program is read, in strings as well
 * (HTML 4.12.1.3), and before ES2019 U+2028 and U+2029 ended a line of program. Written as `\u003c` and so on they are
 * the same characters to the program, and nothing to the parser. In JSON all three can only stand in strings.
 */
export function iframeScript(json: string): string {
  const safe = json.replace(/[<\u2028\u2029]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `<script>p(${safe})</script>\n`;
}

/** How many events the state of `http10` and `keep-alive` holds: the last so many, as a page reload showed them. */
export const STATE_EVENTS = 20;
