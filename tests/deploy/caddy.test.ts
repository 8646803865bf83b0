/** The recipe for Caddy, with a real Caddy and TLS: only the name is another, and with it who vouches for it. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import type { RunDocument } from '../../demo-server/measure/run-document.ts';
import { freePort } from '../../demo-server/probes/nginx.ts';
import { type PushEvent, type RunInfo, TECHNIQUES } from '../../demo-server/protocol.ts';
import { onPath } from '../helpers/programs.ts';
import { readFrom } from '../shared/reader.ts';
import { recipe, twoServers, withAddresses } from './recipes.ts';

interface Caddy {
  url: string;
  /** Path and text of the certificate (PEM) of the authority that it made for itself. */
  authority: string;
  ca: string;
}

/** The recipe for two servers on these ports, over TLS on a free port of loopback. `localhost` has no public certificate: Caddy makes one itself. */
async function startCaddy(ports: readonly number[]): Promise<Caddy> {
  const program = onPath(['caddy']);
  if (!program) throw new Error('no caddy on PATH; node tests/setup.ts installs it');
  const folder = await mkdtemp(join(tmpdir(), 'pushlab-caddy-'));
  const url = `https://localhost:${await freePort()}`;
  const file = withAddresses(await recipe('Caddyfile'), {
    // The authority stays in the folder, port 80 is not asked for.
    '{\n\tservers':
      '{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n\tdefault_bind 127.0.0.1\n\tservers',
    'pushlab.example': url,
    'reverse_proxy 127.0.0.1:4321': `reverse_proxy 127.0.0.1:${ports[0]} 127.0.0.1:${ports[1]}`,
  });
  await writeFile(join(folder, 'Caddyfile'), file);
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
      // The certificate is made last.
      if (said.includes('serving initial configuration') && said.includes('certificate obtained successfully'))
        resolve();
    });
    void ended.then(() => reject(new Error(`caddy ended: ${said}`)));
  });
  const authority = join(folder, 'caddy/pki/authorities/local/root.crt');
  return { url, authority, ca: await readFile(authority, 'utf8') };
}

/** One answer over TLS, on a connection of its own, as a page of this very address asks. */
async function ask<T>({ url, ca }: Caddy, path: string, method = 'GET', body?: unknown): Promise<T> {
  const headers = { origin: url, 'content-type': 'application/json' };
  const asked = https.request(url + path, { method, headers, ca, agent: false });
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return JSON.parse(await text(answer)) as T;
}

test('HTTP/1.1 is what it offers: over HTTP/2 all lanes of a browser would share one connection', async () => {
  const [one, other] = await twoServers();
  const { url, ca } = await startCaddy([one.port, other.port]);
  const { hostname, port } = new URL(url);
  const socket = connect({
    host: hostname,
    servername: hostname,
    port: Number(port),
    ca,
    ALPNProtocols: ['h2', 'http/1.1'],
  });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  expect(socket.alpnProtocol).toBe('http/1.1');
});

test('all techniques pass it live, and none loses an event', async () => {
  const [one, other] = await twoServers();
  const { url, authority } = await startCaddy([one.port, other.port]);
  const main = join(import.meta.dirname, '../../demo-server/compare/main.ts');
  const options = ['--techniques', TECHNIQUES.join(), '--duration', '4', '--events-per-second', '5', '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, [main, '--server', url, ...options], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: authority },
    maxBuffer: 2 ** 24,
  });
  const { lanes, measured } = JSON.parse(stdout) as RunDocument;
  expect(measured.behindProxy).toBe(true);
  expect(lanes.map(({ technique }) => technique)).toEqual([...TECHNIQUES]);
  for (const { technique, events } of lanes) {
    expect(events.seq, technique).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    const { at, latency } = events;
    // Not held to the end: the first one was here before the last one had been sent.
    expect(at[0], technique).toBeLessThan((at.at(-1) ?? 0) - (latency.at(-1) ?? 0));
  }
});

test('streams and sockets go on when one server dies', async () => {
  const [one, other] = await twoServers();
  const caddy = await startCaddy([one.port, other.port]);
  const { url, ca } = caddy;
  const { id } = await ask<RunInfo>(caddy, '/runs', 'POST', {
    techniques: ['xhr-stream', 'sse', 'websocket'],
    eventsPerSecond: 20,
    durationSeconds: 6,
  });
  const stream = readFrom([url], id, ca);
  const socket = new WebSocket(`${url.replace('http', 'ws')}/push/websocket?run=${id}&after=0`, { origin: url, ca });
  onTestFinished(() => socket.terminate());
  const frames: PushEvent[] = [];
  socket.on('message', (data) => frames.push(JSON.parse(String(data))));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('open', resolve));
  await ask(caddy, `/runs/${id}/start`, 'POST', {});
  await stream.until(20);
  expect((await ask<RunInfo>(caddy, `/runs/${id}`)).state).toBe('running');
  await one.stop();
  await stream.over;
  await closed;
  expect(stream.events.map(({ seq }) => seq)).toEqual(Array.from({ length: 120 }, (_, index) => index + 1));
  expect(frames.map(({ seq }) => seq)).toEqual(frames.map((_, index) => index + 1));
});
