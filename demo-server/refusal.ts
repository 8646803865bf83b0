/** A refusal in words: Fastify turns it into the status and the `Refusal` body of protocol.ts. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { Limits } from './limits.ts';
import { type Refusal, type SettingFault, TECHNIQUES } from './protocol.ts';

export class RefusalError extends Error {
  statusCode: number;
  error: string;
  faults: SettingFault[] | undefined;

  /** `error` is a stable word for programs, `message` a sentence for people: what came, what is taken, what to do. */
  constructor(statusCode: number, error: string, message: string, faults?: SettingFault[]) {
    super(message);
    this.statusCode = statusCode;
    this.error = error;
    this.faults = faults;
  }

  body(): Refusal {
    return { error: this.error, message: this.message, ...(this.faults ? { faults: this.faults } : {}) };
  }
}

/** 404 in words, with the way on. */
export function refuseUnknownPath({ method, url }: { method: string; url: string }): never {
  throw new RefusalError(
    404,
    'unknown-path',
    `There is nothing for ${method} ${JSON.stringify(url)}. The techniques are at GET /push/<id> with id one of ${TECHNIQUES.join(', ')}; /docs/api/openapi.json lists every route.`,
  );
}

/**
 * The handler of a route that speaks WebSocket, for a request without an upgrade: 426 in words. A server must name in
 * `Upgrade` what to change to (RFC 9110, 15.5.22), and list that header in `Connection` (RFC 9110, 7.8). Node takes a
 * `Connection` header without `close` for the wish to persist, so what the client has asked for is repeated there.
 */
export async function refusePlainGet({ raw }: FastifyRequest, reply: FastifyReply): Promise<never> {
  reply.header('upgrade', 'websocket');
  reply.header('connection', reply.raw.shouldKeepAlive ? 'upgrade' : 'upgrade, close');
  if (raw.headers.upgrade !== undefined && raw.httpVersion === '1.0')
    throw new RefusalError(
      426,
      'upgrade-in-http10',
      'This handshake came as HTTP/1.0, which cannot upgrade. A proxy on the way lacks proxy_http_version 1.1 or its like.',
    );
  throw new RefusalError(426, 'upgrade-required', 'This route speaks WebSocket; got a plain GET. Connect with ws://.');
}

/** The response that a connection belongs to now, by the name that Node's own handler of broken requests asks for it. */
export function responseUnderWay(socket: Socket): ServerResponse | undefined {
  return (socket as { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined;
}

/** What Node says of bytes that it cannot read as a request → how they are refused; the rest is `not-http`. */
const UNREADABLE: Record<string, { status: string; refusal: Refusal }> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    refusal: { error: 'head-too-large', message: 'The head of this request is too large; at most 16 KiB are taken.' },
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: '413 Payload Too Large',
    refusal: { error: 'too-large', message: 'The chunk extensions of this request are too large; send none.' },
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    refusal: { error: 'too-slow', message: 'The request did not come to its end in time. Send it again.' },
  },
};

/**
 * Refuses what Node cannot read as a request, in words, and closes the connection, as nobody knows where the next request
 * begins. Where a response is under way, the connection is closed without words: they would become part of its body. So it
 * is where a request that was read to its end still waits for its response: they would be taken for that.
 */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const { status, refusal } = UNREADABLE[error.code ?? ''] ?? {
    status: '400 Bad Request',
    refusal: {
      error: 'not-http',
      message: `This cannot be read as a request of HTTP/1.1 (${error.code ?? error.message}). Send a request line, header lines and an empty line, each ended by CR LF, and a body as long as they say.`,
    },
  };
  const body = JSON.stringify(refusal);
  const head = [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  const underWay = responseUnderWay(socket);
  if (socket.writable && !underWay?.headersSent && !underWay?.req.complete)
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}

/** What Fastify refuses before a route sees it, in our words; undefined where it failed for another reason. */
function refusalOf(error: FastifyError, { bodyBytes }: Limits): Refusal | undefined {
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    const message = `The body of this request is too large; at most ${bodyBytes} bytes are taken.`;
    return { error: 'too-large', message };
  }
  return (error.statusCode ?? 500) < 500 ? { error: 'bad-request', message: error.message } : undefined;
}

/** Answers a request that has failed: a refusal with its own status and words, a fault of ours with 500 and a line in the log. */
export function refuseInWords(error: FastifyError | RefusalError, reply: FastifyReply, limits: Limits): void {
  if (error instanceof RefusalError) return void reply.code(error.statusCode).send(error.body());
  const refusal = refusalOf(error, limits);
  if (!refusal) process.stderr.write(`${error.stack}\n`);
  const failure: Refusal = {
    error: 'server-error',
    message: 'The server failed at this request. Its log says more.',
  };
  reply.code(refusal ? (error.statusCode ?? 400) : 500).send(refusal ?? failure);
}

/** 415 in words, for a body of another type. */
export function notJson(type: string | undefined): RefusalError {
  const got = type === undefined ? 'no type' : `type ${JSON.stringify(type)}`;
  return new RefusalError(
    415,
    'not-json',
    `Got a body of ${got}; takes JSON, sent with the header Content-Type: application/json.`,
  );
}

/** 400 in words, for a message towards the server that is none. */
export function refusedUplink(wrong: SettingFault): RefusalError {
  const got = JSON.stringify(wrong.got)?.slice(0, 80) ?? 'nothing';
  const words = `Cannot take this message. ${wrong.field}: got ${got}, takes ${wrong.takes}.`;
  return new RefusalError(400, 'bad-uplink', words);
}

/** 400 in words: every mistake with what came and what is taken. */
export function badInput(error: string, cannot: string, faults: SettingFault[]): RefusalError {
  const words = faults.map(({ field, got, takes }) => `${field}: got ${JSON.stringify(got)}, takes ${takes}`);
  return new RefusalError(400, error, `${cannot}. ${words.join('; ')}.`, faults);
}
