/** `--https`: a certificate made on the spot, printed so that it can be trusted, kept over a restart; behind it all is as without. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { get as getSecure } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { makeCertificate } from '../../demo-server/network/certificate.ts';
import { listenSecure } from '../../demo-server/network/https.ts';
import { get, rawConnection, readAnswer } from '../helpers/raw.ts';

const main = join(import.meta.dirname, '../../demo-server/main.ts');

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'pushlab-https-'));
  onTestFinished(() => rm(made, { recursive: true }));
  return made;
}

/** Starts a class over HTTPS; resolves with its port and all that it printed. */
async function start(dir: string): Promise<{ port: number; printed: string; stop(): Promise<number | null> }> {
  const options = ['--no-site', '--port', '0', '--host', '127.0.0.1', '--classroom', '--https', '--data-dir', dir];
  const { PORT, HOST, ...env } = process.env;
  const child = spawn(process.execPath, [main, ...options], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  let printed = '';
  await new Promise<void>((resolve, reject) => {
    void ended.then(() => reject(new Error(`it ended: ${printed}`)));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      if (/(?:[0-9A-F]{2}:){31}[0-9A-F]{2}\n/.test(printed)) resolve();
    });
  });
  const port = Number(/listens on https:\/\/127\.0\.0\.1:(\d+)/.exec(printed)?.[1]);
  return {
    port,
    printed,
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
const fingerprintIn = (printed: string) => /(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/.exec(printed)?.[0];

/** A TLS connection to it, whatever its certificate is. */
function secure(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }, () => resolve(socket));
    onTestFinished(() => void socket.destroy());
    socket.on('error', reject);
  });
}
function ask(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    getSecure({ host: '127.0.0.1', port, path, rejectUnauthorized: false, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      answer.on('end', () => resolve(text));
    }).on('error', reject);
  });
}

test('the certificate is the one that was printed, names this machine, and stays over a restart', async () => {
  const dir = await folder();
  const first = await start(dir);
  const { fingerprint256, subjectaltname } = (await secure(first.port)).getPeerCertificate();
  expect(fingerprintIn(first.printed)).toBe(fingerprint256);
  expect(subjectaltname).toContain('DNS:localhost');
  expect(first.printed).toContain(`join at      https://127.0.0.1:${first.port}/join`);
  expect((await stat(join(dir, 'certificate.json'))).mode & 0o077).toBe(0);
  expect(await first.stop()).toBe(0);
  const second = await start(dir);
  expect(fingerprintIn(second.printed)).toBe(fingerprint256);
});

test('a certificate that is shown later reaches those who connect from then on, and cuts nobody off', async () => {
  const plain = createServer((_request, response) => void response.end('well'));
  onTestFinished(() => void plain.close());
  await new Promise<void>((listening) => void plain.listen(0, '127.0.0.1', listening));
  const { port: to } = plain.address() as AddressInfo;
  const [before, after] = [makeCertificate(['127.0.0.1']), makeCertificate(['127.0.0.1', '192.168.5.5'])];
  const front = await listenSecure(before, { place: { port: 0, first: '127.0.0.1', further: [] }, to });
  onTestFinished(() => front.close());
  const shown = async () => (await secure(front.port)).getPeerCertificate().fingerprint256;
  const open = await secure(front.port);
  expect(open.getPeerCertificate().fingerprint256).toBe(before.fingerprint);
  front.show(after);
  expect(await shown()).toBe(after.fingerprint);
  open.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  let answer = '';
  for await (const piece of open) answer += piece;
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*well$/);
});

test('behind TLS everything is as without: routes, streams, and a ledger that accounts for each byte', async () => {
  const { port } = await start(await folder());
  expect(JSON.parse(await ask(port, '/classroom/info'))).toMatchObject({ name: 'Pushlab class' });
  const socket = await secure(port);
  socket.write(get('/push/sse'));
  let text = '';
  await new Promise<void>((resolve) => {
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      if (/data: /.test(text)) resolve();
    });
  });
  expect(text).toContain('text/event-stream');
  const { lanes } = JSON.parse(await ask(port, '/runs/open/ledger'));
  expect(lanes.sse).toMatchObject({ requests: 1, unaccountedBytes: 0 });
});

test('who comes with plain HTTP is sent to https; who sends neither is let go', async () => {
  const { port } = await start(await folder());
  const plain = rawConnection(port, get('/join?x=1', { Host: `localhost:${port}` }));
  const answer = readAnswer(await plain.until((bytes) => bytes.includes('\r\n\r\n')));
  expect(answer?.status).toBe(307);
  expect(answer?.headers.location).toBe(`https://localhost:${port}/join?x=1`);
  const injected = rawConnection(port, get('/', { Host: 'evil"><script>' }));
  expect(readAnswer(await injected.until((bytes) => bytes.includes('\r\n\r\n')))?.status).toBe(400);
  const head = rawConnection(port, get('/', { Host: `localhost:${port}` }).replace('GET', 'HEAD'));
  expect((await head.ended()).toString()).toMatch(/^HTTP\/1\.1 307 [\s\S]*\r\n\r\n$/);
  const broken = rawConnection(port, Buffer.from([0x16, 3, 1, 0, 4, 0xff, 0xff, 0xff, 0xff]));
  await broken.ended();
  expect(JSON.parse(await ask(port, '/classroom/info')).name).toBe('Pushlab class');
});

test('a device is known by its own address, so that one who guesses codes makes nobody else wait', async () => {
  const { port, printed } = await start(await folder());
  const code = /code +(\d{4}) (\d{4})/.exec(printed)?.slice(1).join('') ?? '';
  /** What the class says first to a device that comes from this address of loopback and tries a code. */
  const tries = (localAddress: string, tried: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`wss://127.0.0.1:${port}/classroom`, { localAddress, rejectUnauthorized: false });
      onTestFinished(() => socket.terminate());
      socket.once('error', reject);
      socket.once('open', () => socket.send(JSON.stringify({ type: 'hello', as: 'new', code: tried, nickname: 'A' })));
      socket.once('message', (data) => {
        const { type, why } = JSON.parse(String(data));
        resolve(why ?? type);
      });
    });
  // More than may be looked at now: one address has to wait, and so would every other if it counted as the same.
  const wrong = code === '00000000' ? '11111111' : '00000000';
  const said = await Promise.all(Array.from({ length: 70 }, () => tries('127.0.0.2', wrong)));
  expect(new Set(said)).toEqual(new Set(['wrong-code', 'wait']));
  expect(await tries('127.0.0.3', code)).toBe('seat');
});
