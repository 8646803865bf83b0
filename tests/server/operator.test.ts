/** What an operator asks of the server: HEAD, readiness, metrics, a log without addresses. */
import { createServer } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { TECHNIQUES } from '../../demo-server/protocol.ts';
import { VERSION } from '../../demo-server/version.ts';
import { get, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

/** The head of the response to HEAD, and all that came until the server closed the connection. */
async function head(server: TestServer, path: string) {
  const connection = rawConnection(server.port, get(path, { Connection: 'close' }).replace('GET', 'HEAD'));
  const bytes = await connection.ended();
  return { ...readAnswer(bytes), after: bytes.subarray(bytes.indexOf('\r\n\r\n') + 4).length };
}

describe('HEAD', () => {
  test('of JSON is answered like GET, without its body', async () => {
    const server = await startServer();
    const run = await server.run({}, false);
    for (const path of [
      '/healthz',
      '/readyz',
      `/runs/${run.id}`,
      '/docs/api/openapi.json',
      '/hijack/second-origin',
      '/classroom/info',
    ]) {
      const length = (await (await fetch(server.url + path)).arrayBuffer()).byteLength;
      const answer = await head(server, path);
      expect({ path, status: answer.status, after: answer.after }).toEqual({ path, status: 200, after: 0 });
      expect(Number(answer.headers?.['content-length']), path).toBe(length);
    }
    expect((await head(server, '/nothing')).status).toBe(404);
  });

  test('of a stream, or of what is held, is its head at once; of a WebSocket it is 426', async () => {
    const server = await startServer();
    const run = await server.run({ durationSeconds: 900, techniques: [...TECHNIQUES] }, false);
    for (const id of TECHNIQUES) {
      const answer = await head(server, `/push/${id}?run=${run.id}`);
      expect({ id, status: answer.status, after: answer.after }).toEqual({
        id,
        status: id === 'websocket' ? 426 : 200,
        after: 0,
      });
    }
    expect((await head(server, '/push/sse')).headers?.['content-type']).toBe('text/event-stream; charset=utf-8');
    for (const path of ['/control', '/echo', '/chat/room1', '/hijack/open'])
      expect((await head(server, path)).status, path).toBe(426);
    // Each was counted, and none of its bytes as a body or as what makes no sense.
    const { lanes } = server.readLedger(run.id);
    for (const id of TECHNIQUES) {
      expect(lanes[id], id).toMatchObject({ requests: 1, responses: 1, cuts: [] });
      expect(lanes[id]?.bytes.down, id).toMatchObject({ framing: 0, envelope: 0, payload: 0 });
    }
  });
});

describe('/readyz', () => {
  test('says that it is ready, under any name, and of which version', async () => {
    const server = await startServer();
    expect(await (await fetch(`${server.url}/readyz`)).json()).toEqual({
      status: 'ready',
      reasons: [],
      version: VERSION,
    });
    const answer = readAnswer(
      await rawConnection(server.port, get('/readyz', { Host: 'any.example', Connection: 'close' })).ended(),
    );
    expect(answer?.status).toBe(200);
  });

  test('is ready while Redis is away, as runs go on without it', async () => {
    const server = await startServer({ redisUrl: 'redis://127.0.0.1:1' });
    const answer = await fetch(`${server.url}/readyz`);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { status: 'ready', reasons: [], version: VERSION, redis: 'down' },
    ]);
  });
});

describe('/metrics', () => {
  const statusOf = async ({ port }: TestServer, headers: Record<string, string>, version?: string) =>
    readAnswer(await rawConnection(port, get('/metrics', { Connection: 'close', ...headers }, version)).ended())
      ?.status;
  const read = async (server: TestServer) => {
    const answer = await fetch(`${server.url}/metrics`);
    return { type: answer.headers.get('content-type'), text: await answer.text() };
  };

  test('are text for Prometheus, and true', async () => {
    const server = await startServer();
    const run = await server.run({ durationSeconds: 900 });
    const stream = rawConnection(server.port, get(`/push/sse?run=${run.id}`));
    await stream.until((bytes) => bytes.includes('retry:'));
    const { type, text } = await read(server);
    expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
    for (const line of text.trim().split('\n'))
      expect(line).toMatch(/^(# (HELP|TYPE) [a-z_]+ \S.*|[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [\d.e+-]+)$/);
    expect(text).toContain(`pushlab_info{version="${VERSION}",node="${process.versions.node}"} 1\n`);
    expect(text).toContain('pushlab_streams{technique="sse"} 1\n');
    expect(text).toContain('pushlab_streams{technique="websocket"} 0\n');
    expect(text).toContain('pushlab_runs{state="running"} 2\n');
    expect(text).toContain('pushlab_queued_bytes 0\n');
    expect(text).toMatch(/pushlab_connections [1-9]/);
    expect(text).not.toContain('pushlab_redis_up');
    stream.destroy();
    await server.idle();
    const again = (await read(server)).text;
    expect(again).toContain('pushlab_streams{technique="sse"} 0\n');
    expect(again).toMatch(/pushlab_responses_total\{class="2xx"\} [1-9]/);
    expect(again).toMatch(/pushlab_event_loop_lag_seconds\{quantile="0.99"\} \d/);
  });

  test('say how often the limit of open files was reached, where that is watched', async () => {
    const count = 'pushlab_open_files_limit_reached_total';
    expect((await read(await startServer())).text).not.toContain(count);
    expect((await read(await startServer({ openFilesReached: () => 2 }))).text).toContain(`${count} 2\n`);
  });

  test('are for this machine alone: not through a proxy, not under a public name', async () => {
    const server = await startServer({ publicUrls: ['https://pushlab.example'], trustProxy: ['127.0.0.1'] });
    const status = (headers: Record<string, string>, version?: string) => statusOf(server, headers, version);
    expect(await status({})).toBe(200);
    expect(await status({ 'X-Forwarded-For': '127.0.0.1' })).toBe(403);
    expect(await status({ 'X-Forwarded-For': '192.0.2.7' })).toBe(403);
    expect(await status({ Host: 'pushlab.example' })).toBe(403);
    expect(await status({ Via: '1.1 proxy' })).toBe(403);
    expect(await status({}, '1.0')).toBe(403);
    const open = await startServer({ trustProxy: ['127.0.0.1'], metricsFrom: ['192.0.2.0/24', '2001:db8::1'] });
    for (const [address, expected] of [
      ['192.0.2.7', 200],
      ['2001:db8::1', 200],
      ['192.0.3.7', 403],
      ['x', 403],
    ] as const) {
      const answer = await fetch(`${open.url}/metrics`, { headers: { 'x-forwarded-for': address } });
      expect(answer.status, address).toBe(expected);
    }
  });
});

describe('/metrics behind a proxy that shows by nothing that it is there', () => {
  const behind = { behindProxy: true, trustProxy: ['127.0.0.1'] };

  test('are for nobody, in words, until somebody is named', async () => {
    const server = await startServer(behind);
    const answer = await fetch(`${server.url}/metrics`);
    expect(answer.status).toBe(403);
    expect(await answer.json()).toEqual({
      error: 'metrics-elsewhere',
      message: expect.stringContaining('--metrics-from 127.0.0.1'),
    });
  });

  test('are for this machine where it is named, and not for those whom a proxy on it names', async () => {
    const server = await startServer({ ...behind, metricsFrom: ['127.0.0.1', '192.0.2.7'] });
    const status = async (headers: Record<string, string>) =>
      (await fetch(`${server.url}/metrics`, { headers })).status;
    expect(await status({})).toBe(200);
    expect(await status({ 'X-Forwarded-For': '192.0.2.7' })).toBe(200);
    expect(await status({ 'X-Forwarded-For': '192.0.2.8' })).toBe(403);
    expect(await status({ 'X-Forwarded-For': '127.0.0.1' })).toBe(403);
    const untrusting = await startServer({ behindProxy: true, metricsFrom: ['127.0.0.1'] });
    const forwarded = { headers: { 'X-Forwarded-For': '192.0.2.8' } };
    expect((await fetch(`${untrusting.url}/metrics`, forwarded)).status).toBe(403);
  });
});

test('the access log has a line for each request, and nobody’s address or query', async () => {
  const lines: string[] = [];
  const third = Promise.withResolvers<void>();
  const server = await startServer({
    logged: (line) => {
      if (lines.push(line) === 3) third.resolve();
    },
  });
  const polling = rawConnection(server.port, get('/push/polling?after=0&client=secret', { Connection: 'close' }));
  const bytes = (await polling.ended()).length;
  await (await fetch(`${server.url}/nothing?token=secret`)).text();
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/echo`);
  onTestFinished(() => socket.close());
  await new Promise((open) => socket.addEventListener('open', open));
  socket.close();
  await third.promise;
  const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(new RegExp(`^${time} GET /push/polling 200 ${bytes}B \\d+ms\n$`));
  expect(lines[1]).toMatch(new RegExp(`^${time} GET /nothing 404 \\d+B \\d+ms\n$`));
  expect(lines[2]).toMatch(new RegExp(`^${time} GET /echo 101 \\d+B \\d+ms\n$`));
  expect(lines.join('')).not.toMatch(/127\.0\.0\.1|secret/);
});

test.runIf('shouldUpgradeCallback' in createServer())(
  'an Upgrade that is passed over is an ordinary request: logged and no longer counted when its response is out',
  async () => {
    const logged = Promise.withResolvers<string>();
    const server = await startServer({ logged: logged.resolve });
    const offer = {
      Connection: 'Upgrade, HTTP2-Settings',
      Upgrade: 'h2c',
      'HTTP2-Settings': 'AAMAAABkAAQCAAAAAAIAAAAA',
    };
    const kept = rawConnection(server.port, get('/push/polling', offer));
    expect(readAnswer(await kept.until((bytes) => readAnswer(bytes)?.complete === true))?.status).toBe(200);
    expect(await logged.promise).toMatch(/ GET \/push\/polling 200 /);
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('pushlab_streams{technique="polling"} 0\n');
    expect(kept.socket.readyState).toBe('open');
  },
);
