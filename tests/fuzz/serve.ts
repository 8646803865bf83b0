/** The server under garbage, as a process of its own: every door open, each connection's bytes reported, and what is left over. */
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildApp } from '../../demo-server/app.ts';
import { memoryLog } from '../../demo-server/classroom/log/log.ts';
import { makeCertificate } from '../../demo-server/network/certificate.ts';
import { listenSecure } from '../../demo-server/network/https.ts';
import type { Door, Known } from './conversation.ts';

/** What it tells the one who started it. */
export type Told =
  | { type: 'ready'; ports: Record<Door, number> }
  | { type: 'known'; known: Known }
  /** The most bytes of one connection that stand in no account; a connection that is over. */
  | { type: 'ended'; port: number; unaccounted: number; up: number; down: number }
  | { type: 'open'; connections: string[] };
/** What it is asked. */
export type Asked = { type: 'open' } | { type: 'known' } | { type: 'close' };

const tell = (told: Told): void => {
  if (process.connected) process.send?.(told);
};
/** A site of three files, one of them compressed beforehand. */
const siteDir = await mkdtemp(join(tmpdir(), 'pushlab-fuzz-'));
await mkdir(join(siteDir, 'lesson'));
for (const [name, content] of Object.entries({
  'index.html': '<!doctype html><title>Fuzz</title>',
  'lesson/index.html': '<!doctype html><title>Lesson</title>',
  '404.html': '<!doctype html><title>Not here</title>',
  'script.js': 'export const one = 1;',
  'script.js.gz': gzipSync('export const one = 1;'),
  'csp.json': '{"scriptHashes":[],"demoServer":""}',
}))
  await writeFile(join(siteDir, name), content);
const app = await buildApp({
  siteDir,
  // Garbage makes runs that nobody starts, and comes from few addresses.
  limits: { runsAtOnce: 1_000_000 },
  classroom: { name: 'Fuzz', log: memoryLog() },
  onConnectionEnd({ remotePort = 0, unaccountedBytes, bytesUp, bytesDown }) {
    tell({ type: 'ended', port: remotePort, unaccounted: unaccountedBytes, up: bytesUp, down: bytesDown });
  },
});
const routes: string[] = [];
for (const [path, methods] of Object.entries((await paths()) ?? {}))
  for (const method of Object.keys(methods))
    routes.push(`${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`);
/** By the client's address and port. */
const open = new Set<string>();
app.server.on('connection', (socket) => {
  const client = `${socket.remoteAddress}:${socket.remotePort}`;
  open.add(client);
  socket.once('close', () => open.delete(client));
});
await app.listen({ port: 0, host: '127.0.0.1' });
await app.secondOrigin.listen({ port: 0, host: '127.0.0.1' });
const portOf = ({ server }: { server: { address(): unknown } }): number => (server.address() as AddressInfo).port;
const http = portOf(app);
const front = await listenSecure(makeCertificate(['localhost', '127.0.0.1']), {
  place: { port: 0, first: '127.0.0.1', further: [] },
  to: http,
});
const h2 = (await (
  await fetch(`http://127.0.0.1:${http}/probe/http2`, { method: 'POST', headers: { connection: 'close' } })
).json()) as {
  silent: number;
};
const { classroom } = app;
const seats: Known['seats'][number][] = [];
tell({
  type: 'ready',
  ports: {
    http,
    second: portOf(app.secondOrigin),
    secure: front.port,
    'secure-plain': front.port,
    h2: h2.silent,
    'h2-plain': h2.silent,
  },
});

/** What there is to be asked for by now, with two seats more: a class that garbage has locked or filled has none for them. */
async function known(): Promise<Known> {
  const { room, token = '' } = classroom ?? {};
  if (!room) throw new Error('takes a server with a class');
  for (const nickname of ['Anna', 'Ben'])
    await room.join(room.state.code, nickname).then(
      (seat) => seats.push(seat),
      () => {},
    );
  return {
    routes,
    runs: [],
    code: room.state.code,
    token,
    seats: seats.slice(-10),
    question: room.state.questions.at(-1)?.id ?? 'none',
    classRun: room.state.runs.at(-1)?.id ?? 'none',
    secondHost: `localhost:${portOf(app.secondOrigin)}`,
  };
}

/** Every route as the server documents it, and those that it does not. */
async function paths(): Promise<Record<string, object>> {
  await app.ready();
  const { paths: documented = {} } = app.swagger() as { paths?: Record<string, object> };
  const others = [
    '/metrics',
    '/docs/api/openapi.json',
    '/page.css',
    '/attack.js',
    '/',
    '/lesson/',
    '/script.js',
    '/nowhere',
  ];
  return { ...documented, ...Object.fromEntries(others.map((path) => [path, { get: {}, post: {} }])) };
}

process.on('message', async (asked: Asked) => {
  if (asked.type === 'open') return tell({ type: 'open', connections: [...open] });
  if (asked.type === 'known') return tell({ type: 'known', known: await known() });
  front.close();
  // Nothing ends this process: where a timer or a socket is left, it stays.
  process.disconnect?.();
  await app.close();
  await rm(siteDir, { recursive: true });
});
await once(process, 'disconnect');
