/**
 * nginx changed its defaults in 1.29.7: HTTP/1.1 towards the handler, no Connection header, kept connections for a named
 * group. Debian's is older, so the new ones are set by hand (content/proxy/newer-defaults.conf). What the page says of
 * either generation is held here.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import recorded from '../../content/recorded/proxy.json';
import { LADDER, NGINX_DEFAULTS } from '../../demo-server/protocol.ts';
import { PROXY_CONFIGS, type ProxyConfig, type ProxyRecording } from '../../site/components/prose/proxy-recording.ts';
import { proxyConf, startNginx, withLines } from '../helpers/nginx.ts';
import { startServer } from '../helpers/server.ts';
import { ASKING, newer, older, STREAMS, see, through, WITHOUT_SOCKET } from './see.ts';

describe('by the defaults of 1.29.7 and later', () => {
  test.each(LADDER)(
    '%s is asked in HTTP/1.1 without a Connection header, and closed all the same',
    async (technique) => {
      const seen = await see(await newer('default'), technique);
      expect(seen).toMatchObject({ request: '1.1', connection: null });
      expect(seen.connectionsOpened).toBe(seen.requests);
    },
  );

  test.each(STREAMS)(
    '%s arrives live even if the application does not ask for it: chunks are passed on',
    async (technique) => {
      const seen = await see(await newer('without-header'), technique);
      expect(seen).toMatchObject({ live: true, whole: true, clean: true, status: 200, answer: '1.1' });
    },
  );

  test.each(STREAMS)('%s is held to its end where nginx compresses what it buffers', async (technique) => {
    const gzip = ['gzip on;', 'gzip_types application/x-ndjson text/event-stream;'];
    const seen = await see(withLines(await newer('without-header'), ...gzip), technique, { 'accept-encoding': 'gzip' });
    expect(seen).toMatchObject({ live: false, whole: true, clean: true, status: 200 });
  });

  test('a stream that ends with its connection instead of in chunks is held to its end', async () => {
    const ended = Promise.withResolvers<void>();
    const server = createServer(({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\ndata: 1\n\n');
      void ended.promise.then(() => socket.end('data: 2\n\n'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const nginx = await startNginx(await newer('default'), (server.address() as AddressInfo).port);
    onTestFinished(nginx.stop);
    const answer = fetch(nginx.url);
    // Nothing is to come, so there is no event to wait for: a request that follows has been answered, and this has not.
    let here = false;
    void answer.then(() => {
      here = true;
    });
    const beside = await startServer();
    for (let n = 0; n < 20; n += 1) await (await fetch(`${beside.url}/healthz`)).arrayBuffer();
    expect(here).toBe(false);
    ended.resolve();
    expect(await (await answer).text()).toBe('data: 1\n\ndata: 2\n\n');
  });

  test.each(WITHOUT_SOCKET)('%s arrives live where the application asks for it, as before', async (technique) => {
    const seen = await see(await newer('default'), technique);
    expect(seen).toMatchObject({ live: true, whole: true, clean: true, status: 200 });
  });

  test('websocket is refused, as before: its Upgrade is not passed on', async () => {
    expect(await see(await newer('default'), 'websocket')).toMatchObject({ live: false, status: 426, request: '1.1' });
  });

  test('websocket needs two lines instead of three', async () => {
    const conf = (await newer('upgrade')).replace('    proxy_http_version 1.1;\n', '');
    // A location that sets any header of its own inherits none of those set by hand above it.
    expect(conf).toContain('proxy_set_header Connection $connection_upgrade;');
    expect(await see(conf, 'websocket')).toMatchObject({ live: true, whole: true, status: 101 });
  });

  test.each([
    ['proxy_set_header Upgrade $http_upgrade;', ''],
    ['proxy_set_header Connection $connection_upgrade;', 'proxy_set_header Connection "";'],
  ])('websocket without %s is refused', async (line, instead) => {
    const conf = (await newer('upgrade')).replace(line, instead);
    expect(await see(conf, 'websocket')).toMatchObject({ live: false, status: 426 });
  });

  test.each(LADDER)('%s arrives live through all lines', async (technique) => {
    const seen = await see(await newer('fixed'), technique);
    expect(seen).toMatchObject({ live: true, whole: true, clean: true, request: '1.1' });
  });
});

describe('a named group with keepalive', () => {
  const KEEPING = ['keep-alive', 'polling', 'long-poll'] as const;

  test.each(KEEPING)(
    '%s opens a connection for each request by the older defaults: keepalive is one of three',
    async (technique) => {
      const seen = await see(await older('group'), technique);
      expect(seen).toMatchObject({ request: '1.0', connection: 'close' });
      expect(seen.connectionsOpened).toBe(seen.requests);
    },
  );

  test.each(KEEPING)('%s stays on one connection by the newer ones', async (technique) => {
    const seen = await see(await newer('group'), technique);
    expect(seen.requests).toBeGreaterThan(1);
    expect(seen.connectionsOpened).toBe(1);
  });

  test('a map that writes close takes the newer default back', async () => {
    const conf = (await newer('fixed')).replace("''      '';", "''      close;");
    const seen = await see(conf, 'polling');
    expect(seen.connection).toBe('close');
    expect(seen.connectionsOpened).toBe(seen.requests);
  });
});

test('what the reader wrote into X-Forwarded-For is kept by $proxy_add_x_forwarded_for, and overwritten by $remote_addr', async () => {
  const server = createServer(({ headers }, answer) => answer.end(String(headers['x-forwarded-for'])));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const heard = async (conf: string): Promise<string> => {
    const nginx = await startNginx(conf, (server.address() as AddressInfo).port);
    onTestFinished(nginx.stop);
    return (await fetch(nginx.url, { headers: { 'x-forwarded-for': '203.0.113.7' } })).text();
  };
  const fixed = await proxyConf('fixed');
  expect(await heard(fixed)).toBe('127.0.0.1');
  expect(await heard(fixed.replace('$remote_addr', '$proxy_add_x_forwarded_for'))).toBe('203.0.113.7, 127.0.0.1');
});

test('a proxy that speaks HTTP/1.1 and adds no header cannot be told from the request, only from the response', async () => {
  const server = await startServer();
  const created = async (url: string): Promise<Response> => fetch(`${url}/runs`, { method: 'POST' });
  const direct = await created(server.url);
  expect([direct.headers.get('server'), await direct.json()]).toMatchObject([null, { proxied: false }]);
  const behind = await created((await through(await newer('default'), server)).url);
  expect([behind.headers.get('server'), await behind.json()]).toMatchObject([/^nginx\//, { proxied: false }]);
});

describe('the recording', () => {
  const { seen } = recorded as ProxyRecording;

  const fates = (config: ProxyConfig): string[][] =>
    NGINX_DEFAULTS.map((defaults) =>
      LADDER.map((id) => `${id} ${seen[defaults][config][id].status} ${seen[defaults][config][id].live}`),
    );

  test.each(PROXY_CONFIGS.filter((config) => config !== 'without-header'))(
    '%s came to the same by both generations, so that one column may stand for both',
    (config) => {
      const [before, since] = fates(config);
      expect(since).toEqual(before);
    },
  );

  test('proxy_pass alone did not: the streams were held by the older defaults, and live by the newer', () => {
    const [before, since] = fates('without-header');
    expect(STREAMS.map((id) => before?.includes(`${id} 200 false`))).toEqual([true, true, true]);
    expect(STREAMS.map((id) => since?.includes(`${id} 200 true`))).toEqual([true, true, true]);
  });

  test.each(ASKING)('%s reached the handler as the page says', (id) => {
    const { request, connection, requests, connections } = seen.older['without-header'][id].inside;
    expect([request, connection, connections]).toEqual(['1.0', 'close', requests]);
    expect(seen.newer['without-header'][id].inside).toMatchObject({ request: '1.1', connection: null });
    expect(seen.newer['without-header'][id].inside.connections).toBe(seen.newer['without-header'][id].inside.requests);
    expect(seen.newer.group[id].inside.connections).toBe(id === 'http10' ? seen.newer.group[id].inside.requests : 1);
  });
});
