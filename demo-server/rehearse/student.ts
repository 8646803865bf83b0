/** A simulated student: joins, goes along, answers, runs every lane for real, loses its connection and comes back. */

import {
  CONNECT_BEFORE_MS,
  type DeviceResult,
  LATENCY_BINS,
  type LaneMeasure,
  latencyBin,
} from '../classroom/protocol.ts';
import { receive } from '../clients/index.ts';
import { now, pause } from '../measure/lane.ts';
import { percentile } from '../measure/statistics.ts';
import type { RunInfo, TechniqueId } from '../protocol.ts';
import { connect, type Device } from './device.ts';

export interface Student {
  nickname: string;
  device: Device;
  /** Drops the connection without a word and comes back with the seat's secret; the same seat, or it rejects. */
  rejoin(): Promise<void>;
  /** Takes part in the class run that is called. Resolves when its result is with the class. */
  run(signal: AbortSignal): Promise<DeviceResult>;
}

/** Joins the class with its code. */
export async function join(server: string, code: string, nickname: string): Promise<Student> {
  const device = await connect(server, { type: 'hello', as: 'new', code, nickname });
  const { seat, secret = '' } = await device.until(() => device.first('seat'));
  await device.until(() => device.class);

  const student: Student = {
    nickname,
    device,
    async rejoin() {
      student.device.drop();
      student.device = await connect(server, { type: 'hello', as: 'seat', seat, secret });
      const again = await student.device.until(() => student.device.first('seat'));
      if (again.seat !== seat) throw new Error(`${nickname} had seat ${seat} and got ${again.seat}`);
      await student.device.until(() => student.device.class);
    },
    async run(signal) {
      const called = await student.device.until(() => student.device.class?.run);
      const info = await json<RunInfo>(`${server}/runs`, called.settings);
      student.device.send({ type: 'ready', classRun: called.id, run: info.id });
      const startsAt = await student.device.until(() => student.device.class?.run?.startsAt);
      let startedAt: number | null = null;
      setTimeout(() => {
        startedAt = now();
      }, startsAt - now());
      await pause(startsAt - now() - CONNECT_BEFORE_MS, signal);
      const endsAt = startsAt + info.settings.durationSeconds * 1000;
      const lanes = await Promise.all(
        info.settings.techniques.map(async (id) => [id, await lane(server, info, id, endsAt, signal)] as const),
      );
      const result: DeviceResult = {
        lanes: Object.fromEntries(lanes),
        conditions: { isolated: true, resolutionMs: 0.001, uncertaintyMs: 0, hidden: false },
        startedAt,
      };
      student.device.send({ type: 'result', classRun: called.id, result, final: true });
      return result;
    },
  };
  return student;
}

/** One lane to its end. Server and students share a clock here, so latencies need no correction. */
async function lane(
  server: string,
  run: RunInfo,
  id: TechniqueId,
  endsAt: number,
  signal: AbortSignal,
): Promise<LaneMeasure> {
  const latencies: number[] = [];
  const seen = new Set<number>();
  await receive(id, {
    server,
    run: run.id,
    pollIntervalMs: run.settings.pollIntervalMs,
    over: () => now() > endsAt + 500,
    signal,
    sample(sample) {
      if (sample.kind !== 'event' || seen.has(sample.seq)) return;
      seen.add(sample.seq);
      latencies.push(sample.at - sample.sentAt);
    },
  });
  latencies.sort((a, b) => a - b);
  const bins = new Array<number>(LATENCY_BINS.length + 1).fill(0);
  for (const ms of latencies) bins[latencyBin(ms)] = (bins[latencyBin(ms)] ?? 0) + 1;
  const of = (percent: number) => (latencies.length > 0 ? percentile(latencies, percent) : null);
  const lost = Math.max(0, ...seen) - seen.size;
  return { received: seen.size, lost, p50: of(50), p95: of(95), max: of(100), bins };
}

async function json<T>(url: string, body: unknown): Promise<T> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`POST ${url}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}
