/** The samples for Go are compiled against gorilla/websocket as Debian packages it, and run. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { onPath } from '../helpers/programs.ts';
import { startServer } from '../helpers/server.ts';
import { folder, portOf, sample, start } from './samples.ts';
import { expectSafeServer } from './server-contract.ts';

/** Where Debian's golang-github-gorilla-websocket-dev puts the library, as source. */
const GOPATH = '/usr/share/gocode';

/** Compiles a sample without the network; resolves with the program's path. */
function build(title: string): string {
  const go = onPath(['go']);
  if (!go) throw new Error('no go on PATH; node tests/setup.ts installs it');
  const path = folder();
  writeFileSync(join(path, title), sample(title));
  const env = { ...process.env, GO111MODULE: 'off', GOPATH, GOFLAGS: '' };
  execFileSync(go, ['vet', title], { cwd: path, env });
  execFileSync(go, ['build', '-o', 'sample', title], { cwd: path, env });
  return join(path, 'sample');
}

test('server.go: echo; foreign pages, long messages and resets do it no harm', { timeout: 600_000 }, async () => {
  const server = start(build('server.go'), ['127.0.0.1:0']);
  await expectSafeServer({ port: await portOf(server), path: '/echo', origin: 'http://localhost:8080' });
});

test('client.go reads the demo server', { timeout: 600_000 }, async () => {
  const server = await startServer();
  const reader = start(build('client.go'), [`ws://127.0.0.1:${server.port}/push/websocket?after=0`]);
  expect(await reader.line(/^\{"seq":/)).toMatch(/^\{"seq":\d+,"sentAt":/);
});

test('client.go comes back after the last event, also after a reset, and stops when it is over', {
  timeout: 600_000,
}, async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => server.close());
  await once(server, 'listening');
  const asked: (string | null)[] = [];
  server.on('connection', (socket, request) => {
    asked.push(new URL(request.url ?? '', 'ws://localhost').searchParams.get('after'));
    if (asked.length === 1) {
      socket.send('{"seq":7,"sentAt":0,"data":"x"}');
      socket.close(1012, 'restart');
    } else if (asked.length === 2) {
      socket.send('{"reset":true,"next":40}');
      socket.terminate();
    } else socket.close(1000);
  });
  const reader = start(build('client.go'), [`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`]);
  expect(await reader.line(/1012.*next try in/)).toMatch(/next try in \d/);
  expect(await reader.ended).toBe(0);
  expect(asked).toEqual([null, '7', '40']);
});

test.each(['server.go', 'client.go'])('%s has the form of gofmt', (title) => {
  const gofmt = onPath(['gofmt']);
  if (!gofmt) throw new Error('no gofmt on PATH; node tests/setup.ts installs it');
  expect(execFileSync(gofmt, { input: sample(title), encoding: 'utf8' })).toBe(sample(title));
});
