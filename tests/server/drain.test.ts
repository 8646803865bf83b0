/** A server that stops: what it still answers, and with which code its WebSockets end. */
import { once } from 'node:events';
import { expect, test } from 'vitest';
import WebSocket from 'ws';
import { get, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer } from '../helpers/server.ts';

test.for([
  ['/readyz', { status: 'not-ready', reasons: ['The server is stopping.'] }],
  ['/push/polling', { error: 'stopping', message: expect.stringContaining('The server is stopping') }],
] as const)('%s is answered with 503 and the reason while it stops', async ([path, said]) => {
  const server = await startServer();
  // A request whose head is not whole yet keeps its connection, and is whole when the server stops already.
  const connection = rawConnection(server.port, get('/healthz') + get(path).slice(0, -2));
  await connection.until((bytes) => bytes.includes('{"status":"ok"}'));
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/echo`);
  await once(socket, 'open');
  const ended = once(socket, 'close');
  const closed = server.close();
  await ended;
  connection.socket.write('\r\n');
  const bytes = await connection.ended();
  const second = readAnswer(bytes.subarray(bytes.lastIndexOf('HTTP/1.1 ')));
  expect(second).toMatchObject({ status: 503, headers: { connection: 'close' } });
  expect(JSON.parse(String(second?.body))).toMatchObject(said);
  await closed;
});

test('every WebSocket ends with 1012, those of the lab of connections, too', async () => {
  const server = await startServer();
  const lab = 'ab'.repeat(16);
  const sockets: WebSocket[] = [];
  for (const path of [
    `/probe/connections/${lab}`,
    `/probe/connections/${lab}/socket?n=1`,
    '/echo',
    '/push/websocket',
  ]) {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`);
    sockets.push(socket);
    await once(socket, 'open');
  }
  const codes = Promise.all(sockets.map(async (socket) => (await once(socket, 'close'))[0]));
  await server.close();
  expect(await codes).toEqual(sockets.map(() => 1012));
});
