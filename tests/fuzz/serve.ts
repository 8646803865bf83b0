/** The server under garbage, as a process of its own: every door open, each connection's bytes reported, and what is left over. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { buildApp } from '../../demo-server/app.ts';
import { memoryLog } from '../../demo-server/classroom/log.ts';
import { listenSecure } from '../../demo-server/https.ts';
import { makeCertificate } from '../../demo-server/probes/certificate.ts';
import type { Door, Known } from './conversation.ts';

/** What it tells the one who started it. */
export type Told =
  | { type: 'ready'; ports: Record<Door, number>; known: Known }
  /** The most bytes of one connection that stand in no account; a connection that is over. */
  | { type: 'ended'; port: number; unaccounted: number; up: number; down: number }
  | { type: 'open'; connections: string[] };
/** What it is asked. */
export type Asked = { type: 'open' } | { type: 'close' };

const tell = (told: Told): void => {
  if (process.connected) process.send?.(told);
};
const app = await buildApp({
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
  known: { routes, runs: [], code: classroom?.room.state.code ?? '', token: classroom?.token ?? '' },
});

/** Every route as the server documents it, and those that it does not. */
async function paths(): Promise<Record<string, object>> {
  await app.ready();
  const { paths: documented = {} } = app.swagger() as { paths?: Record<string, object> };
  return { ...documented, '/docs/api/openapi.json': { get: {} }, '/': { get: {} }, '/nowhere': { get: {}, post: {} } };
}

process.on('message', async (asked: Asked) => {
  if (asked.type === 'open') return tell({ type: 'open', connections: [...open] });
  front.close();
  // Nothing ends this process: where a timer or a socket is left, it stays.
  process.disconnect?.();
  await app.close();
});
await once(process, 'disconnect');
