/** The stream of the SSE workbench: the bytes that were asked for, no others, and nothing that a browser could take for a page. */
import { expect, test } from 'vitest';
import { MOST_TYPED_BYTES } from '../../demo-server/protocol.ts';
import { startServer } from '../helpers/server.ts';

const address = (bytes: Uint8Array, cut = ''): string =>
  `/typed-stream?bytes=${Buffer.from(bytes).toString('base64url')}${cut}`;

test('answers with exactly these bytes, whole or cut, and lets nobody run them', async () => {
  const server = await startServer();
  const every = Uint8Array.from({ length: MOST_TYPED_BYTES }, (_, n) => n % 256);
  for (const cut of ['', '&cut=0', '&cut=1', `&cut=${every.length}`]) {
    const answer = await fetch(server.url + address(every, cut));
    expect(answer.status).toBe(200);
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(every);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/event-stream',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cache-control': 'no-store',
    });
  }
});

test.each([
  ['/typed-stream', 'got 0 bytes, takes 1 to 6000'],
  ['/typed-stream?bytes=%3Cb%3E', 'got something else'],
  [address(new Uint8Array(MOST_TYPED_BYTES + 1)), 'got 6001 bytes'],
  [address(new Uint8Array(3), '&cut=4'), 'cut: got "4", takes a whole number from 0 to 3'],
  [address(new Uint8Array(3), '&cut=-1'), 'cut: got "-1"'],
])('%s is refused in words', async (path, words) => {
  const server = await startServer();
  const answer = await fetch(server.url + path);
  expect(answer.status).toBe(400);
  expect(((await answer.json()) as { message: string }).message).toContain(words);
});

test('a foreign page gets nothing', async () => {
  const server = await startServer();
  const headers = { origin: 'https://evil.example' };
  expect((await fetch(server.url + address(new Uint8Array(3)), { headers })).status).toBe(403);
});
