/** Under which names the server answers, and pages of which origins may use it: Host and Origin as a browser would send them. */
import { describe, expect, test } from 'vitest';
import { isLoopbackName, isOwnName } from '../../demo-server/web/names.ts';
import { get, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const upgrade = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** Status and refusal of a request with these headers; PORT in them is the server's own. */
async function ask(
  server: TestServer,
  text: string,
  headers: Record<string, string>,
): Promise<{ status: number; error?: string; message?: string }> {
  const own = Object.entries(headers).map(([name, value]) => [name, value.replace('PORT', `${server.port}`)]);
  const [method = '', path = ''] = text.split(' ');
  const head = get(path, { ...Object.fromEntries(own), Connection: 'close', 'Content-Length': '0' });
  const handshake = get(path, { ...Object.fromEntries(own), ...upgrade });
  const connection = rawConnection(
    server.port,
    (method === 'WS' ? handshake : head).replace(/^GET|^WS/, method === 'WS' ? 'GET' : method),
  );
  const answer = readAnswer(
    await connection.until((bytes) => (readAnswer(bytes)?.status ?? 0) === 101 || readAnswer(bytes)?.complete === true),
  );
  connection.destroy();
  const { status = 0, body } = answer ?? {};
  return { status, ...(status >= 400 ? JSON.parse(String(body)) : {}) };
}

describe('the name of a request', () => {
  test.each([
    'localhost:PORT',
    '127.0.0.1:PORT',
    '[::1]:PORT',
    '192.168.1.20:PORT',
    'demo.localhost',
    'server-1:4321',
    'LOCALHOST:PORT',
  ])('may be %s, which no stranger can give to this machine', async (Host) => {
    expect((await ask(await startServer(), 'GET /push/polling', { Host })).status).toBe(200);
  });

  test.each(['pushlab.example, localhost', 'evil.example@localhost', 'localhost/evil.example', 'local host', '[::1'])(
    'is refused with 400 where it is none: %s',
    async (Host) => {
      const refused = await ask(await startServer(), 'POST /runs', { Host });
      expect(refused).toMatchObject({ status: 400, error: 'bad-request' });
      expect(refused.message).toContain(JSON.stringify(Host));
    },
  );

  test.each([
    ['no Host in HTTP/1.1', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['two of them', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n', 400],
    ['none in HTTP/1.0', 'GET /healthz HTTP/1.0\r\n\r\n', 200],
    [
      'a whole URL of a foreign host as the target, whatever Host says',
      'GET http://evil.example/push/polling HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      421,
    ],
    [
      'a whole URL of this machine as the target, whatever Host says',
      'GET http://localhost/push/polling HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
      200,
    ],
  ])('%s is read as RFC 9112 3.2 says', async (_, bytes, status) => {
    const server = await startServer();
    const response = readAnswer(await rawConnection(server.port, bytes).ended());
    expect(response?.status).toBe(status);
    if (status >= 400) expect(JSON.parse(String(response?.body)).message).toMatch(/Host header|evil\.example/);
  });

  test('is refused with 421 in words where a stranger may own it, although Origin says the same (DNS rebinding)', async () => {
    const server = await startServer();
    const evil = { Host: 'evil.example:PORT', Origin: 'http://evil.example:PORT' };
    for (const asked of [
      'WS /push/websocket',
      'POST /hijack/login',
      'POST /runs',
      'GET /push/sse',
      'WS /control',
      'GET /nothing',
    ]) {
      const refused = await ask(server, asked, evil);
      expect(refused, asked).toMatchObject({ status: 421, error: 'unknown-name' });
      expect(refused.message).toContain('does not answer under the name "evil.example"');
      expect(refused.message).toContain('--allow-host');
    }
    // What a load balancer asks, by whatever name, is the same for everybody.
    expect((await ask(server, 'GET /healthz', { Host: 'evil.example' })).status).toBe(200);
  });

  test('is one of those that were named at the start', async () => {
    const server = await startServer({ publicUrls: ['https://class.example:8443'], allowHosts: ['inner.example'] });
    for (const Host of ['class.example', 'class.example:8443', 'Class.Example:1', 'inner.example:PORT', 'localhost'])
      expect((await ask(server, 'GET /push/polling', { Host })).status, Host).toBe(200);
    for (const Host of ['example', 'other.class.example', 'class.example.evil.example', 'inner.example.'])
      expect((await ask(server, 'GET /push/polling', { Host })).status, Host).toBe(Host === 'example' ? 200 : 421);
  });

  test('knows this machine by its own name, alone and in a local network', () => {
    for (const name of [
      'laptop',
      'LAPTOP.local',
      'laptop.lan',
      'laptop.home.arpa',
      'laptop.school.example',
      'laptop.local.',
    ])
      expect(isOwnName(name, 'laptop.school.example'), name).toBe(true);
    for (const name of ['laptop.evil.example', 'other.local', 'laptop.local.evil.example', '127.0.0.1.evil.example'])
      expect(isOwnName(name, 'laptop.school.example'), name).toBe(false);
    expect(['localhost', 'a.localhost', '127.9.9.9', '[::1]', '::1', 'LocalHost.'].every(isLoopbackName)).toBe(true);
    expect(['localhost.evil.example', '128.0.0.1', '::2', '127.0.0.1.evil.example'].some(isLoopbackName)).toBe(false);
  });
});

describe('the origin of a request', () => {
  const statuses = async (server: TestServer, headers: Record<string, string>): Promise<number[]> => [
    (await ask(server, 'POST /runs', headers)).status,
    (await ask(server, 'WS /push/websocket', headers)).status,
  ];
  const ours = [201, 101];
  const foreign = [403, 403];

  test.each<[Record<string, string>, number[], string]>([
    [{ Host: 'localhost:PORT', Origin: 'http://localhost:PORT' }, ours, 'the same'],
    [{ Host: 'localhost:PORT' }, ours, 'none, as a program sends'],
    [{ Host: 'LocalHost:PORT', Origin: 'http://localhost:PORT' }, ours, 'capitals'],
    [{ Host: 'server:80', Origin: 'http://server' }, ours, 'the default port of http'],
    [{ Host: 'server', Origin: 'http://server:80' }, ours, 'the default port, the other way'],
    [
      { Host: 'server:443', Origin: 'https://server' },
      ours,
      'the default port of https, behind a proxy that nobody named',
    ],
    [{ Host: 'server', Origin: 'https://server' }, ours, 'https behind such a proxy'],
    [
      { Host: 'localhost:PORT', Origin: 'https://localhost:PORT' },
      foreign,
      'another scheme, where there can be no TLS',
    ],
    [{ Host: 'localhost:PORT', Origin: 'http://127.0.0.1:PORT' }, foreign, 'another name'],
    [{ Host: 'localhost:PORT', Origin: 'http://localhost' }, foreign, 'another port'],
    [{ Host: 'localhost:PORT', Origin: 'null' }, foreign, 'one that is none'],
    [{ Host: 'localhost:PORT', Origin: 'http://localhost:PORT.evil.example' }, foreign, 'one that begins alike'],
    [{ Host: 'server:443', Origin: 'http://server' }, foreign, 'http at the port of https'],
  ])('%j is answered with %j: %s', async (headers, expected) => {
    const filled = await startServer();
    expect(await statuses(filled, headers)).toEqual(expected);
  });

  test('may be our public one where the proxy writes a Host of its own; of its name only the listed scheme is ours', async () => {
    const server = await startServer({ publicUrls: ['https://x-1.tunnels.example', 'http://class.example'] });
    for (const Origin of ['https://x-1.tunnels.example', 'http://class.example'])
      for (const Host of ['localhost:PORT', 'x-1.tunnels.example', 'upstream'])
        expect(await statuses(server, { Host, Origin }), `${Host} ${Origin}`).toEqual(ours);
    for (const Origin of ['http://x-1.tunnels.example', 'https://x-1.tunnels.example:8443', 'https://class.example'])
      expect(await statuses(server, { Host: 'x-1.tunnels.example', Origin }), Origin).toEqual(foreign);
    // The machine's own address goes on as before.
    expect(await statuses(server, { Host: 'localhost:PORT', Origin: 'http://localhost:PORT' })).toEqual(ours);
  });

  test('has the scheme that a trusted proxy tells, and no other proxy is believed', async () => {
    const trusting = await startServer({ trustProxy: ['127.0.0.1'], allowHosts: ['class.example'] });
    const asked = (scheme: string, proto: string) => ({
      Host: 'class.example',
      Origin: `${scheme}://class.example`,
      'X-Forwarded-Proto': proto,
    });
    for (const proto of ['https', 'http, https', 'wss']) {
      expect(await statuses(trusting, asked('https', proto)), proto).toEqual(ours);
      expect(await statuses(trusting, asked('http', proto)), proto).toEqual(foreign);
    }
    expect(await statuses(trusting, asked('http', 'http'))).toEqual(ours);
    const elsewhere = await startServer({ trustProxy: ['192.0.2.1'], allowHosts: ['class.example'] });
    expect(await statuses(elsewhere, asked('https', 'https'))).toEqual(foreign);
  });

  test('may be one of a page that was allowed', async () => {
    const server = await startServer({ allowOrigins: ['https://pushlab.example'] });
    expect(await statuses(server, { Host: 'localhost:PORT', Origin: 'https://pushlab.example' })).toEqual(ours);
    expect(await statuses(server, { Host: 'localhost:PORT', Origin: 'http://pushlab.example' })).toEqual(foreign);
  });

  test('is refused in words that say whose pages may', async () => {
    const server = await startServer({ publicUrls: ['https://class.example'] });
    const { message } = await ask(server, 'WS /push/websocket', {
      Host: 'localhost:PORT',
      Origin: 'https://evil.example',
    });
    expect(message).toBe(
      `This WebSocket comes from a page of "https://evil.example"; only pages of https://class.example, http://localhost:${server.port} may.`,
    );
  });
});
