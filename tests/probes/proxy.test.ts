/** The lab's proxy: a real nginx that holds back what it is said to hold back, and is gone when the server is. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import WebSocket from 'ws';
import { type LabProxy, PROXY_CONFIGS, type ProxyConfigId } from '../../demo-server/protocol.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const SETTINGS = { eventsPerSecond: 20, durationSeconds: 900, payloadBytes: 8 };
/** Streams that nginx holds back by its older defaults unless told otherwise. */
const STREAMS = ['sse', 'xhr-stream', 'iframe-stream', 'fetch-stream'] as const;

async function begin(server: TestServer, config: ProxyConfigId, query = ''): Promise<LabProxy> {
  const answer = await fetch(`${server.url}/probe/proxy/${config}${query}`, { method: 'POST' });
  expect(answer.status).toBe(200);
  return (await answer.json()) as LabProxy;
}

/** Reads a stream: what is here so far, a wait for a first event, and for the end. */
function read(url: string) {
  const first = Promise.withResolvers<void>();
  let text = '';
  const ended = (async () => {
    const answer = await fetch(url);
    for await (const piece of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += piece;
      if (text.includes('"seq":')) first.resolve();
    }
    return answer;
  })();
  ended.catch(first.reject);
  return { first: first.promise, ended, text: () => text };
}

describe.each(['nginx', 'own step'] as const)('with %s', (by) => {
  const options = by === 'nginx' ? {} : { nginx: null };

  test.each(PROXY_CONFIGS)('%s holds streams back, or does not, as its lines say', async (config) => {
    const server = await startServer(options);
    const { path, nginx, conf } = await begin(server, config);
    expect(nginx).toEqual(by === 'nginx' ? expect.stringMatching(/^nginx \d/) : null);
    expect(conf).toContain(`server 127.0.0.1:${server.port}`.slice(7));
    const { id } = await server.run({ ...SETTINGS, techniques: [...STREAMS] }, false);
    const address = (technique: string) => `${server.url}${path}/push/${technique}?run=${id}`;
    const streams = STREAMS.map((technique) => read(address(technique)));
    // All are at the server before anything is told, so that they are told of it.
    await Promise.all(STREAMS.map((technique) => server.asked(id, technique)));
    const direct = read(`${server.url}/push/sse?run=${id}`);
    await fetch(`${server.url}/runs/${id}/start`, { method: 'POST' });
    await direct.first;
    if (config === 'without-header') {
      // Ten events more have gone the other way, and none this way.
      while ((direct.text().match(/"seq":/g)?.length ?? 0) < 10) await pause(20);
      expect(streams.map(({ text }) => text())).toEqual(['', '', '', '']);
    } else await Promise.all(streams.map(({ first }) => first));
    await fetch(`${server.url}/runs/${id}`, { method: 'DELETE' });
    const answers = await Promise.all(streams.map(({ ended }) => ended));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    for (const { text } of streams) expect(text()).toContain('"seq":1,');
  });

  test('by the defaults since 1.29.7 streams pass with proxy_pass alone', async () => {
    const server = await startServer(options);
    const { path, conf } = await begin(server, 'without-header', '?defaults=newer');
    expect(conf).toContain('proxy_http_version 1.1;');
    const { id } = await server.run({ ...SETTINGS, techniques: [...STREAMS] });
    const streams = STREAMS.map((technique) => read(`${server.url}${path}/push/${technique}?run=${id}`));
    await Promise.all(streams.map(({ first }) => first));
    expect((await server.info(id)).state).toBe('running');
    await fetch(`${server.url}/runs/${id}`, { method: 'DELETE' });
    await Promise.all(streams.map(({ ended }) => ended));
  });

  test.each(PROXY_CONFIGS)('%s passes a WebSocket on, or does not, as its lines say', async (config) => {
    const server = await startServer(options);
    const { path } = await begin(server, config);
    const origin = server.url;
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}${path}/push/websocket`, { origin });
    onTestFinished(() => socket.terminate());
    if (config === 'upgrade' || config === 'fixed') {
      const [data] = await once(socket, 'message');
      expect(JSON.parse(String(data))).toMatchObject({ seq: expect.any(Number) });
      socket.close();
      await once(socket, 'close');
    } else {
      const [, answer] = await once(socket, 'unexpected-response');
      expect(answer.statusCode).toBe(426);
      socket.on('error', () => {});
    }
  });

  test('refuses what it does not know, and what was not started, in words', async () => {
    const server = await startServer(options);
    const status = async (path: string, init?: RequestInit) => {
      const answer = await fetch(server.url + path, init);
      expect((await answer.json()).message).toMatch(/\.$/);
      return answer.status;
    };
    expect(await status('/probe/proxy/nothing', { method: 'POST' })).toBe(400);
    expect(await status('/probe/proxy/fixed/push/sse')).toBe(404);
    const foreign = { method: 'POST', headers: { origin: 'http://elsewhere.example' } };
    expect(await status('/probe/proxy/fixed', foreign)).toBe(403);
    await begin(server, 'fixed');
    // Only the techniques are reached through it.
    expect(await status('/probe/proxy/fixed/runs')).toBe(404);
    expect(await status('/probe/proxy/fixed/push/nothing')).toBe(404);
  });
});

test('nginx compresses where it is asked to, and the stream still passes where it should', async () => {
  const server = await startServer();
  const { path, conf } = await begin(server, 'fixed', '?gzip');
  expect(path).toBe('/probe/proxy/fixed-older-gzip');
  expect(conf).toContain('gzip on;');
  const stream = read(`${server.url}${path}/push/sse`);
  await stream.first;
  await server.stop();
  await stream.ended.catch(() => {});
});

const portOf = ({ conf }: LabProxy): number => Number(/listen 127\.0\.0\.1:(\d+);/.exec(conf)?.[1]);
/** Resolves when nobody listens on a port of loopback any more. */
async function silent(port: number): Promise<void> {
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1' });
    try {
      await once(socket, 'connect');
    } catch {
      return;
    } finally {
      socket.destroy();
    }
    await pause(50);
  }
}

test('nginx is gone when the server has closed', async () => {
  const server = await startServer();
  const proxy = await begin(server, 'default');
  expect((await fetch(`http://127.0.0.1:${portOf(proxy)}/healthz`)).status).toBe(200);
  await server.close();
  await silent(portOf(proxy));
});

test('nginx is gone when the server was killed, and could clear nothing away', async () => {
  const main = join(import.meta.dirname, '../../demo-server/main.ts');
  const child = spawn(process.execPath, [main, '--no-site', '--port', '0', '--host', '127.0.0.1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [said] = await once(child.stdout, 'data');
  const url = /http:\S+/.exec(String(said))?.[0] ?? '';
  const answer = await fetch(`${url}/probe/proxy/default`, { method: 'POST' });
  const proxy = (await answer.json()) as LabProxy;
  expect((await fetch(`http://127.0.0.1:${portOf(proxy)}/healthz`)).status).toBe(200);
  child.kill('SIGKILL');
  await silent(portOf(proxy));
});
