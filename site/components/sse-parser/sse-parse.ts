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

/** What a line did. `nothing`: a blank line without data to dispatch; `unknown`: a field that the format does not have. */
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
  /** What the end of the stream discarded: a line without its end, and what no blank line has dispatched. */
  discarded: { line: string; data: string; type: string };
}

const BOM = '\uFEFF';

/** Reads a stream that arrives in `pieces`, then ends. However it was cut, the outcome is the same. */
export function parseStream(pieces: Iterable<Uint8Array>): Outcome {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const parser = new Parser();
  for (const piece of pieces) parser.read(decoder.decode(piece, { stream: true }));
  parser.read(decoder.decode());
  return parser.end();
}

class Parser {
  readonly #outcome: Outcome = {
    bom: false,
    steps: [],
    dispatches: [],
    lastEventId: '',
    retryMs: undefined,
    discarded: { line: '', data: '', type: '' },
  };
  readonly #buffers: Buffers = { data: '', type: '', id: '' };
  #line = '';
  #begun = false;

  read(text: string): void {
    if (text === '') return;
    let from = 0;
    if (!this.#begun) {
      this.#begun = true;
      this.#outcome.bom = text.startsWith(BOM);
      if (this.#outcome.bom) from = 1;
    }
    for (let at = from; at < text.length; at += 1) {
      const end = text[at];
      if (end !== '\n' && end !== '\r') continue;
      const piece = text.slice(from, at);
      from = at + 1;
      const last = this.#outcome.steps.at(-1);
      // The LF of a CR LF, whose line has ended already; nothing can stand between the two.
      if (end === '\n' && piece === '' && this.#line === '' && last?.end === '\r') {
        last.end = '\r\n';
        continue;
      }
      this.#outcome.steps.push(this.#take(this.#line + piece, end));
      this.#line = '';
    }
    this.#line += text.slice(from);
  }

  end(): Outcome {
    const { data, type } = this.#buffers;
    this.#outcome.discarded = { line: this.#line, data, type };
    return this.#outcome;
  }

  #take(line: string, end: '\n' | '\r'): Step {
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    const step: Step = { line, end, deed: 'unknown', field, value, after: this.#buffers };
    if (line === '') {
      const dispatched = this.#dispatch();
      step.deed = dispatched ? 'dispatch' : 'nothing';
      if (dispatched) step.dispatched = dispatched;
    } else step.deed = colon === 0 ? 'comment' : this.#note(field, value);
    step.after = { ...this.#buffers };
    return step;
  }

  #note(field: string, value: string): Deed {
    switch (field) {
      case 'data':
        this.#buffers.data += `${value}\n`;
        return 'data';
      case 'event':
        this.#buffers.type = value;
        return 'event';
      case 'id':
        if (value.includes('\0')) return 'idWithNull';
        this.#buffers.id = value;
        return 'id';
      case 'retry':
        if (!/^[0-9]+$/.test(value)) return 'retryNoDigits';
        this.#outcome.retryMs = Number(value);
        return 'retry';
      default:
        return 'unknown';
    }
  }

  /** The blank line: what was gathered becomes an event, if there is data at all. The id counts in either case. */
  #dispatch(): Dispatch | undefined {
    const { data, type, id } = this.#buffers;
    this.#outcome.lastEventId = id;
    this.#buffers.data = '';
    this.#buffers.type = '';
    if (data === '') return undefined;
    const dispatched = { type: type || 'message', data: data.slice(0, -1), lastEventId: id };
    this.#outcome.dispatches.push(dispatched);
    return dispatched;
  }
}
