/** The open door of the lesson on security: who gets in, what lies behind it, and that the second origin has one page only. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { buildApp } from '../../demo-server/app.ts';
import type { DemoAccount, SeenAttack } from '../../demo-server/protocol.ts';
import { get, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const EVIL = 'https://evil.example';

async function login(server: TestServer): Promise<{ account: DemoAccount; cookie: string; attributes: string }> {
  const answer = await fetch(`${server.url}/hijack/login`, { method: 'POST' });
  const { account } = (await answer.json()) as { account: DemoAccount };
  const [cookie = '', ...attributes] = (answer.headers.get('set-cookie') ?? '').split('; ');
  return { account, cookie, attributes: attributes.join('; ') };
}

/** All that a WebSocket hears until it is closed, or the status that refuses it. */
function hear(server: TestServer, path: string, headers: Record<string, string>): Promise<string[]> {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, { headers });
  onTestFinished(() => socket.terminate());
  const heard: string[] = [];
  return new Promise((resolve) => {
    socket.on('message', (data) => heard.push(data.toString()));
    socket.on('close', (code) => resolve([...heard, `close ${code}`]));
    socket.on('unexpected-response', (_request, { statusCode }) => resolve([`status ${statusCode}`]));
    socket.on('error', () => {});
  });
}

describe('the room', () => {
  test('hands the account of the cookie to a page of any origin, unless it looks at Origin', async () => {
    const server = await startServer();
    const { account, cookie, attributes } = await login(server);
    expect(attributes).toBe('Path=/hijack; Max-Age=600; HttpOnly; SameSite=Strict');
    const [first, ...rest] = await hear(server, '/hijack/open', { cookie, origin: EVIL });
    expect(JSON.parse(first ?? '')).toEqual({ account });
    expect(rest).toEqual([
      ...[1, 2, 3].map((n) => JSON.stringify({ news: `private news ${n} for ${account.name}` })),
      'close 1000',
    ]);
    expect(await hear(server, '/hijack/listed', { cookie, origin: EVIL })).toEqual(['status 403']);
    const own = await hear(server, '/hijack/listed', { cookie, origin: server.url });
    expect(JSON.parse(own[0] ?? '')).toEqual({ account });
    const without = await hear(server, '/hijack/open', { origin: EVIL });
    expect(JSON.parse(without[0] ?? '')).toEqual({ account: null });
  });

  test('has another account for each login, and forgets it when one logs out', async () => {
    const server = await startServer();
    const [one, two] = [await login(server), await login(server)];
    expect(one.account).not.toEqual(two.account);
    const out = await fetch(`${server.url}/hijack/login`, { method: 'DELETE' });
    expect(out.status).toBe(204);
    expect(out.headers.get('set-cookie')).toContain('Max-Age=0');
    const foreign = await fetch(`${server.url}/hijack/login`, { method: 'POST', headers: { origin: EVIL } });
    expect(foreign.status, 'a foreign page logs nobody in').toBe(403);
  });

  test.each([
    ['none', null, null],
    ['named', EVIL, null],
    ['credentials', EVIL, 'true'],
    ['any', '*', null],
  ])('cors=%s allows the origin %s, credentials %s', async (cors, allowed, credentials) => {
    const server = await startServer();
    const { account, cookie } = await login(server);
    const answer = await fetch(`${server.url}/hijack/events?cors=${cors}`, { headers: { cookie, origin: EVIL } });
    expect(answer.headers.get('access-control-allow-origin')).toBe(allowed);
    expect(answer.headers.get('access-control-allow-credentials')).toBe(credentials);
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(await answer.text()).toBe(`data: ${JSON.stringify({ account })}\n\n`);
  });

  test('opens no other route to foreign pages', async () => {
    const server = await startServer();
    for (const path of ['/push/sse', '/healthz', '/hijack/second-origin', `/hijack/seen/${'0'.repeat(32)}`])
      expect((await fetch(server.url + path, { headers: { origin: EVIL } })).status, path).toBe(403);
  });

  test('tells what it saw of an attack, of so many and no more', async () => {
    const server = await startServer();
    const { cookie } = await login(server);
    const attack = randomBytes(16).toString('hex');
    await hear(server, `/hijack/listed?attack=${attack}`, { cookie, origin: EVIL });
    for (let i = 0; i < 25; i += 1)
      await (await fetch(`${server.url}/hijack/events?attack=${attack}`, { headers: { origin: EVIL } })).text();
    const { seen } = (await (await fetch(`${server.url}/hijack/seen/${attack}`)).json()) as { seen: SeenAttack[] };
    expect(seen).toHaveLength(20);
    expect(seen.slice(0, 2)).toEqual([
      { what: 'listed', origin: EVIL, cookie: true, status: 403 },
      { what: 'none', origin: EVIL, cookie: false, status: 200 },
    ]);
    for (let i = 0; i < 100; i += 1)
      await (await fetch(`${server.url}/hijack/events?attack=${randomBytes(16).toString('hex')}`)).text();
    const gone = await (await fetch(`${server.url}/hijack/seen/${attack}`)).json();
    expect(gone).toEqual({ attack, seen: [] });
  });

  test('refuses what it does not take, in words', async () => {
    const server = await startServer();
    for (const [path, status, word] of [
      ['/hijack/events?cors=please', 400, 'bad-cors'],
      ['/hijack/seen/mine', 400, 'bad-attack'],
      ['/hijack/open', 426, 'upgrade-required'],
    ] as const) {
      const answer = await fetch(server.url + path);
      expect(answer.status).toBe(status);
      expect(await answer.json()).toMatchObject({ error: word });
      if (status === 426) expect(answer.headers.get('upgrade')).toBe('websocket');
    }
  });
});

describe('the second origin', () => {
  test('serves its page, in frames of isolated pages too, and nothing else', async () => {
    const server = await startServer({ secondOrigin: true });
    const { port } = (await (await fetch(`${server.url}/hijack/second-origin`)).json()) as { port: number };
    const url = `http://127.0.0.1:${port}`;
    for (const path of ['/', '/page.css', '/attack.js']) {
      const answer = await fetch(url + path);
      expect(answer.status).toBe(200);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'cross-origin-embedder-policy': 'require-corp',
        'cross-origin-resource-policy': 'cross-origin',
        'content-security-policy': expect.stringContaining("default-src 'none'; script-src 'self'"),
      });
    }
    for (const path of ['/hijack/open', '/push/sse', '/healthz', '/../package.json'])
      expect((await fetch(url + path)).status, path).toBe(404);
    expect((await fetch(url, { method: 'POST', body: 'x'.repeat(100) })).status).toBeGreaterThanOrEqual(400);
  });

  test('is not shown under a name or a port that is not its own, or through a proxy', async () => {
    const server = await startServer({ secondOrigin: true });
    const { port } = (await (await fetch(`${server.url}/hijack/second-origin`)).json()) as { port: number };
    const status = async (host: string, headers: Record<string, string> = {}, version?: string) => {
      const connection = rawConnection(port, get('/', { Host: host, Connection: 'close', ...headers }, version));
      return readAnswer(await connection.ended())?.status;
    };
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`])
      expect(await status(host), host).toBe(200);
    for (const host of ['pushlab.example', `pushlab.example:${port}`, 'pushlab', 'localhost', `localhost:${port + 1}`])
      expect(await status(host), host).toBe(404);
    expect(await status(`127.0.0.1:${port}`, { 'X-Forwarded-For': '192.0.2.7' })).toBe(404);
    expect(await status(`127.0.0.1:${port}`, {}, '1.0')).toBe(404);
  });

  test('is not there where nobody let it listen, and ends with the server', async () => {
    const server = await startServer();
    expect(await (await fetch(`${server.url}/hijack/second-origin`)).json()).toEqual({ port: null });
    const app = await buildApp();
    await app.listen({ port: 0, host: '127.0.0.1' });
    await app.secondOrigin.listen({ port: 0, host: '127.0.0.1' });
    await app.close();
    expect(app.secondOrigin.server.listening).toBe(false);
  });

  test('takes any free port when the one it wanted is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    onTestFinished(() => void taken.close());
    const app = await buildApp();
    onTestFinished(() => app.close());
    const { port } = taken.address() as { port: number };
    await expect(app.secondOrigin.listen({ port, host: '127.0.0.1' })).rejects.toThrow('EADDRINUSE');
    await app.secondOrigin.listen({ port: 0, host: '127.0.0.1' });
    expect(app.secondOrigin.server.listening).toBe(true);
  });
});
