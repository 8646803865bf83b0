/** What the bench measures: pairs of ours and a reference, one right after the other, several times over. */
import { type Child, startChild } from './child.ts';
import type { SideName } from './sides.ts';
import { type Comparison, compare, percentile } from './statistics.ts';
import type { Protocol } from './wire.ts';

/** One line of the table. */
export interface Result extends Comparison {
  what: string;
  unit: string;
  /** The ratio that is hoped for; undefined where it is only shown. */
  aim: { atLeast: number } | { atMost: number } | undefined;
}

type Technique = 'sse' | 'websocket';
interface Server extends Child {
  port: number;
  query: string;
}

const protocols: Record<Technique, Protocol> = { sse: 'http', websocket: 'websocket' };

async function startServer(side: SideName): Promise<Server> {
  const child = startChild('./serve.ts', side);
  return { ...child, ...(await child.ask<{ port: number; query: string }>({ do: 'address' })) };
}

/**
 * Measures both sides `rounds` times and says how they compare, by the name of each value. Who comes first changes
 * with each round: what the first one leaves behind (warm caches, a busy kernel) is not always the second one's gift.
 */
async function inPairs<Name extends string>(
  rounds: number,
  measure: (side: 'ours' | 'reference') => Promise<Record<Name, number>>,
): Promise<Record<Name, Comparison>> {
  const pairs: { ours: Record<Name, number>; reference: Record<Name, number> }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const first = round % 2 === 0 ? 'ours' : 'reference';
    const a = await measure(first);
    const b = await measure(first === 'ours' ? 'reference' : 'ours');
    pairs.push(first === 'ours' ? { ours: a, reference: b } : { ours: b, reference: a });
  }
  const names = Object.keys(pairs[0]?.ours ?? {}) as Name[];
  const one = (name: Name) => pairs.map(({ ours, reference }) => ({ ours: ours[name], reference: reference[name] }));
  return Object.fromEntries(names.map((name) => [name, compare(one(name))])) as Record<Name, Comparison>;
}

const CONNECTIONS = 100;
const WARM_UP_MS = 1500;
const BUSY_MS = 1000;
const ALONE_MS = 400;

/** Questions and answers on open connections, through the app with and without the tap: many at once, and one alone. */
async function answers(path: string, protocol: Protocol, rounds: number) {
  const load = startChild('./load.ts');
  const servers = { ours: await startServer('app'), reference: await startServer('untapped') };
  const prepare = async ({ port, query }: Server) => ({
    many: await load.ask<number>({ do: 'prepare', port, path: path + query, protocol, connections: CONNECTIONS }),
    one: await load.ask<number>({ do: 'prepare', port, path: path + query, protocol, connections: 1 }),
  });
  const groups = { ours: await prepare(servers.ours), reference: await prepare(servers.reference) };
  const run = (group: number, ms: number) =>
    load.ask<{ count: number; perSecond: number; p50: number }>({ do: 'run', group, ms });
  for (const { many } of Object.values(groups)) await run(many, WARM_UP_MS);
  const results = await inPairs(rounds, async (side) => {
    const before = await servers[side].ask<number>({ do: 'cpuMicroseconds' });
    const { count, perSecond } = await run(groups[side].many, BUSY_MS);
    const after = await servers[side].ask<number>({ do: 'cpuMicroseconds' });
    return { perSecond, cpu: (after - before) / count, p50: (await run(groups[side].one, ALONE_MS)).p50 };
  });
  // The load first: it would complain of broken connections.
  for (const child of [load, servers.ours, servers.reference]) await child.stop();
  return results;
}

async function requests(rounds: number): Promise<Result[]> {
  const { perSecond, cpu, p50 } = await answers('/push/keep-alive', 'http', rounds);
  return [
    { what: `keep-alive GET, ${CONNECTIONS} connections`, unit: 'requests/s', ...perSecond, aim: { atLeast: 0.8 } },
    { what: 'keep-alive GET, server CPU a request', unit: 'µs', ...cpu, aim: undefined },
    { what: 'keep-alive GET, one connection, p50', unit: 'ms', ...p50, aim: { atMost: 1.25 } },
  ];
}

async function echo(rounds: number): Promise<Result[]> {
  const { perSecond, cpu, p50 } = await answers('/control', 'websocket', rounds);
  return [
    { what: `WebSocket ping, ${CONNECTIONS} connections`, unit: 'round trips/s', ...perSecond, aim: { atLeast: 0.9 } },
    { what: 'WebSocket ping, server CPU a round trip', unit: 'µs', ...cpu, aim: undefined },
    { what: 'WebSocket ping, one connection, p50', unit: 'ms', ...p50, aim: { atMost: 1.11 } },
  ];
}

const READERS = 500;
const EVENTS = 60;
const WARM_UP_BURSTS = 4;

/** One event at a time to all readers, the next one as soon as the server is through with it. */
async function fanOut(technique: Technique, rounds: number): Promise<Result[]> {
  const load = startChild('./load.ts');
  const servers = { ours: await startServer('rooms'), reference: await startServer('bare') };
  const subscribe = ({ port, query }: Server) =>
    load.ask<number>({
      do: 'subscribe',
      port,
      path: `/push/${technique}${query}`,
      protocol: protocols[technique],
      connections: READERS,
    });
  const groups = { ours: await subscribe(servers.ours), reference: await subscribe(servers.reference) };
  const bytes = { ours: 0, reference: 0 };

  async function burst(side: 'ours' | 'reference') {
    const group = groups[side];
    await load.ask({ do: 'expect', group, events: EVENTS });
    const sent = await servers[side].ask<{ times: Float64Array; cpuMicroseconds: number }>({
      do: 'publish',
      events: EVENTS,
    });
    const got = await load.ask<{ bytes: number; arrivals: Float64Array }>({ do: 'arrivals', group });
    bytes[side] = got.bytes;
    const delays = got.arrivals.map((at, n) => at - (sent.times[n % EVENTS] as number));
    const lastArrival = got.arrivals.reduce((latest, at) => Math.max(latest, at));
    return {
      perSecond: (got.arrivals.length / (lastArrival - (sent.times[0] as number))) * 1000,
      p50: percentile(delays, 0.5),
      p95: percentile(delays, 0.95),
      cpu: sent.cpuMicroseconds / got.arrivals.length,
    };
  }
  for (let n = 0; n < WARM_UP_BURSTS; n += 1) {
    await burst('ours');
    await burst('reference');
  }
  if (bytes.ours !== bytes.reference)
    throw new Error(`${technique}: unlike bytes, ${bytes.ours} of ours and ${bytes.reference} of the bare loop's`);
  const { perSecond, p50, p95, cpu } = await inPairs(rounds, burst);
  for (const child of [load, servers.ours, servers.reference]) await child.stop();
  const what = `${technique} to ${READERS}`;
  return [
    { what: `${what}, deliveries`, unit: 'deliveries/s', ...perSecond, aim: { atLeast: 0.8 } },
    { what: `${what}, delivery p50`, unit: 'ms', ...p50, aim: undefined },
    { what: `${what}, delivery p95`, unit: 'ms', ...p95, aim: undefined },
    { what: `${what}, server CPU a delivery`, unit: 'µs', ...cpu, aim: undefined },
  ];
}

const IDLE = 1000;

/** Memory of a reader to whom nothing is said. A fresh server each time: what a process once had it seldom gives back. */
async function memory(technique: Technique, rounds: number): Promise<Result[]> {
  const { used, rss } = await inPairs(rounds, async (side) => {
    const load = startChild('./load.ts');
    const server = await startServer(side === 'ours' ? 'app' : 'bare');
    const subscribe = (connections: number) =>
      load.ask({
        do: 'subscribe',
        port: server.port,
        path: `/push/${technique}${server.query}`,
        protocol: protocols[technique],
        connections,
      });
    // The first ones pay for what all share: compiled code, tables, pools.
    await subscribe(100);
    const before = await server.ask<{ used: number; rss: number }>({ do: 'memory' });
    await subscribe(IDLE);
    const after = await server.ask<{ used: number; rss: number }>({ do: 'memory' });
    await load.stop();
    await server.stop();
    return {
      used: (after.used - before.used) / IDLE / 1024,
      rss: (after.rss - before.rss) / IDLE / 1024,
    };
  });
  const what = `${technique}, one of ${IDLE} idle readers`;
  return [
    { what: `${what}, heap and buffers`, unit: 'KiB', ...used, aim: { atMost: 1.5 } },
    { what: `${what}, resident`, unit: 'KiB', ...rss, aim: undefined },
  ];
}

/** The parts by name, in the order in which they run. */
export const parts: Record<string, (rounds: number) => Promise<Result[]>> = {
  requests,
  echo,
  'fan-out-sse': (rounds) => fanOut('sse', 2 * rounds),
  'fan-out-websocket': (rounds) => fanOut('websocket', 2 * rounds),
  'memory-sse': (rounds) => memory('sse', Math.ceil(rounds / 2)),
  'memory-websocket': (rounds) => memory('websocket', Math.ceil(rounds / 2)),
};
