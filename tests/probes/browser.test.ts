/** What the table of “your browser” asks: each answer as it is said to be, bounded, and in no lane. */
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import WebSocket from 'ws';
import { get, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer } from '../helpers/server.ts';

const TRY = 'f'.repeat(32);

describe('drip', () => {
  test('sends so many bytes in so many pieces, with the type that was asked for', async () => {
    const server = await startServer();
    const path = '/probe/browser/drip?type=text&first=10&step=5&every=5&most=30';
    const answer = readAnswer(await rawConnection(server.port, get(path, { Connection: 'close' })).ended());
    expect(answer?.headers['content-type']).toBe('text/plain');
    expect(answer?.headers['x-content-type-options']).toBeUndefined();
    expect(answer?.body.length).toBe(30);
    expect(answer?.complete).toBe(true);
  });

  test('a frame tells its parent how many bytes there are, exactly', async () => {
    const server = await startServer();
    const answer = await fetch(`${server.url}/probe/browser/drip?type=frame-utf8&first=0&step=64&every=5&most=256`);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('cross-origin-embedder-policy')).toBe('require-corp');
    const text = await answer.text();
    const told = [...text.matchAll(/<script>parent\.postMessage\((\d+),'\*'\)<\/script>\s*/g)];
    expect(told.map(({ 1: bytes, index, 0: whole }) => [Number(bytes), index + whole.length])).toEqual([
      [64, 64],
      [128, 128],
      [192, 192],
      [256, 256],
    ]);
  });

  test('a cut is a cut', async () => {
    const server = await startServer();
    const path = '/probe/browser/drip?type=lines&first=0&step=16&every=5&most=32&end=cut';
    const answer = readAnswer(await rawConnection(server.port, get(path)).ended());
    expect(answer?.complete).toBe(false);
  });

  test.each([
    ['type=nothing&first=0&step=1&every=5&most=10', 'type: got "nothing"'],
    ['type=text&first=0&step=1&every=5&most=99999', 'most: got "99999", takes a whole number from 1 to 16384'],
    ['type=text&first=20&step=1&every=5&most=10', 'first: got "20", takes a whole number from 0 to 10'],
    ['type=text&first=0&step=1&every=1&most=10', 'every: got "1", takes a whole number from 5 to 1000'],
    ['type=text&first=0&step=1&every=1000&most=1000', 'takes less: all of it may take 15000 ms'],
    ['type=text', 'most: got undefined'],
  ])('refuses %s in words', async (query, words) => {
    const server = await startServer();
    const answer = await fetch(`${server.url}/probe/browser/drip?${query}`);
    expect(answer.status).toBe(400);
    expect((await answer.json()).message).toContain(words);
  });
});

test('a stream that comes back is told how long it stayed away', async () => {
  const server = await startServer();
  const path = `${server.url}/probe/browser/retry?try=${TRY}&retry=200`;
  expect(await (await fetch(path)).text()).toBe('retry: 200\ndata: first\n\n');
  const [, away] = /^data: ([\d.]+)\n\n$/.exec(await (await fetch(path)).text()) ?? [];
  expect(Number(away)).toBeGreaterThanOrEqual(0);
  expect((await fetch(`${server.url}/probe/browser/retry?try=short`)).status).toBe(400);
});

test('a connection that is used again is broken once, and what comes then is counted', async () => {
  const server = await startServer();
  const path = `/probe/browser/repeat?try=${TRY}`;
  const first = rawConnection(server.port, get(path));
  await first.until((bytes) => readAnswer(bytes)?.complete === true);
  first.socket.write(get(path));
  const answer = readAnswer(await first.ended());
  expect(JSON.parse(String(answer?.body))).toEqual({ seen: 1, broken: false });
  expect(await (await fetch(server.url + path)).json()).toEqual({ seen: 3, broken: true });
});

test('the head of a request is counted to the byte', async () => {
  const server = await startServer();
  const head = get('/probe/browser/head', { 'X-One': 'a b', Accept: '*/*' });
  const answer = readAnswer(
    await rawConnection(server.port, head).until((bytes) => readAnswer(bytes)?.complete === true),
  );
  expect(JSON.parse(String(answer?.body))).toMatchObject({ bytes: head.length, http: '1.1' });
});

test('a burst is a thousand messages, and tells what was offered', async () => {
  const server = await startServer();
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/probe/browser/burst`);
  onTestFinished(() => socket.terminate());
  const [told] = await once(socket, 'message');
  expect(JSON.parse(String(told))).toEqual({
    extensions: expect.stringMatching(/^permessage-deflate/),
    messages: 1000,
  });
  const all = new Promise<string[]>((resolve) => {
    const got: string[] = [];
    socket.on('message', (data) => got.push(String(data)) === 1000 && resolve(got));
  });
  socket.send('go');
  expect((await all).map(Number)).toEqual(Array.from({ length: 1000 }, (_, at) => at + 1));
  expect((await fetch(`${server.url}/probe/browser/burst`)).status).toBe(426);
});

test('no more than so many at once from one address, and none of it in a lane', async () => {
  const server = await startServer({ limits: { probesPerAddress: 1 } });
  const held = rawConnection(server.port, get('/probe/browser/late?ms=5000&type=lines'));
  await held.until((bytes) => bytes.includes('\r\n\r\n'));
  expect((await fetch(`${server.url}/probe/browser/head`)).status).toBe(429);
  held.destroy();
  for (const lane of Object.values(server.readLedger('open').lanes)) expect(lane.requests).toBe(0);
});
