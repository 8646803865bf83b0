/** The server's end of the lab of connections: what is counted, what is refused, what ends with its watching socket. */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type ClientHttp2Session, connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import WebSocket from 'ws';
import { makeCertificate } from '../../demo-server/network/certificate.ts';
import type { Http2Servers, WatchMessage } from '../../demo-server/protocol.ts';
import { get, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const LAB = '0123456789abcdef0123456789abcdef';

/** Watches a lab: every message so far, and the next state that fits. */
async function watch(server: TestServer, lab = LAB) {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/probe/connections/${lab}`);
  onTestFinished(() => socket.terminate());
  const messages: WatchMessage[] = [];
  const waiting = new Set<() => void>();
  socket.on('message', (data) => {
    messages.push(JSON.parse(String(data)));
    for (const check of [...waiting]) check();
  });
  await once(socket, 'open');
  const until = (fits: (message: WatchMessage) => boolean): Promise<WatchMessage> =>
    new Promise((resolve) => {
      const check = (): void => {
        const found = messages.findLast(fits);
        if (!found) return;
        waiting.delete(check);
        resolve(found);
      };
      waiting.add(check);
      check();
    });
  return { socket, messages, until, tell: (message: object) => socket.send(JSON.stringify(message)) };
}
const path = (kind: string, n: number, lab = LAB): string => `/probe/connections/${lab}/${kind}?n=${n}`;

describe('a lab', () => {
  test('counts what was asked, what is here and what waits, and tells one connection from another', async () => {
    const server = await startServer();
    const lab = await watch(server);
    for (const n of [1, 2, 3]) lab.tell({ type: 'asked', n });
    const first = rawConnection(server.port, get(path('stream', 1)));
    await lab.until((message) => message.type === 'counts' && message.reached === 1);
    const second = rawConnection(server.port, get(path('fetch', 2)) + get(path('fetch', 4)));
    const counts = await lab.until(
      (message) => message.type === 'counts' && message.reached === 3 && message.open === 1,
    );
    expect(counts).toEqual({ type: 'counts', asked: 4, reached: 3, waiting: 1, open: 1, connections: 2 });
    const reached = lab.messages.filter((message) => message.type === 'reached');
    expect(reached.map(({ n, connection, http }) => [n, connection, http])).toEqual([
      [1, 1, '1.1'],
      [2, 2, '1.1'],
      [4, 2, '1.1'],
    ]);
    first.destroy();
    await lab.until((message) => message.type === 'left' && message.n === 1);
    lab.tell({ type: 'dropped', n: 3 });
    expect(await lab.until((message) => message.type === 'counts' && message.waiting === 0)).toMatchObject({ open: 0 });
    second.destroy();
  });

  test('shows a second tab its page, in any language, and nothing else', async () => {
    const siteDir = await mkdtemp(join(tmpdir(), 'pushlab-'));
    onTestFinished(() => rm(siteDir, { recursive: true }));
    for (const folder of ['lab/connections', 'zh-cn/lab/connections', 'lab']) {
      await mkdir(join(siteDir, folder), { recursive: true });
      await writeFile(join(siteDir, folder, 'index.html'), folder);
    }
    await writeFile(join(siteDir, '404.html'), '404');
    await writeFile(join(siteDir, 'csp.json'), '{"scriptHashes":[],"demoServer":""}');
    const server = await startServer({ siteDir });
    const lab = await watch(server);
    const ask = async (n: number, back: string) => {
      const answer = await fetch(`${server.url}${path('tab', n)}&back=${encodeURIComponent(back)}`);
      return [answer.status, answer.headers.get('cross-origin-embedder-policy'), await answer.text()];
    };
    expect(await ask(1, '/lab/connections/')).toEqual([200, 'require-corp', 'lab/connections']);
    expect(await ask(2, '/zh-cn/lab/connections/')).toEqual([200, 'require-corp', 'zh-cn/lab/connections']);
    for (const back of ['', '/', '/lab/', '/../lab/connections/', '//elsewhere.example/lab/connections/'])
      expect((await ask(3, back))[0], back).toBe(400);
    expect(await lab.until((message) => message.type === 'counts' && message.reached === 2)).toMatchObject({
      asked: 2,
    });
    const bare = await startServer();
    await watch(bare);
    expect((await fetch(`${bare.url}${path('tab', 1)}&back=/lab/connections/`)).status).toBe(404);
  });

  test('ends its streams and sockets with the socket that watches it, and is gone then', async () => {
    const server = await startServer();
    const lab = await watch(server);
    const stream = rawConnection(server.port, get(path('stream', 1)));
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path('socket', 2)}`);
    const closed = once(socket, 'close');
    await lab.until((message) => message.type === 'counts' && message.open === 2);
    lab.socket.close();
    expect((await closed)[0]).toBe(1001);
    await stream.until((bytes) => readAnswer(bytes)?.complete === true);
    expect((await fetch(`${server.url}${path('fetch', 3)}`)).status).toBe(404);
  });

  test('refuses names, numbers and pages that are not its own, in words', async () => {
    const server = await startServer({ limits: { requestsPerLab: 1 } });
    const lab = await watch(server);
    const status = async (where: string, headers = {}) => {
      const answer = await fetch(server.url + where, { headers });
      if (!answer.ok) expect((await answer.json()).message).toMatch(/\.$/);
      return answer.status;
    };
    for (const n of ['', '0', '-1', '1.5', 'x', '10000'])
      expect(await status(`/probe/connections/${LAB}/fetch?n=${n}`), n).toBe(400);
    expect(await status(path('fetch', 1))).toBe(200);
    expect(await status(path('fetch', 1))).toBe(400);
    expect(await status(path('fetch', 1, 'f'.repeat(32)))).toBe(404);
    expect(await status('/probe/connections/short')).toBe(400);
    expect(await status(`/probe/connections/${LAB}`)).toBe(409);
    expect(await status(path('fetch', 2), { origin: 'http://elsewhere.example' })).toBe(403);
    rawConnection(server.port, get(path('stream', 3)));
    await lab.until((message) => message.type === 'counts' && message.reached === 2 && message.open === 1);
    expect(await status(path('fetch', 4))).toBe(429);
  });

  test('is in no lane of any run', async () => {
    const server = await startServer();
    const lab = await watch(server);
    rawConnection(server.port, get(path('stream', 1)));
    await lab.until((message) => message.type === 'counts' && message.open === 1);
    const { lanes } = server.readLedger('open');
    for (const lane of Object.values(lanes)) expect(lane.requests).toBe(0);
  });
});

describe('the servers of HTTP/2', () => {
  async function start(server: TestServer): Promise<Http2Servers> {
    const answer = await fetch(`${server.url}/probe/http2`, { method: 'POST' });
    expect(answer.status).toBe(200);
    return (await answer.json()) as Http2Servers;
  }
  async function session(port: number): Promise<ClientHttp2Session> {
    const client = connect(`https://localhost:${port}`, { rejectUnauthorized: false });
    onTestFinished(() => client.destroy());
    await once(client, 'remoteSettings');
    return client;
  }

  test('start once, with one certificate that is good for this machine', async () => {
    const server = await startServer();
    const servers = await start(server);
    expect(await start(server)).toEqual(servers);
    const socket = connectTls({
      port: servers.silent,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
    });
    onTestFinished(() => void socket.destroy());
    await once(socket, 'secureConnect');
    expect(socket.alpnProtocol).toBe('h2');
    const certificate = new X509Certificate(socket.getPeerCertificate().raw);
    expect(certificate.fingerprint256).toBe(servers.fingerprint);
    expect(certificate.checkHost('localhost')).toBe('localhost');
    expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(certificate.checkIP('::1')).toBe('::1');
    expect(certificate.verify(certificate.publicKey)).toBe(true);
  });

  test('one is silent about the number of streams, the other announces it', async () => {
    const { silent, announcing, streams } = await start(await startServer());
    // What RFC 9113 means by a server that says nothing: no limit.
    expect((await session(silent)).remoteSettings.maxConcurrentStreams).toBe(2 ** 32 - 1);
    expect((await session(announcing)).remoteSettings.maxConcurrentStreams).toBe(streams);
  });

  test('carry a lab on one connection, and nothing that is measured elsewhere', async () => {
    const server = await startServer();
    const { silent } = await start(server);
    const lab = await watch(server);
    const client = await session(silent);
    for (const n of [1, 2, 3]) client.request({ ':path': path('stream', n) }).on('error', () => {});
    const counts = await lab.until((message) => message.type === 'counts' && message.open === 3);
    expect(counts).toMatchObject({ reached: 3, connections: 1 });
    expect(lab.messages.find((message) => message.type === 'reached')).toMatchObject({ http: '2.0' });
    const refused = client.request({ ':path': '/push/sse' });
    const [headers] = await once(refused, 'response');
    expect(headers[':status']).toBe(421);
    const foreign = client.request({ ':path': path('fetch', 4), origin: 'https://elsewhere.example' });
    expect((await once(foreign, 'response'))[0][':status']).toBe(403);
    const own = client.request({ ':path': path('fetch', 5), origin: `https://localhost:${silent}` });
    expect((await once(own, 'response'))[0][':status']).toBe(200);
  });

  test('are started by readers on this machine only, and by none where a proxy may stand in front', async () => {
    const status = async (url: string, headers: Record<string, string> = {}) =>
      (await fetch(`${url}/probe/http2`, { method: 'POST', headers })).status;
    const { url } = await startServer();
    expect(await status(url, { 'x-forwarded-for': '192.0.2.7' })).toBe(403);
    expect(await status(url)).toBe(200);
    expect(await status((await startServer({ behindProxy: true })).url)).toBe(403);
  });

  test.each(['/control', '/chat/abcd', '/echo', '/hijack/open', '/probe/connections/x'])(
    'refuse a plain GET of the WebSocket %s without the headers that HTTP/2 forbids, and stand',
    async (asked) => {
      const { silent } = await start(await startServer());
      const client = await session(silent);
      const [headers] = await once(client.request({ ':path': asked }), 'response');
      expect([400, 421, 426]).toContain(headers[':status']);
      for (const name of ['connection', 'upgrade']) expect(headers).not.toHaveProperty(name);
      expect((await once(client.request({ ':path': '/healthz' }), 'response'))[0][':status']).toBe(200);
    },
  );

  test('say why they cannot be started', async () => {
    const server = await startServer({ http2Host: '203.0.113.1' });
    const answer = await fetch(`${server.url}/probe/http2`, { method: 'POST' });
    expect(answer.status).toBe(503);
    expect((await answer.json()).message).toMatch(/203\.0\.113\.1: EADDRNOTAVAIL\. .*--http2-host\.$/);
  });

  test('are gone with the server', async () => {
    const server = await startServer();
    const { announcing } = await start(server);
    const client = await session(announcing);
    const closed = once(client, 'close');
    await server.close();
    await closed;
    const again = connectTls({ port: announcing, host: '127.0.0.1', rejectUnauthorized: false });
    const [error] = await once(again, 'error');
    expect(error.code).toBe('ECONNREFUSED');
  });
});

test('a certificate takes names and addresses of both kinds', () => {
  expect(new X509Certificate(makeCertificate(['a.example']).cert).checkHost('a.example')).toBe('a.example');
  const both = new X509Certificate(makeCertificate(['192.0.2.7', '2001:db8::1']).cert);
  expect([both.checkIP('192.0.2.7'), both.checkIP('2001:db8::1')]).toEqual(['192.0.2.7', '2001:db8::1']);
});
