/** The server of a rehearsal, in a process of its own: the very app with a class in SQLite, and what it costs when asked. */
import type { AddressInfo } from 'node:net';
import { buildApp } from '../app.ts';
import { sqliteLog } from '../classroom/log/sqlite-log.ts';
import { DEFAULT_LIMITS } from '../limits.ts';

/** What the server has used since it listens: CPU in ms, and the most memory it was seen to hold (bytes, RSS). */
export interface Usage {
  cpuMs: number;
  rss: number;
}

const [dataDir = ''] = process.argv.slice(2);
// All its students come from one address, where those of a class have one each, or a school's together.
const limits = { runsPerAddress: DEFAULT_LIMITS.runsAtOnce };
const app = await buildApp({ limits, classroom: { name: 'Rehearsal', log: await sqliteLog(dataDir) } });
await app.listen({ port: 0, host: '127.0.0.1' });
let most = 0;
const look = () => {
  most = Math.max(most, process.memoryUsage.rss());
};
setInterval(look, 100);
const before = process.cpuUsage();
process.on('message', () => {
  look();
  const { user, system } = process.cpuUsage(before);
  process.send?.({ cpuMs: (user + system) / 1000, rss: most } satisfies Usage);
});
// Whoever rehearses is gone: then nobody is there to be served.
process.on('disconnect', () => process.exit(0));
const { port } = app.server.address() as AddressInfo;
process.send?.({ port, token: app.classroom?.token, code: app.classroom?.room.state.code });
