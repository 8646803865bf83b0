/**
 * An event stream, read as a browser reads it, line by line, with what each line did: HTML 9.2.5 and 9.2.6. Pure.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 *
 * A line ends at CR at once: waiting for an LF that may follow would hold back the event. The LF is skipped when it comes.
 */

/** What a browser hands to the page. */
export interface Dispatch {
  type: string;
  data: string;
  lastEventId: string;
}

/** What is gathered for the next event; `id` stays until another id line. */
export interface Buffers {
  data: string;
  type: string;
  id: string;
}

/** What a line did. `nothing`: a blank line without data to dispatch; `unknown`: a field that there is not. */
export type Deed =
  | 'comment'
  | 'data'
  | 'event'
  | 'id'
  | 'idWithNull'
  | 'retry'
  | 'retryNoDigits'
  | 'unknown'
  | 'dispatch'
  | 'nothing';

/** One complete line, and the buffers after it. */
export interface Step {
  line: string;
  end: '\n' | '\r' | '\r\n';
  deed: Deed;
  field: string;
  value: string;
  after: Buffers;
  dispatched?: Dispatch;
}

/** What became of a stream. */
export interface Outcome {
  /** Whether it began with a byte order mark, which is dropped. */
  bom: boolean;
  steps: Step[];
  dispatches: Dispatch[];
  /** What the browser would send as Last-Event-ID; empty = no such header. */
  lastEventId: string;
  /** The reconnection time that the stream set (ms); undefined = the browser's own. */
  retryMs: number | undefined;
  /** What the end of the stream threw away: a line without its end, and what no blank line has dispatched. */
  discarded: { line: string; data: string; type: string };
}

const BOM = '\uFEFF';

/** Reads a stream that arrives in `pieces`, then ends. However it was cut, the outcome is the same. */
export function parseStream(pieces: Iterable<Uint8Array>): Outcome {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const outcome: Outcome = {
    bom: false,
    steps: [],
    dispatches: [],
    lastEventId: '',
    retryMs: undefined,
    discarded: { line: '', data: '', type: '' },
  };
  const buffers: Buffers = { data: '', type: '', id: '' };
  let line = '';
  let begun = false;

  function read(text: string): void {
    if (text === '') return;
    let from = 0;
    if (!begun) {
      begun = true;
      outcome.bom = text.startsWith(BOM);
      if (outcome.bom) from = 1;
    }
    for (let at = from; at < text.length; at += 1) {
      const end = text[at];
      if (end !== '\n' && end !== '\r') continue;
      const piece = text.slice(from, at);
      from = at + 1;
      const last = outcome.steps.at(-1);
      // The LF of a CR LF, whose line has ended already; nothing can stand between the two.
      if (end === '\n' && piece === '' && line === '' && last?.end === '\r') {
        last.end = '\r\n';
        continue;
      }
      outcome.steps.push(take(line + piece, end));
      line = '';
    }
    line += text.slice(from);
  }

  function take(whole: string, end: '\n' | '\r'): Step {
    const colon = whole.indexOf(':');
    const field = colon < 0 ? whole : whole.slice(0, colon);
    const value = colon < 0 ? '' : whole.slice(colon + 1).replace(/^ /, '');
    const step: Step = { line: whole, end, deed: 'unknown', field, value, after: buffers };
    if (whole === '') {
      const dispatched = dispatch();
      step.deed = dispatched ? 'dispatch' : 'nothing';
      if (dispatched) step.dispatched = dispatched;
    } else step.deed = colon === 0 ? 'comment' : note(field, value);
    step.after = { ...buffers };
    return step;
  }

  function note(field: string, value: string): Deed {
    switch (field) {
      case 'data':
        buffers.data += `${value}\n`;
        return 'data';
      case 'event':
        buffers.type = value;
        return 'event';
      case 'id':
        if (value.includes('\0')) return 'idWithNull';
        buffers.id = value;
        return 'id';
      case 'retry':
        if (!/^[0-9]+$/.test(value)) return 'retryNoDigits';
        outcome.retryMs = Number(value);
        return 'retry';
      default:
        return 'unknown';
    }
  }

  /** The blank line: what was gathered becomes an event, if there is data at all. The id counts in either case. */
  function dispatch(): Dispatch | undefined {
    outcome.lastEventId = buffers.id;
    const { data, type } = buffers;
    buffers.data = '';
    buffers.type = '';
    if (data === '') return undefined;
    const dispatched = { type: type || 'message', data: data.slice(0, -1), lastEventId: buffers.id };
    outcome.dispatches.push(dispatched);
    return dispatched;
  }

  for (const piece of pieces) read(decoder.decode(piece, { stream: true }));
  read(decoder.decode());
  outcome.discarded = { line, data: buffers.data, type: buffers.type };
  return outcome;
}
