/**
 * One HTTP/1.x head (RFC 9112 sections 2 to 6): where it ends, what it says, how its body is delimited. Pure.
 * A bare LF is accepted as a line end, and empty lines may come first (section 2.2): Node's own parser accepts both.
 */
import { Hold, latin1, part } from './hold.ts';

/** The start line without its line end, and the fields. header() takes a name in any case, and joins repeated fields by ', '. */
export interface Head {
  line: string;
  header(name: string): string | undefined;
}

/** A request's head: method and target as sent, version '1.1' or '1.0', header() as in Head. */
export interface RequestHead {
  method: string;
  target: string;
  version: string;
  header(name: string): string | undefined;
}

/** A response's head: version '1.1' or '1.0', header() as in Head. */
export interface ResponseHead {
  status: number;
  version: string;
  header(name: string): string | undefined;
}

/** The body after a head: its length in bytes, chunked, until the connection closes, or 'invalid' = the head does not say. */
export type BodyLength = number | 'chunked' | 'close' | 'invalid';

/** The longest head that is read (bytes). Node's own limit is 16 KiB, so only a broken peer gets here. */
export const HEAD_LIMIT = 65536;

const CR = 13;
const LF = 10;
const COLON = 0x3a;
const REQUEST_LINE = /^([!#$%&'*+.^_`|~\w-]+) +(\S+) +HTTP\/(1\.\d) *$/;
const STATUS_LINE = /^HTTP\/(1\.\d) +(\d{3})(?: |$)/;

/** Reads one head, however the input is cut. */
export class HeadReader {
  /** The blank line has been read. If not, and read() stopped before the end of its input, the head is too long. */
  complete = false;
  private size = 0;
  private begun = false;
  private blank = true;
  private whole: Uint8Array | undefined;
  private held: Hold | undefined;

  /** Reads on from offset `from`. Returns the offset just after the bytes that belong to the head. */
  read(bytes: Uint8Array, from: number): number {
    const limit = Math.min(bytes.length, from + HEAD_LIMIT - this.size);
    let { begun, blank } = this;
    let at = from;
    while (at < limit) {
      const byte = bytes[at++];
      if (byte === LF) {
        this.complete = blank && begun;
        if (this.complete) break;
        blank = true;
      } else if (byte !== CR) {
        begun = true;
        blank = false;
      }
    }
    this.begun = begun;
    this.blank = blank;
    this.size += at - from;
    const piece = part(bytes, from, at);
    if (this.complete && this.held === undefined) {
      this.whole = piece;
    } else {
      this.held ??= new Hold();
      this.held.add(piece);
    }
    return at;
  }

  /** Everything read so far, in one piece: a view of the input if the head was not cut, as most are not. */
  bytes(): Uint8Array {
    return this.whole ?? (this.held as Hold).bytes();
  }

  /** Parses the complete head. Fields are searched for only when asked for: of some ten in a head, two matter. */
  parse(): Head {
    const text = latin1(this.bytes());
    let start = 0;
    while (text[start] === '\r' || text[start] === '\n') start++;
    const end = text.indexOf('\n', start);
    return { line: text.slice(start, end).trimEnd(), header: (name) => field(text, end + 1, name.toLowerCase()) };
  }
}

/** The value of a field in the lines from `at` on. Repeated ones are joined by ', '. */
function field(text: string, at: number, name: string): string | undefined {
  let value: string | undefined;
  for (let end = text.indexOf('\n', at); end !== -1; at = end + 1, end = text.indexOf('\n', at)) {
    const colon = at + name.length;
    if (text.charCodeAt(colon) !== COLON || text.slice(at, colon).toLowerCase() !== name) continue;
    const more = text.slice(colon + 1, end).trim();
    value = value === undefined ? more : `${value}, ${more}`;
  }
  return value;
}

/** A head read as a request's, or undefined if its first line is not a request line of HTTP/1.x. */
export function requestHead(head: Head): RequestHead | undefined {
  const [, method, target, version] = REQUEST_LINE.exec(head.line) ?? [];
  if (method === undefined || target === undefined || version === undefined) return undefined;
  return { method, target, version, header: head.header };
}

/** A head read as a response's, or undefined if its first line is not a status line of HTTP/1.x. */
export function responseHead(head: Head): ResponseHead | undefined {
  const [, version, status] = STATUS_LINE.exec(head.line) ?? [];
  if (version === undefined || status === undefined) return undefined;
  return { status: Number(status), version, header: head.header };
}

/** Whether the bytes after this request depend on its response: an Upgrade (RFC 9110 section 7.8), or a CONNECT. */
export function asksToSwitch(head: RequestHead): boolean {
  if (head.method === 'CONNECT') return true;
  return head.header('upgrade') !== undefined && /(^|,)\s*upgrade\s*(,|$)/i.test(head.header('connection') ?? '');
}

/** The body of a request (RFC 9112 section 6.3): none unless it is declared, and never "until the connection closes". */
export function requestBody(head: RequestHead): BodyLength {
  const length = declaredBody(head);
  if (length !== 'close') return length;
  return head.header('transfer-encoding') === undefined ? 0 : 'invalid';
}

/** The body of a response (RFC 9112 section 6.3): none to a HEAD or with 204 or 304, whatever the fields say. */
export function responseBody(head: ResponseHead, method: string | undefined): BodyLength {
  if (method === 'HEAD' || head.status === 204 || head.status === 304) return 0;
  return declaredBody(head);
}

/** The body that the fields declare. Chunked overrides Content-Length; a length that is repeated counts once (RFC 9110 section 8.6). */
function declaredBody(head: Pick<Head, 'header'>): BodyLength {
  const coding = head.header('transfer-encoding');
  if (coding !== undefined) return /(^|[,\s])chunked$/i.test(coding) ? 'chunked' : 'close';
  const declared = head.header('content-length');
  if (declared === undefined) return 'close';
  if (/^\d{1,15}$/.test(declared)) return Number(declared);
  const [first = '', ...others] = declared.split(/\s*,\s*/);
  const length = /^\d+$/.test(first) ? Number(first) : Number.NaN;
  return Number.isSafeInteger(length) && others.every((other) => other === first) ? length : 'invalid';
}
