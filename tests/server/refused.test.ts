/** What is no request, or no handshake that is taken: refused in words, and its connection let go. */
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { buildSecondOrigin } from '../../demo-server/exhibits/second-origin.ts';
import { upgrade } from '../helpers/frames.ts';
import { get, rawConnection, readAnswer } from '../helpers/raw.ts';
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

test('what follows a response that is under way and is no request ends the connection, and adds nothing to the body', async () => {
  const server = await startServer();
  const stream = rawConnection(server.port, get('/push/sse', {}, '1.0'));
  await stream.until((received) => received.includes('\r\n\r\n'));
  stream.socket.write('what is this\r\n\r\n');
  const text = (await stream.ended()).toString();
  expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(text).not.toContain('not-http');
});

test('what follows a request that still waits for its response is not refused in the place of that response', async () => {
  const server = await startServer();
  const run = await server.run({ durationSeconds: 900, techniques: ['long-poll'] }, false);
  const poll = rawConnection(server.port, get(`/push/long-poll?run=${run.id}&after=0`));
  await server.asked(run.id, 'long-poll');
  poll.socket.write('what is this\r\n\r\n');
  expect((await poll.ended()).toString()).toBe('');
});

test('a handshake behind a response that is not over adds nothing to its body, and gets its answer behind it', async () => {
  const server = await startServer();
  const run = await server.run({ durationSeconds: 900, techniques: ['long-poll'] }, false);
  const stream = rawConnection(server.port, get('/push/fetch-stream'));
  await stream.until((received) => received.includes('\r\n\r\n'));
  stream.socket.write(upgrade('/echo'));
  await stream.until((received) => received.toString().split('"seq"').length > 2);
  expect(stream.received().toString()).not.toContain('101 Switching');
  const poll = rawConnection(server.port, get(`/push/long-poll?run=${run.id}&after=0`) + upgrade('/echo'));
  await server.asked(run.id, 'long-poll');
  await fetch(`${server.url}/runs/${run.id}`, { method: 'DELETE' });
  const text = (await poll.ended()).toString();
  expect(text).toMatch(/^HTTP\/1\.1 \d{3} (?!Switching)[\s\S]*HTTP\/1\.1 426 Upgrade Required\r\n/);
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

const UNKNOWN_EXPECTATION = {
  error: 'unknown-expectation',
  message: expect.stringMatching(/"200-ok", takes 100-continue/),
};

test.for(['GET', 'POST'] as const)(
  'a %s that expects what nobody knows is refused in words, and counted',
  async (method) => {
    const server = await startServer();
    const run = await server.run({ durationSeconds: 900, techniques: ['polling'] }, false);
    const request = get(`/push/polling?run=${run.id}`, { Expect: '200-ok', Connection: 'close' }).replace(
      'GET',
      method,
    );
    const bytes = await rawConnection(server.port, request).ended();
    const answer = readAnswer(bytes);
    expect(answer?.status).toBe(417);
    expect(JSON.parse(String(answer?.body))).toEqual(UNKNOWN_EXPECTATION);
    await server.disconnected();
    const lane = server.readLedger(run.id).lanes.polling;
    expect(lane).toMatchObject({ requests: 1, responses: 1, unaccountedBytes: 0 });
    const sum = (bytes: object): number => Object.values(bytes).reduce((all, one) => all + one, 0);
    expect([sum(lane?.bytes.up ?? {}), sum(lane?.bytes.down ?? {})]).toEqual([request.length, bytes.length]);
  },
);

test('a request that expects 100-continue is answered', async () => {
  const server = await startServer();
  const request = get('/healthz', { Expect: '100-Continue', Connection: 'close' });
  const text = (await rawConnection(server.port, request).ended()).toString();
  expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
});

test('the second origin refuses an expectation that nobody knows in words, too', async () => {
  const app = buildSecondOrigin();
  onTestFinished(() => app.close());
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const request = get('/', { Host: `localhost:${port}`, Expect: '200-ok', Connection: 'close' });
  const answer = readAnswer(await rawConnection(port, request).ended());
  expect(answer?.status).toBe(417);
  expect(JSON.parse(String(answer?.body))).toEqual(UNKNOWN_EXPECTATION);
});

test('the servers of HTTP/2 refuse an expectation that nobody knows in words, too', async () => {
  const server = await startServer();
  const { silent } = await (await fetch(`${server.url}/probe/http2`, { method: 'POST' })).json();
  const client = connect(`https://localhost:${silent}`, { rejectUnauthorized: false });
  onTestFinished(() => client.destroy());
  const stream = client.request({ ':path': '/healthz', expect: '200-ok' });
  const status = new Promise((resolve) => stream.once('response', (headers) => resolve(headers[':status'])));
  let body = '';
  for await (const chunk of stream) body += chunk;
  expect(await status).toBe(417);
  expect(JSON.parse(body)).toEqual(UNKNOWN_EXPECTATION);
});
