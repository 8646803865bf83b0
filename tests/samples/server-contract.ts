/** What every WebSocket server among the samples has to do, whatever its language: echo, refuse, limit, survive. */
import { expect, onTestFinished } from 'vitest';
import { WebSocket as Client } from 'ws';
import { upgrade } from '../helpers/frames.ts';
import { rawConnection } from '../helpers/raw.ts';

export interface Served {
  port: number;
  path: string;
  /** The Origin that the sample lets in. */
  origin: string;
  /** Headers that its clients need besides, such as a session's cookie. */
  headers?: Record<string, string>;
  /** The close code that a message over its limit gets; 1009 unless given. */
  tooBig?: number;
  /** Whether it refuses programs that send no Origin, too; false unless given. */
  browsersOnly?: boolean;
  /** The text that comes back for one that was sent; the same unless given. */
  answer?: (word: string) => string;
}

/** The status line that a handshake with this Origin gets; none = as a program that is no browser. */
async function handshake(served: Served, origin?: string, host = `localhost:${served.port}`): Promise<string> {
  const { port, path, headers } = served;
  const from = origin === undefined ? {} : { Origin: origin };
  const connection = rawConnection(port, upgrade(path, { Host: host, ...from, ...headers }));
  const answer = await connection.until((bytes) => bytes.includes('\r\n\r\n'));
  connection.destroy();
  return answer.toString('latin1').split('\r\n')[0] ?? '';
}

function open({ port, path, origin, headers }: Served): Client {
  const socket = new Client(`ws://127.0.0.1:${port}${path}`, {
    headers: { ...headers, host: `localhost:${port}`, origin },
    perMessageDeflate: false,
  });
  onTestFinished(() => socket.terminate());
  return socket;
}

/** Sends a word and resolves with the first message that comes back. */
function converse(served: Served, word: string): Promise<string> {
  const socket = open(served);
  return new Promise((resolve, reject) => {
    socket.on('open', () => socket.send(word));
    socket.on('message', (data) => resolve(String(data)));
    socket.on('error', reject);
  });
}

/** Sends one message and resolves with the code that the connection is closed with. */
function closedFor(served: Served, message: string): Promise<number> {
  const socket = open(served);
  return new Promise((resolve, reject) => {
    socket.on('open', () => socket.send(message));
    socket.on('close', resolve);
    socket.on('error', reject);
  });
}

/** A handshake that is refused, by a client that resets the connection at once: nobody's error may end the server. */
async function resetAfterHandshake({ port, path }: Served): Promise<void> {
  const connection = rawConnection(port, upgrade(path, { Host: `localhost:${port}`, Origin: 'https://evil.example' }));
  await new Promise((resolve) => connection.socket.once('connect', resolve));
  connection.socket.resetAndDestroy();
}

/** Holds a server to all of it; the last check shows that it still serves after what was done to it. */
export async function expectSafeServer(served: Served): Promise<void> {
  const { answer = (word) => word } = served;
  const { origin } = served;
  expect(await converse(served, 'hello')).toBe(answer('hello'));
  expect(await handshake(served, 'https://evil.example')).toMatch(/^HTTP\/1\.1 403 /);
  expect(await handshake(served, 'null')).toMatch(/^HTTP\/1\.1 403 /);
  // As after DNS rebinding: Origin and Host agree, and both are foreign.
  const rebound = `evil.example:${served.port}`;
  expect(await handshake(served, `http://${rebound}`, rebound)).toMatch(/^HTTP\/1\.1 4\d\d /);
  expect(await handshake(served, origin)).toMatch(/^HTTP\/1\.1 101 /);
  expect(await handshake(served)).toMatch(served.browsersOnly ? /^HTTP\/1\.1 403 / : /^HTTP\/1\.1 101 /);
  expect(await closedFor(served, 'x'.repeat(70_000))).toBe(served.tooBig ?? 1009);
  for (let times = 0; times < 20; times += 1) await resetAfterHandshake(served);
  expect(await converse(served, 'still there')).toBe(answer('still there'));
}

/**
 * Holds a server that sends to all to its bound: a reader that stops reading is cut off, and the others go on. Sends
 * until the slow one's connection has been closed by the server.
 */
export async function expectSlowReaderCut(served: Served): Promise<void> {
  const slow = open(served);
  await new Promise((resolve) => slow.once('open', resolve));
  slow.pause();
  const cut = new Promise<void>((resolve) => {
    slow.once('close', () => resolve());
    slow.once('error', () => resolve());
  });
  const speaker = open(served);
  await new Promise((resolve) => speaker.once('open', resolve));
  const message = 'm'.repeat(60_000);
  let heard = 0;
  // One at a time: each is sent when the one before has come back, so the fast reader is never behind.
  speaker.on('message', () => {
    heard += 1;
    speaker.send(message);
  });
  speaker.send(message);
  // What the kernel holds for it has to be more than full before the server's own queue grows.
  await expect.poll(() => heard).toBeGreaterThan(400);
  slow.resume();
  await cut;
  expect(speaker.readyState).toBe(Client.OPEN);
}
