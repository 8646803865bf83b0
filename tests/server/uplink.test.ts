/** The way up: a POST for each message, or a frame on the WebSocket; answered, counted in its lane, and refused in words. */
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { MAX_UPLINK_BYTES, TECHNIQUES } from '../../demo-server/protocol.ts';
import { rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer, tenEvents } from '../helpers/server.ts';

function post(path: string, message: unknown): string {
  const body = typeof message === 'string' ? message : JSON.stringify(message);
  const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
  return `${head}\r\n\r\n${body}`;
}
const message = (n: number, data = 'hello') => ({ n, sentAt: 1795162959467.5, data });
const http = TECHNIQUES.filter((id) => id !== 'websocket');

test.each(http)('%s takes a message as a POST and says when it read it', async (id) => {
  const server = await startServer();
  const run = await server.run(tenEvents(id), false);
  const path = `/push/${id}?run=${run.id}`;
  const before = performance.timeOrigin + performance.now();
  const sent = post(path, message(7));
  const connection = rawConnection(server.port, sent);
  const bytes = await connection.until((sofar) => readAnswer(sofar)?.complete === true);
  const answer = readAnswer(bytes);
  expect(answer).toMatchObject({ status: 200, version: id === 'http10' ? '1.0' : '1.1' });
  const { n, at } = JSON.parse(answer?.body.toString() ?? '');
  expect(n).toBe(7);
  expect(at).toBeGreaterThan(before - 1);
  expect(at).toBeLessThan(performance.timeOrigin + performance.now() + 1);
  if (id === 'http10') await connection.ended();
  expect(server.readLedger(run.id).lanes[id]).toMatchObject({
    requests: 1,
    responses: 1,
    uplinkMessages: 1,
    eventsSent: 0,
    wireBytesUp: sent.length,
    wireBytesDown: bytes.length,
    bytes: { up: { body: JSON.stringify(message(7)).length } },
  });
});

test('websocket takes a message as a frame, answers on the same connection, and refuses in words without closing', async () => {
  const server = await startServer();
  const run = await server.run(tenEvents('websocket'), false);
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/push/websocket?run=${run.id}`);
  onTestFinished(() => socket.terminate());
  const answers: { ack?: number; at?: number; error?: string; message?: string }[] = [];
  await new Promise((resolve) => socket.once('open', resolve));
  const answered = new Promise<void>((resolve) => {
    socket.on('message', (bytes) => answers.push(JSON.parse(String(bytes))) === 4 && resolve());
  });
  socket.send('hello');
  socket.send(JSON.stringify({ n: 0 }));
  socket.send(Buffer.from(JSON.stringify(message(1))));
  socket.send(JSON.stringify(message(2, 'x'.repeat(MAX_UPLINK_BYTES))));
  await answered;
  expect(answers).toEqual([
    { error: 'bad-uplink', message: expect.stringContaining('"hello"') },
    { error: 'bad-uplink', message: expect.stringMatching(/n: got 0, takes .*from 1/) },
    { ack: 1, at: expect.any(Number) },
    { ack: 2, at: expect.any(Number) },
  ]);
  expect(server.readLedger(run.id).lanes.websocket).toMatchObject({ requests: 1, uplinkMessages: 4, eventsSent: 0 });
});

test.each([
  ['no JSON', '{', 400, 'bad-request', 'JSON'],
  ['a list', [], 400, 'bad-uplink', '(body): got []'],
  ['no number', { ...message(1), n: '1' }, 400, 'bad-uplink', 'n: got "1", takes'],
  ['a number below 1', message(0), 400, 'bad-uplink', 'n: got 0'],
  ['no time', { n: 1, data: '' }, 400, 'bad-uplink', 'sentAt: got nothing'],
  ['no data', { n: 1, sentAt: 1 }, 400, 'bad-uplink', 'data: got nothing'],
  ['too much data', message(1, 'x'.repeat(MAX_UPLINK_BYTES + 1)), 400, 'bad-uplink', `at most ${MAX_UPLINK_BYTES}`],
  ['far too much', message(1, 'x'.repeat(20_000)), 413, 'too-large', '16384'],
])('%s is refused in words', async (_, body, status, error, words) => {
  const server = await startServer();
  const answer = await fetch(`${server.url}/push/sse`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  expect(answer.status).toBe(status);
  expect(await answer.json()).toMatchObject({ error, message: expect.stringContaining(words) });
});

test('a run that has ended takes no more, and one without the lane none at all', async () => {
  const server = await startServer();
  const run = await server.run(tenEvents('sse'), false);
  const ask = (path: string): Promise<Response> =>
    fetch(server.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(message(1)),
    });
  expect((await ask(`/push/polling?run=${run.id}`)).status).toBe(404);
  await fetch(`${server.url}/runs/${run.id}`, { method: 'DELETE' });
  const late = await ask(`/push/sse?run=${run.id}`);
  expect(late.status).toBe(410);
  expect(await late.json()).toMatchObject({ error: 'run-finished', message: expect.stringContaining(run.id) });
});
