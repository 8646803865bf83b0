/** Reads a run through nginx, and says what became of it: for all tests that hold nginx to the page. */
import { expect, onTestFinished } from 'vitest';
import type { TechniqueId } from '../../demo-server/protocol.ts';
import { type Nginx, proxyConf, startNginx, withDefaults } from '../helpers/nginx.ts';
import { startServer, type TestServer } from '../helpers/server.ts';
import { legs } from './legs.ts';
import { type Reader, type ReaderOptions, startReader } from './reader.ts';

export const STREAMS = ['iframe-stream', 'xhr-stream', 'sse'] as const;
export const ASKING = ['http10', 'keep-alive', 'polling', 'long-poll'] as const;
export const WITHOUT_SOCKET = [...ASKING, ...STREAMS] as const;

/** So many events by a reader beside the proxy settle that nothing of the first came through it. */
const MANY = 20;
const POLL_MS = 50;

/** A configuration of content/proxy/ as nginx up to 1.29.6 reads it. */
export const older = async (name: string): Promise<string> => withDefaults('older', await proxyConf(name));
/** The same as nginx from 1.29.7 on reads it. */
export const newer = async (name: string): Promise<string> => withDefaults('newer', await proxyConf(name));

/** An nginx with `conf` in front of the server, ended with the test. */
export async function through(conf: string, server: TestServer): Promise<Nginx> {
  const nginx = await startNginx(conf, server.port);
  onTestFinished(nginx.stop);
  return nginx;
}

/** A reader that ends with the test. */
export function read(options: Omit<ReaderOptions, 'pollIntervalMs'>): Reader {
  const reader = startReader({ ...options, pollIntervalMs: POLL_MS });
  onTestFinished(reader.stop);
  return reader;
}

export interface Seen {
  /** Events were here while the run went on. */
  live: boolean;
  /** At the end every event was here, once and in order. */
  whole: boolean;
  status: number;
  clean: boolean;
  reader: Reader;
  /** What proxy and server said to each other: versions, the Connection header of the first request, and how many connections it took. */
  request: string;
  connection: string | null;
  answer: string;
  connectionsOpened: number;
  requests: number;
}

/** Reads a run through nginx while another reader, beside it, tells how far the run is; then stops the run. */
export async function see(conf: string, technique: TechniqueId, headers: Record<string, string> = {}): Promise<Seen> {
  const server = await startServer();
  const nginx = await through(conf, server);
  const beside: TechniqueId = technique === 'sse' ? 'xhr-stream' : 'sse';
  const settings = { techniques: [technique, beside], eventsPerSecond: 20, payloadBytes: 8, durationSeconds: 600 };
  const { id: run } = await server.run({ ...settings, pollIntervalMs: POLL_MS, seed: 7 });
  const witness = read({ port: server.port, technique: beside, run });
  const reader = read({ port: nginx.port, technique, run, headers });
  await Promise.race([
    reader.until(() => reader.arrivals.length >= 3),
    witness.until(() => witness.arrivals.length >= MANY),
  ]);
  const live = reader.arrivals.length >= 3;
  expect((await server.info(run)).state).toBe('running');
  await fetch(`${server.url}/runs/${run}`, { method: 'DELETE' });
  const { clean, status } = await reader.ended;
  const { lastSeq } = await server.info(run);
  const lane = (await server.ledger(run)).lanes[technique];
  return {
    live,
    whole:
      reader.arrivals.length === lastSeq && reader.arrivals.every(({ seq }, index) => seq === index + 1) && lastSeq > 0,
    status: reader.answer?.status ?? status,
    clean,
    reader,
    ...(await legs(server.url, run, technique)),
    connectionsOpened: lane?.connectionsOpened ?? 0,
    requests: lane?.requests ?? 0,
  };
}
