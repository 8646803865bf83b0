/** The recipe for nginx on any machine, only its paths and ports changed: TLS, two servers, one Redis, and one server that dies. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { makeCertificate } from '../../demo-server/network/certificate.ts';
import type { PushEvent, RunInfo } from '../../demo-server/protocol.ts';
import { startNginx } from '../helpers/nginx.ts';
import { readFrom } from '../shared/reader.ts';
import { recipe, twoServers, withAddresses } from './recipes.ts';

const RUN = { techniques: ['polling', 'sse', 'websocket'], eventsPerSecond: 20, durationSeconds: 4, seed: 7 };
const WHOLE = Array.from({ length: 80 }, (_, index) => index + 1);

async function startRecipe() {
  const [one, other] = await twoServers();
  const { key, cert } = makeCertificate(['localhost']);
  const folder = await mkdtemp(join(tmpdir(), 'pushlab-tls-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'privkey.pem'), key);
  await writeFile(join(folder, 'fullchain.pem'), cert);
  const conf = withAddresses(await recipe('nginx.conf'), {
    '  listen [::]:443 ssl;\n': '',
    '  listen [::]:443 ssl default_server;\n': '',
    '/etc/letsencrypt/live/pushlab.example': folder,
    '/var/log/nginx': folder,
    // The places at which the helper puts its own port and that of the first server.
    'listen 443 ': 'listen 127.0.0.1:8080 ',
    '# server 127.0.0.1:4322': `server 127.0.0.1:${other.port}`,
    'pushlab.example': 'localhost',
  });
  const nginx = await startNginx(conf, one.port);
  onTestFinished(nginx.stop);
  return { one, other, url: `https://localhost:${nginx.port}`, ca: cert };
}

function ask<T>(url: string, ca: string, method: string, body?: unknown): Promise<{ status: number; body: T }> {
  return new Promise((resolve, reject) => {
    // As a page of this very address asks: the server compares Origin with the Host that the proxy hands on.
    const headers = { origin: new URL(url).origin, 'content-type': 'application/json' };
    const request = https.request(url, { method, headers, ca, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text || 'null') as T }));
    });
    request.once('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

test('every kind of reader gets every event while the run goes on, over TLS', async () => {
  const { url, ca } = await startRecipe();
  const made = await ask<RunInfo & { proxied: boolean }>(`${url}/runs`, ca, 'POST', RUN);
  expect(made).toMatchObject({ status: 201, body: { proxied: true } });
  const { id } = made.body;
  const stream = readFrom([url], id, ca);
  const socket = new WebSocket(`${url.replace('https', 'wss')}/push/websocket?run=${id}&after=0`, {
    ca,
    origin: url,
  });
  onTestFinished(() => socket.terminate());
  const frames: PushEvent[] = [];
  socket.on('message', (data) => frames.push(JSON.parse(String(data))));
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  await new Promise((resolve) => socket.once('open', resolve));
  await ask(`${url}/runs/${id}/start`, ca, 'POST', {});
  await stream.until(10);
  expect((await ask<RunInfo>(`${url}/runs/${id}`, ca, 'GET')).body.state).toBe('running');
  const polled = await ask<{ events: PushEvent[] }>(`${url}/push/polling?run=${id}&after=0`, ca, 'GET');
  expect(polled.body.events.length).toBeGreaterThanOrEqual(10);
  await stream.over;
  expect(await closed).toBe(1000);
  expect(stream.events.map(({ seq }) => seq)).toEqual(WHOLE);
  expect(frames.map(({ seq }) => seq)).toEqual(WHOLE);
});

test('one server dies: what it served goes on at the other, without loss', async () => {
  const { one, other, url, ca } = await startRecipe();
  const made = await Promise.all(Array.from({ length: 4 }, () => ask<RunInfo>(`${url}/runs`, ca, 'POST', RUN)));
  const readers = made.map(({ body }) => ({ id: body.id, reader: readFrom([url], body.id, ca) }));
  for (const { id } of readers) await ask(`${url}/runs/${id}/start`, ca, 'POST', {});
  await Promise.all(readers.map(({ reader }) => reader.until(15)));
  await one.stop();
  await Promise.all(readers.map(({ reader }) => reader.over));
  for (const { reader } of readers) expect(reader.events.map(({ seq }) => seq)).toEqual(WHOLE);
  // Each run stayed at one of them until then: the dead one's went to the other.
  const ended = await Promise.all(readers.map(({ id }) => other.info(id)));
  expect(ended.map(({ state }) => state)).toEqual(readers.map(() => 'finished'));
});
