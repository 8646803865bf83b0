/** The recipe for Caddy, with a real Caddy: in the clear on a port of loopback, as a certificate for a public name cannot be had here. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { freePort } from '../../demo-server/probes/nginx.ts';
import type { PushEvent, RunInfo } from '../../demo-server/protocol.ts';
import { onPath } from '../helpers/programs.ts';
import { readFrom } from '../shared/reader.ts';
import { recipe, twoServers, withAddresses } from './recipes.ts';

async function startCaddy(ports: readonly number[]): Promise<string> {
  const program = onPath(['caddy']);
  if (!program) throw new Error('no caddy on PATH; node tests/setup.ts installs it');
  const folder = await mkdtemp(join(tmpdir(), 'pushlab-caddy-'));
  const url = `http://127.0.0.1:${await freePort()}`;
  const file = withAddresses(await recipe('Caddyfile'), {
    'pushlab.example': url,
    '127.0.0.1:4321': `127.0.0.1:${ports[0]}`,
    '127.0.0.1:4322': `127.0.0.1:${ports[1]}`,
  });
  await writeFile(join(folder, 'Caddyfile'), `{\n\tadmin off\n\tauto_https off\n}\n${file}`);
  const child = spawn(program, ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'], {
    // Caddy writes into the home of whoever starts it.
    env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true });
  });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('serving initial configuration')) resolve();
    });
    void ended.then(() => reject(new Error(`caddy ended: ${said}`)));
  });
  return url;
}

test('streams and sockets pass as they come, also when one server dies', async () => {
  const [one, other] = await twoServers();
  const url = await startCaddy([one.port, other.port]);
  const ask = (path: string, method: string, body: unknown) =>
    fetch(url + path, {
      method,
      headers: { origin: url, 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify(body),
    });
  const made = await ask('/runs', 'POST', {
    techniques: ['xhr-stream', 'sse', 'websocket'],
    eventsPerSecond: 20,
    durationSeconds: 6,
  });
  expect(made.status).toBe(201);
  const { id } = (await made.json()) as RunInfo;
  const stream = readFrom([url], id);
  const socket = new WebSocket(`${url.replace('http', 'ws')}/push/websocket?run=${id}&after=0`, { origin: url });
  onTestFinished(() => socket.terminate());
  const frames: PushEvent[] = [];
  socket.on('message', (data) => frames.push(JSON.parse(String(data))));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('open', resolve));
  await ask(`/runs/${id}/start`, 'POST', {});
  // Live, although nobody has told Caddy that these are streams: the first lines are here before the run has ended.
  const xhr = await fetch(`${url}/push/xhr-stream?run=${id}&after=0`);
  const reader = (xhr.body as ReadableStream<Uint8Array>).getReader();
  onTestFinished(() => reader.cancel().catch(() => {}));
  await reader.read();
  await stream.until(20);
  expect(((await (await fetch(`${url}/runs/${id}`)).json()) as RunInfo).state).toBe('running');
  await one.stop();
  await stream.over;
  await closed;
  expect(stream.events.map(({ seq }) => seq)).toEqual(Array.from({ length: 120 }, (_, index) => index + 1));
  expect(frames.map(({ seq }) => seq)).toEqual(frames.map((_, index) => index + 1));
});
