/**
 * Records what nginx makes of the techniques: `node tests/tools/record-proxy.ts`. Starts the real server and the real nginx
 * with each configuration of content/proxy/, by the defaults before 1.29.7 and since, reads all techniques
 * through it, and writes what came, and when, to content/recorded/proxy.json. Server and reader are one process, so both
 * stamps of an event are of one clock.
 */
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buildApp } from '../../demo-server/app.ts';
import {
  LADDER,
  NGINX_DEFAULTS,
  type NginxDefaults,
  type RungId,
  type RunInfo,
  type RunLedger,
} from '../../demo-server/protocol.ts';
import {
  PROXY_CONFIGS,
  type ProxyConfig,
  type ProxyRecording,
  type ProxyRun,
  type ProxySeen,
} from '../../site/components/prose/proxy-recording.ts';
import { nginxVersion, proxyConf, startNginx, withDefaults, withLines } from '../helpers/nginx.ts';
import { legs } from '../proxy/legs.ts';
import { startReader } from '../proxy/reader.ts';

const SETTINGS = {
  arrivals: 'poisson',
  eventsPerSecond: 2,
  payloadBytes: 64,
  durationSeconds: 10,
  pollIntervalMs: 1000,
  seed: 7,
};
const GZIP = ['gzip on;', 'gzip_types application/json application/x-ndjson text/event-stream;'];

const app = await buildApp();
await app.listen({ port: 0, host: '127.0.0.1' });
const { port } = app.server.address() as AddressInfo;
const url = `http://127.0.0.1:${port}`;

const direct = {} as ProxyRun;
const seen: ProxyRecording['seen'] = { older: {}, newer: {} } as ProxyRecording['seen'];
try {
  Object.assign(direct, await record('direct', undefined, false));
  for (const defaults of NGINX_DEFAULTS) {
    for (const config of PROXY_CONFIGS) {
      const packed = config.startsWith('gzip');
      seen[defaults][config] = await record(`${config}, ${defaults}`, await confOf(config, defaults), packed);
    }
  }
} finally {
  app.endConnections();
  await app.close();
}
const recording: ProxyRecording = {
  nginx: nginxVersion(),
  node: `Node ${process.versions.node}`,
  date: new Date().toISOString().slice(0, 10),
  command: 'node tests/tools/record-proxy.ts',
  settings: SETTINGS,
  direct,
  seen,
};
await writeFile(
  join(import.meta.dirname, '../../content/recorded/proxy.json'),
  `${JSON.stringify(recording, null, 1)}\n`,
);

async function confOf(config: ProxyConfig, defaults: NginxDefaults): Promise<string> {
  const plain = await proxyConf({ gzip: 'without-header', 'gzip-fixed': 'fixed' }[config as string] ?? config);
  return withDefaults(defaults, config.startsWith('gzip') ? withLines(plain, ...GZIP) : plain);
}

/**
 * One run with all techniques at once, so that all have the same events; each through an nginx of its own, so that none
 * uses another's connections. Without `conf` there is no nginx.
 */
async function record(name: string, conf: string | undefined, packed: boolean): Promise<ProxyRun> {
  const nginxes = conf === undefined ? [] : await Promise.all(LADDER.map(() => startNginx(conf, port)));
  const run = (await json('/runs', SETTINGS)) as RunInfo;
  const headers: Record<string, string> = packed ? { 'accept-encoding': 'gzip' } : {};
  const readers = LADDER.map((technique, n) => {
    const { pollIntervalMs } = SETTINGS;
    return [
      technique,
      startReader({ port: nginxes[n]?.port ?? port, technique, run: run.id, pollIntervalMs, headers }),
    ] as const;
  });
  await json(`/runs/${run.id}/start`, {});
  await Promise.all(readers.map(([, { ended }]) => ended));
  const info = (await json(`/runs/${run.id}`)) as RunInfo;
  const ledger = (await json(`/runs/${run.id}/ledger`)) as RunLedger;
  const lanes = await Promise.all(
    readers.map(async ([technique, { answer, arrivals, reused }]): Promise<[RungId, ProxySeen]> => {
      const latencies = arrivals.map(({ at, sentAt }) => at - sentAt).sort((a, b) => a - b);
      const middle = latencies[Math.floor(latencies.length / 2)];
      const inside = await legs(url, run.id, technique);
      return [
        technique,
        {
          status: answer?.status ?? 0,
          live: (arrivals[0]?.at ?? Number.POSITIVE_INFINITY) < (info.endsAt ?? 0),
          events: arrivals.length,
          sent: info.lastSeq,
          latencyMs: middle === undefined ? null : Math.round(middle * 10) / 10,
          packed: answer?.headers['content-encoding'] ?? null,
          outside: { answer: answer?.version ?? '', reused },
          inside: {
            ...inside,
            requests: ledger.lanes[technique]?.requests ?? 0,
            connections: ledger.lanes[technique]?.connectionsOpened ?? 0,
          },
        },
      ];
    }),
  );
  await Promise.all(nginxes.map(({ stop }) => stop()));
  const fates = lanes.map(([id, { live, latencyMs }]) => `${id} ${live ? 'live' : 'held'} ${latencyMs}`);
  process.stdout.write(`${name}: ${fates.join(', ')}\n`);
  return Object.fromEntries(lanes) as ProxyRun;
}

async function json(path: string, body?: object): Promise<unknown> {
  const post = body && { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const answer = await fetch(url + path, { ...post });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
