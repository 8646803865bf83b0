/** What is no request, or no handshake that is taken: refused in words, and its connection let go. */
import { expect, test } from 'vitest';
import { upgrade } from '../helpers/frames.ts';
import { rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer } from '../helpers/server.ts';

test.for([
  ['no request at all', 'what is this\r\n\r\n', 400, 'not-http'],
  [
    'a head that is too large',
    `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`,
    431,
    'head-too-large',
  ],
] as const)('%s is refused in words', async ([, bytes, status, error]) => {
  const server = await startServer();
  const answer = readAnswer(await rawConnection(server.port, bytes).ended());
  expect(answer?.status).toBe(status);
  expect(JSON.parse(String(answer?.body))).toEqual({ error, message: expect.stringMatching(/\w+ \w+/) });
  expect(answer?.headers.connection).toBe('close');
});

test.for([
  ['in HTTP/1.0', upgrade('/control').replace('HTTP/1.1', 'HTTP/1.0'), 426],
  ['from a foreign page', upgrade('/push/websocket', { Origin: 'http://evil.example' }), 403],
  ['with an Origin of null', upgrade('/classroom', { Origin: 'null' }), 403],
  ['to a path that cannot be read', upgrade('/chat/%'), 400],
] as const)(
  'a handshake %s is refused, and its connection ended though its client stays',
  async ([, bytes, status]) => {
    const server = await startServer();
    const connection = rawConnection(server.port, bytes);
    expect(readAnswer(await connection.ended())?.status).toBe(status);
    await server.disconnected();
  },
);
