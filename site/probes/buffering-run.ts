/** One run of the lab of buffering: each technique read twice at the same time, directly and through the proxy. */

import { Clock } from '../../demo-server/measure/clock.ts';
import { openControl } from '../../demo-server/measure/control.ts';
import { pause, type Receive } from '../../demo-server/measure/lane.ts';
import type { CreatedRun, LabProxy, NginxDefaults, RunInfo, TechniqueId } from '../../demo-server/protocol.ts';
import { askServer } from '../kit/ask-server.ts';
import { demoServer } from '../kit/server-address.ts';
import { file, newWay, type Way } from './buffering-verdict.ts';

export const WAYS = ['direct', 'proxied'] as const;
export type WayId = (typeof WAYS)[number];

/** What one technique has shown so far. Times are ms of the page's clock. */
export interface Pair {
  technique: TechniqueId;
  ways: Record<WayId, Way>;
  startsAt: number | null;
  endsAt: number | null;
  uncertaintyMs: number;
}

/** A run short enough to be watched; nothing else is measured in it. */
const SETTINGS = { eventsPerSecond: 2, durationSeconds: 5, arrivals: 'steady', payloadBytes: 64, pollIntervalMs: 1000 };
/** Until every lane has asked: the first event should find them there (ms). */
const CONNECT_MS = 400;
/** What is held comes at the end; a technique that was refused goes on trying (ms). */
const LAST_WORDS_MS = 2500;

/** Starts the proxy with a configuration, by the defaults before or since nginx 1.29.7, or finds it started. */
export const startProxy = (
  config: string,
  defaults: NginxDefaults,
  gzip: boolean,
  signal: AbortSignal,
): Promise<LabProxy> =>
  askServer<LabProxy>(`/probe/proxy/${config}?defaults=${defaults}${gzip ? '&gzip' : ''}`, { method: 'POST', signal });

/**
 * Runs these techniques (two at most: four connections of six) and resolves when all is over. `pairs` fill up meanwhile.
 * Rejects where the server refuses or goes away, and as `signal` does.
 */
export async function runPairs(
  techniques: readonly TechniqueId[],
  proxy: LabProxy,
  receivers: ReadonlyMap<TechniqueId, Receive>,
  begun: (pairs: Pair[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const run = await askServer<CreatedRun>('/runs', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...SETTINGS, techniques }),
    signal,
  });
  const ended = new AbortController();
  const clock = new Clock();
  const pairs: Pair[] = techniques.map((technique) => ({
    technique,
    ways: { direct: newWay(), proxied: newWay() },
    startsAt: null,
    endsAt: null,
    uncertaintyMs: 0,
  }));
  const over = Promise.withResolvers<void>();
  let state = run.state;
  const hear = (info: RunInfo): void => {
    state = info.state;
    for (const pair of pairs) {
      pair.startsAt = info.startsAt === null ? null : clock.toPage(info.startsAt);
      pair.endsAt = info.endsAt === null ? null : clock.toPage(info.endsAt);
      pair.uncertaintyMs = clock.uncertaintyMs;
    }
    if (state === 'finished') over.resolve();
  };
  const until = AbortSignal.any([signal, ended.signal]);
  const stopped = (): void => over.reject(signal.reason);
  signal.addEventListener('abort', stopped);
  over.promise.catch(() => {});
  try {
    const control = await openControl(
      demoServer(),
      run.id,
      (message) => message.type === 'run' && hear(message.run),
      until,
    );
    await clock.sync(control.ping);
    void control.closed.then(() => over.reject(new Error(LOST)));
    begun(pairs);
    // WebSocket first: once streams hold their connections, a handshake would wait behind them (Firefox).
    const order = [...pairs].sort((a, b) => Number(b.technique === 'websocket') - Number(a.technique === 'websocket'));
    const reading = order.flatMap(({ technique, ways }) =>
      WAYS.map(async (id) => {
        const way = ways[id];
        const receive = receivers.get(technique);
        if (!receive) throw new Error(`No receiver for ${technique}`);
        try {
          await receive({
            server: demoServer() + (id === 'direct' ? '' : proxy.path),
            run: run.id,
            pollIntervalMs: SETTINGS.pollIntervalMs,
            signal: until,
            over: () => state === 'finished',
            sample: (sample) => file(way, sample, (time) => clock.toPage(time)),
          });
        } catch {
          way.troubles += 1;
        }
        way.done = true;
      }),
    );
    await pause(CONNECT_MS, until);
    control.send({ type: 'start' });
    await over.promise;
    await Promise.race([Promise.all(reading), pause(LAST_WORDS_MS, until)]);
    ended.abort();
    await Promise.all(reading);
  } finally {
    ended.abort();
    signal.removeEventListener('abort', stopped);
    if ((state as RunInfo['state']) !== 'finished')
      void fetch(`${demoServer()}/runs/${run.id}`, { method: 'DELETE', keepalive: true }).catch(() => {});
  }
}

/** The message of the Error when the server went away in the middle. */
export const LOST = 'lost';
