/** The samples for Node run: servers against the contract of all, clients against the demo server and one that restarts. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { startServer } from '../helpers/server.ts';
import { portOf, sample, start } from './samples.ts';
import { expectSafeServer, expectSlowReaderCut } from './server-contract.ts';

/** Runs a sample as a module, where it finds the project's packages. */
function run(title: string, args: string[] = []) {
  return start(process.execPath, ['--input-type=module', '-', ...args], { input: sample(title), env: { PORT: '0' } });
}

const ORIGIN = 'http://localhost:8080';

test('chat.mjs: what one says all receive; foreign pages, long messages and resets do it no harm', async () => {
  await expectSafeServer({ port: await portOf(run('chat.mjs')), path: '/', origin: ORIGIN });
});

test('chat.mjs cuts a reader off that does not read', async () => {
  await expectSlowReaderCut({ port: await portOf(run('chat.mjs')), path: '/', origin: ORIGIN });
});

test('chat.mjs answers a plain request with 426 and what to upgrade to', async () => {
  const answer = await fetch(`http://127.0.0.1:${await portOf(run('chat.mjs'))}/`);
  expect(answer.status).toBe(426);
  expect(answer.headers.get('upgrade')).toBe('websocket');
});

test('both.mjs: echo and a stream of events; a foreign page or name is refused by both', async () => {
  const port = await portOf(run('both.mjs'));
  await expectSafeServer({ port, path: '/echo', origin: ORIGIN });
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const answer = await fetch(`http://localhost:${port}/time`, { signal: stop.signal });
  const first = new TextDecoder().decode((await answer.body?.getReader().read())?.value);
  expect(first).toMatch(/^data: \d{4}-.+Z\n\n$/);
  const foreign = await fetch(`http://localhost:${port}/time`, { headers: { origin: 'https://evil.example' } });
  expect(foreign.status).toBe(403);
  // As after DNS rebinding: the address is right, the name is not one of ours.
  expect((await fetch(`http://127.0.0.1:${port}/time`)).status).toBe(421);
  // A response to HEAD has no body: a stream would hold it open for nothing.
  expect((await fetch(`http://localhost:${port}/time`, { method: 'HEAD' })).status).toBe(404);
});

test('read-websocket.mjs reads the demo server', async () => {
  const server = await startServer();
  const reader = run('read-websocket.mjs', [`ws://127.0.0.1:${server.port}/push/websocket?after=0`]);
  expect(Number(await reader.line(/^\d+$/))).toBeGreaterThan(0);
});

test('read-websocket.mjs comes back behind the last event, also after a reset, and stops when it is over', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => server.close());
  await once(server, 'listening');
  const asked: (string | null)[] = [];
  server.on('connection', (socket, request) => {
    asked.push(new URL(request.url ?? '', 'ws://localhost').searchParams.get('after'));
    if (asked.length === 1) {
      socket.send('{"seq":7,"sentAt":0,"data":"x"}');
      socket.close(1012, 'restart');
    } else if (asked.length === 2) {
      socket.send('{"reset":true,"next":40}');
      socket.terminate();
    } else socket.close(1000);
  });
  const { port } = server.address() as AddressInfo;
  const reader = run('read-websocket.mjs', [`ws://127.0.0.1:${port}/`]);
  expect(await reader.ended).toBe(0);
  expect(asked).toEqual([null, '7', '40']);
  expect(await reader.line(/^closed with 1012, next try in \d+ ms$/)).toBeTruthy();
});

test('read-websocket.mjs leaves a connection on which nothing comes, and goes on after the last event', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => server.close());
  await once(server, 'listening');
  const asked: (string | null)[] = [];
  server.on('connection', (socket, request) => {
    asked.push(new URL(request.url ?? '', 'ws://localhost').searchParams.get('after'));
    if (asked.length > 1) return socket.close(1000);
    socket.send('{"seq":7,"sentAt":0,"data":"x"}');
    // Half-open: this end reads nothing more, so it does not answer the reader's Close either.
    request.socket.pause();
    onTestFinished(() => socket.terminate());
  });
  const reader = run('read-websocket.mjs', [`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, '300']);
  expect(await reader.line(/^nothing for 300 ms, next try in \d+ ms$/)).toBeTruthy();
  expect(await reader.ended).toBe(0);
  expect(asked).toEqual([null, '7']);
});

test('read-sse.mjs reads the demo server', async () => {
  const server = await startServer();
  const reader = run('read-sse.mjs', [`${server.url}/push/sse?after=0`]);
  expect(await reader.line(/^data: /)).toMatch(/^data: \{"seq":\d+,/);
});
