/**
 * What the real nginx makes of each technique: with proxy_pass alone, and with each line that changes it. What is checked
 * is the order of events ("here before the run was stopped"), never a time. The defaults are those before 1.29.7, set by
 * hand, so that any nginx will do; what the later ones change is in generations.test.ts.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import WebSocket from 'ws';
import { LADDER } from '../../demo-server/protocol.ts';
import { withLines } from '../helpers/nginx.ts';
import { startServer } from '../helpers/server.ts';
import { ASKING, older, read, STREAMS, see, through, WITHOUT_SOCKET } from './see.ts';

const TYPES = 'application/json application/x-ndjson text/event-stream';
const GZIP = ['gzip on;', `gzip_types ${TYPES};`];

describe('proxy_pass alone', () => {
  test.each(WITHOUT_SOCKET)('%s arrives live, as the streams ask nginx for it in a header', async (technique) => {
    const seen = await see(await older('default'), technique);
    expect(seen).toMatchObject({ live: true, whole: true, clean: true, status: 200 });
  });

  test.each(LADDER)('%s is asked in HTTP/1.0 by nginx, on a connection for each request', async (technique) => {
    const seen = await see(await older('default'), technique);
    expect(seen).toMatchObject({ request: '1.0', connection: 'close' });
    expect(seen.connectionsOpened).toBe(seen.requests);
    // The server answers in its own version, but for http10, where it writes 1.0; the browser is always told 1.1.
    expect(seen.answer).toBe(technique === 'http10' ? '1.0' : '1.1');
    expect(seen.reader.answer?.version).toBe('1.1');
  });

  test('http10 loses what it is about: its reader keeps one connection, and the short ones lie behind', async () => {
    const seen = await see(await older('default'), 'http10');
    expect(seen.reader.reused).toBe(true);
    expect(seen.requests).toBeGreaterThan(1);
    expect(seen.connectionsOpened).toBe(seen.requests);
  });

  test('websocket comes to the server as a plain GET, and is refused by it', async () => {
    const seen = await see(await older('default'), 'websocket');
    expect(seen).toMatchObject({ live: false, clean: false, status: 426 });
  });
});

describe('proxy_pass alone, and an application that sends no X-Accel-Buffering', () => {
  test.each(STREAMS)('%s is held to its end', async (technique) => {
    const seen = await see(await older('without-header'), technique);
    expect(seen).toMatchObject({ live: false, whole: true, clean: true, status: 200 });
  });

  test.each(STREAMS)('%s comes in lumps while it lasts: each time that a buffer is full', async (technique) => {
    const server = await startServer();
    const nginx = await through(await older('without-header'), server);
    const settings = { techniques: [technique], eventsPerSecond: 20, payloadBytes: 64, durationSeconds: 600 };
    const { id: run } = await server.run(settings);
    const reader = read({ port: nginx.port, technique, run });
    await reader.until(() => reader.arrivals.length >= 1);
    expect((await server.info(run)).state).toBe('running');
    // A buffer is one page of memory, 4 KiB or more; an event takes 100 to 150 bytes with what wraps it.
    expect(reader.arrivals.length).toBeGreaterThan(20);
  });

  test.each(ASKING)('%s does not care: each of its answers has an end', async (technique) => {
    const seen = await see(await older('without-header'), technique);
    expect(seen).toMatchObject({ live: true, whole: true, clean: true, status: 200 });
  });
});

describe('proxy_buffering off', () => {
  test.each(WITHOUT_SOCKET)('%s arrives live without help by the application', async (technique) => {
    const seen = await see(await older('buffering-off'), technique);
    expect(seen).toMatchObject({ live: true, whole: true, clean: true, status: 200 });
  });

  test('websocket is refused as before: it is not about buffers', async () => {
    expect(await see(await older('buffering-off'), 'websocket')).toMatchObject({ live: false, status: 426 });
  });
});

describe('the lines for the upgrade', () => {
  test('websocket gets its 101 and is live', async () => {
    const seen = await see(await older('upgrade'), 'websocket');
    expect(seen).toMatchObject({ live: true, whole: true, clean: true, status: 101, request: '1.1', answer: '1.1' });
  });

  test.each(['proxy_set_header Upgrade $http_upgrade;', 'proxy_set_header Connection $connection_upgrade;'])(
    'without %s it does not',
    async (line) => {
      const conf = (await older('upgrade')).replace(line, '');
      expect(await see(conf, 'websocket')).toMatchObject({ live: false, status: 426 });
    },
  );

  test('without proxy_http_version 1.1 the wish is ignored, as RFC 9110 7.8 says', async () => {
    const conf = (await older('upgrade')).replace('    proxy_http_version 1.1;', '');
    expect(await see(conf, 'websocket')).toMatchObject({ live: false, status: 426, request: '1.0' });
  });

  test.each(WITHOUT_SOCKET)('%s arrives live beside it', async (technique) => {
    const seen = await see(await older('upgrade'), technique);
    expect(seen).toMatchObject({ live: true, whole: true, clean: true, request: '1.1' });
  });

  test('a page of the proxy’s own name is refused until Host is passed on, too', async () => {
    const server = await startServer();
    const handshake = async (conf: string): Promise<number> => {
      const nginx = await through(conf, server);
      const socket = new WebSocket(`ws://127.0.0.1:${nginx.port}/push/websocket`, { origin: nginx.url });
      onTestFinished(() => socket.terminate());
      socket.on('error', () => {});
      return new Promise((resolve) => {
        for (const event of ['upgrade', 'unexpected-response'] as const)
          socket.on(event, (...told: { statusCode?: number }[]) => resolve(told.at(-1)?.statusCode ?? 0));
      });
    };
    expect(await handshake(await older('upgrade'))).toBe(403);
    expect(await handshake(await older('fixed'))).toBe(101);
  });
});

describe('all lines together', () => {
  test.each(LADDER)('%s arrives live, whole, and in HTTP/1.1', async (technique) => {
    const seen = await see(await older('fixed'), technique);
    expect(seen).toMatchObject({ live: true, whole: true, clean: true, request: '1.1' });
    expect(seen.status).toBe(technique === 'websocket' ? 101 : 200);
  });

  test.each(['keep-alive', 'polling', 'long-poll'] as const)('%s is asked on one connection', async (technique) => {
    const seen = await see(await older('fixed'), technique);
    expect(seen.requests).toBeGreaterThan(1);
    expect(seen.connectionsOpened).toBeLessThanOrEqual(1);
  });
});

describe('gzip in nginx', () => {
  const packed = { 'accept-encoding': 'gzip' };

  test.each(STREAMS)('%s is held to its end where nginx buffers', async (technique) => {
    const seen = await see(withLines(await older('without-header'), ...GZIP), technique, packed);
    expect(seen).toMatchObject({ live: false, whole: true, clean: true });
    expect(seen.reader.answer?.headers['content-encoding']).toBe('gzip');
  });

  test.each(STREAMS)('%s is packed event by event where the application says X-Accel-Buffering', async (technique) => {
    const seen = await see(withLines(await older('default'), ...GZIP), technique, packed);
    expect(seen).toMatchObject({ live: true, whole: true, clean: true });
    expect(seen.reader.answer?.headers['content-encoding']).toBe('gzip');
  });

  test.each(STREAMS)('%s is packed event by event where proxy_buffering is off', async (technique) => {
    const seen = await see(withLines(await older('buffering-off'), ...GZIP), technique, packed);
    expect(seen).toMatchObject({ live: true, whole: true, clean: true });
    expect(seen.reader.answer?.headers['content-encoding']).toBe('gzip');
  });
});

test('gzip on alone packs the iframe stream, and no other: nginx always takes text/html for worth it', async () => {
  for (const technique of STREAMS) {
    const seen = await see(withLines(await older('default'), 'gzip on;'), technique, { 'accept-encoding': 'gzip' });
    expect(seen).toMatchObject({ live: true, whole: true });
    expect(seen.reader.answer?.headers['content-encoding'], technique).toBe(
      technique === 'iframe-stream' ? 'gzip' : undefined,
    );
  }
});

describe('proxy_read_timeout', () => {
  /** Shorter than the page's, so that the test need not wait a minute for what it waits for. */
  const impatient = async (seconds: number): Promise<string> =>
    (await older('fixed')).replace(/proxy_read_timeout 60s;/, `proxy_read_timeout ${seconds}s;`);
  const SILENT = ['iframe-stream', 'xhr-stream', 'sse', 'websocket'] as const;
  const NEVER_MS = 3_600_000;

  test.each(SILENT)('%s is cut when nothing happens and no heartbeat is sent', async (technique) => {
    const server = await startServer({ heartbeatMs: NEVER_MS });
    const nginx = await through(await impatient(1), server);
    const { id: run } = await server.run({ techniques: [technique] }, false);
    const reader = read({ port: nginx.port, technique, run });
    expect((await reader.ended).clean).toBe(false);
    expect((await server.info(run)).state).toBe('ready');
    expect(reader.arrivals).toEqual([]);
  });

  test.each(SILENT)('%s is not, with a heartbeat that comes more often', async (technique) => {
    const server = await startServer({ heartbeatMs: 200 });
    const nginx = await through(await impatient(2), server);
    const { id: run } = await server.run({ techniques: [technique] }, false);
    const reader = read({ port: nginx.port, technique, run });
    // So many of them take longer than the silence after which nginx cuts.
    await reader.until(() => reader.heartbeats() >= 15);
    expect(reader.heartbeats()).toBeGreaterThanOrEqual(15);
    reader.stop();
  });

  test('a held question is answered with 504 by nginx unless the server answers before', async () => {
    const server = await startServer();
    const nginx = await through(await impatient(1), server);
    const held = await server.run({ techniques: ['long-poll'], longPollTimeoutMs: 60_000 }, false);
    expect(await read({ port: nginx.port, technique: 'long-poll', run: held.id }).ended).toEqual({
      clean: false,
      status: 504,
    });
    const short = await server.run({ techniques: ['long-poll'], longPollTimeoutMs: 300 }, false);
    const answer = await fetch(`${nginx.url}/push/long-poll?run=${short.id}&after=0`);
    expect([answer.status, await answer.json()]).toEqual([200, { events: [], next: 0 }]);
  });
});

describe('what the server knows of the proxy', () => {
  const proxied = async (port: number): Promise<boolean> =>
    ((await (await fetch(`http://127.0.0.1:${port}/runs`, { method: 'POST' })).json()) as { proxied: boolean }).proxied;

  test('POST /runs says proxied by the version or by X-Forwarded-For, and not where neither tells', async () => {
    const server = await startServer();
    expect(await proxied(server.port)).toBe(false);
    expect(await proxied((await through(await older('default'), server)).port)).toBe(true);
    expect(await proxied((await through(await older('fixed'), server)).port)).toBe(true);
    expect(await proxied((await through(await older('upgrade'), server)).port)).toBe(false);
  });

  test('the ledger counts the bytes between proxy and server', async () => {
    const [direct, behind] = await Promise.all(
      (['direct', 'behind'] as const).map(async (where) => {
        const server = await startServer();
        const port = where === 'behind' ? (await through(await older('default'), server)).port : server.port;
        const { id: run } = await server.run({ techniques: ['keep-alive'] }, false);
        const answer = await fetch(`http://127.0.0.1:${port}/push/keep-alive?run=${run}`);
        await answer.arrayBuffer();
        return (await server.ledger(run)).lanes['keep-alive'];
      }),
    );
    // The same request, but nginx writes its own: another Host, another Connection.
    expect(behind?.bytes.up.head).not.toBe(direct?.bytes.up.head);
    expect(behind?.unaccountedBytes).toBe(0);
  });
});
