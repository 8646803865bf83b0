/** What is wrong with what a server has said to a client that sent garbage. */

const STACK = /\n {2,}at |node:internal|\.ts:\d+:\d+/;
/** Refusals of a busy server are no failure of it. */
const BUSY = ['too-many-runs', 'room-full', 'too-many-rooms', 'no-http2', 'no-nginx'];

interface Answer {
  status: number;
  headers: string;
  body: Buffer;
}

/** Each answer that came whole, up to where the connection became something else; `headOnly` = none of them has a body. */
function answers(bytes: Buffer, headOnly: boolean): Answer[] {
  const found: Answer[] = [];
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n\r\n', at);
    if (end < 0 || bytes.subarray(at, at + 5).toString('latin1') !== 'HTTP/') return found;
    const head = bytes.subarray(at, end).toString('latin1');
    const status = Number(head.slice(9, 12));
    at = end + 4;
    if (status === 101) return found;
    if (status < 200) continue;
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
    if (/\r\ntransfer-encoding/i.test(head) && !headOnly) {
      const whole = bytes.subarray(at, bytes.indexOf('\r\n0\r\n\r\n', at) + 2);
      const body = whole.length > 0 ? [unchunked(whole)] : [];
      return [...found, ...body.map((body) => ({ status, headers: head, body }))];
    }
    const body =
      headOnly || status === 204 || status === 304
        ? Buffer.alloc(0)
        : bytes.subarray(at, at + Number(length ?? bytes.length));
    if (body.length < Number(length ?? 0) && !headOnly && status !== 304) return found;
    found.push({ status, headers: head, body });
    at += body.length;
  }
}

/** The body in these chunks, which are all but the last one. */
function unchunked(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const line = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16);
    if (line < 0 || Number.isNaN(size)) break;
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = line + 4 + size;
  }
  return Buffer.concat(parts);
}

function wrongWith({ status, headers, body }: Answer, headOnly: boolean): string | undefined {
  if (status < 400 || headOnly) return status >= 500 ? `${status}` : undefined;
  const text = body.toString();
  if (text.trim() === '') return `${status} without a word`;
  if (!/\r\ncontent-type: application\/json/i.test(headers))
    return status >= 500 ? `${status} ${text.slice(0, 100)}` : undefined;
  let refusal: unknown;
  try {
    refusal = JSON.parse(text);
  } catch {
    return `${status} with a body that is no JSON: ${text.slice(0, 100)}`;
  }
  // The techniques that answer lists give the last events of a run that has ended with this status.
  if (status === 410 && Array.isArray((refusal as { events?: unknown }).events)) return undefined;
  const { error, message, ...rest } = refusal as Record<string, unknown>;
  const others = Object.keys(rest).filter((name) => name !== 'faults');
  if (
    typeof error !== 'string' ||
    !/^[a-z0-9-]+$/.test(error) ||
    typeof message !== 'string' ||
    message.length < 12 ||
    others.length > 0
  )
    return `${status} in another shape than refusals have: ${text.slice(0, 200)}`;
  if (status >= 500 && !(status === 503 && BUSY.includes(error))) return `${status} ${error}: ${message}`;
  return undefined;
}

/** The type of the frame that an HTTP/2 server says first; in the fourth byte of HTTP/1.1 there is a letter. */
const SETTINGS = 4;

/** Whether a response in HTTP/2 begins with `:status 500`, entry 14 of HPACK's static table (RFC 7541, appendix A). */
function refusedByFault(bytes: Buffer): boolean {
  for (let at = 0; at + 9 < bytes.length; at += 9 + bytes.readUIntBE(at, 3))
    if (bytes[at + 3] === 1 && bytes[at + 9] === 0x8e) return true;
  return false;
}

/** The first thing that is wrong with all that came on one connection; undefined where nothing is. `asked` = what was sent. */
export function judge(received: Buffer, asked: Buffer): string | undefined {
  if (received[3] === SETTINGS && refusedByFault(received)) return '500 over HTTP/2';
  if (STACK.test(received.toString('latin1'))) return `a stack trace: ${received.toString('latin1').slice(0, 400)}`;
  // Answers to HEAD tell the length of a body that does not come.
  const headOnly = /HEAD /i.test(asked.toString('latin1'));
  for (const answer of answers(received, headOnly)) {
    const wrong = wrongWith(answer, headOnly);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}
