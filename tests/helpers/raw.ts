/** A client that shows the bytes as they are: opens a TCP connection, sends what it is given, keeps what comes back. */
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface RawConnection {
  socket: Socket;
  /** Everything received so far. */
  received(): Buffer;
  /** Resolves with everything received as soon as `enough` returns true. Rejects if the connection ends first. */
  until(enough: (received: Buffer) => boolean): Promise<Buffer>;
  /** Resolves with everything received when the server has ended the connection, or it has broken. */
  ended(): Promise<Buffer>;
  destroy(): void;
}

/** Connects to loopback and sends `bytes` (a string as latin1). */
export function rawConnection(port: number, bytes: string | Buffer = ''): RawConnection {
  const chunks: Buffer[] = [];
  const waiting = new Set<() => void>();
  let over = false;
  const socket = connect({ port, host: '127.0.0.1' });
  onTestFinished(() => void socket.destroy());
  const wake = (): void => {
    for (const check of [...waiting]) check();
  };
  socket.on('data', (chunk) => {
    chunks.push(chunk as Buffer);
    wake();
  });
  socket.on('error', () => {});
  for (const event of ['end', 'close']) {
    socket.on(event, () => {
      over = true;
      wake();
    });
  }
  if (bytes.length > 0) socket.write(bytes as string, 'latin1');
  const received = (): Buffer => Buffer.concat(chunks);
  function wait(ready: () => boolean, failsWhenOver: boolean): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const done = ready();
        if (!done && !(over && failsWhenOver)) return;
        waiting.delete(check);
        if (done) resolve(received());
        else
          reject(new Error(`the connection ended after ${JSON.stringify(received().toString('latin1').slice(-400))}`));
      };
      waiting.add(check);
      check();
    });
  }
  return {
    socket,
    received,
    until: (enough) => wait(() => enough(received()), true),
    ended: () => wait(() => over, false),
    destroy: () => void socket.destroy(),
  };
}

/** A GET as a simple client sends it. */
export function get(path: string, headers: Record<string, string> = {}, version = '1.1'): string {
  const lines = Object.entries({ Host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/${version}\r\n${lines.join('')}\r\n`;
}

/** An HTTP response as far as it has arrived: status, headers, and the bytes of the body without framing. */
export interface Answer {
  status: number;
  version: string;
  headers: Record<string, string>;
  body: Buffer;
  /** The whole body has arrived: its length is reached, or its last chunk. Always false if only the end of the connection shows it. */
  complete: boolean;
}

/** Reads the first response in `bytes`; undefined until its head is complete. Shares no code with the meter, so that it can check it. */
export function readAnswer(bytes: Buffer): Answer | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [statusLine = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const [, version = '', status = ''] = /^HTTP\/(\d\.\d) (\d{3})/.exec(statusLine) ?? [];
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const rest = bytes.subarray(end + 4);
  const answer = { version, status: Number(status), headers };
  if (headers['transfer-encoding'] === 'chunked') return { ...answer, ...dechunk(rest) };
  const length = headers['content-length'];
  if (length === undefined) return { ...answer, body: rest, complete: answer.status === 204 };
  return { ...answer, body: rest.subarray(0, Number(length)), complete: rest.length >= Number(length) };
}

function dechunk(bytes: Buffer): { body: Buffer; complete: boolean } {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return { body: Buffer.concat(parts), complete: false };
    const size = Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16);
    if (size === 0) return { body: Buffer.concat(parts), complete: bytes.length >= line + 4 };
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
    if (at > bytes.length) return { body: Buffer.concat(parts), complete: false };
  }
}
