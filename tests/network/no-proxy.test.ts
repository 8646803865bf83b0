/** A proxy in the environment, as offices and schools have one, is not in the way of this machine's own servers. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loopbackWithoutProxy } from '../../demo-server/network/no-proxy.ts';

const root = join(import.meta.dirname, '../..');

test.each<[NodeJS.ProcessEnv, string]>([
  [{}, 'localhost,127.0.0.1,[::1],::1'],
  [{ NO_PROXY: 'a.example, 127.0.0.1' }, 'a.example,127.0.0.1,localhost,[::1],::1'],
  [{ no_proxy: 'b.example', NO_PROXY: 'a.example' }, 'b.example,localhost,127.0.0.1,[::1],::1'],
])('%j is kept, and loopback added', (env, list) => {
  loopbackWithoutProxy(env);
  expect(env).toEqual({ no_proxy: list, NO_PROXY: list });
});

test('an environment that takes no proxy for anything stays as it is', () => {
  const env = { NO_PROXY: '*' };
  loopbackWithoutProxy(env);
  expect(env).toEqual({ NO_PROXY: '*' });
});

test.each([
  [
    'compare',
    ['demo-server/compare/main.ts', '--techniques', 'polling,websocket', '--duration', '1', '--subscribers', '1'],
  ],
  ['rehearse', ['demo-server/rehearse/main.ts', '--students', '1', '--seconds', '2', '--techniques', 'sse,websocket']],
])('%s reaches its own server without the proxy that Node was told to use', async (_name, [script = '', ...words]) => {
  const asked: string[] = [];
  const proxy = createServer((request, reply) => {
    asked.push(`${request.method} ${request.url}`);
    reply.writeHead(502).end();
  });
  proxy.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  await new Promise<void>((listening) => void proxy.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void proxy.close());
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const { NO_PROXY, no_proxy, ...env } = process.env;
  const child = spawn(process.execPath, [join(root, script), ...words], {
    env: { ...env, NODE_USE_ENV_PROXY: '1', HTTP_PROXY: url, http_proxy: url, HTTPS_PROXY: url },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(asked).toEqual([]);
  expect(code, said).toBe(0);
});
