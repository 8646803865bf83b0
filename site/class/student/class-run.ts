/**
 * This device's part in a class run: takes the lab for it, is ready, lets the lanes connect shortly before the common start,
 * and tells what it measured. What the run cost is counted by the server.
 */
import {
  type ClassRun,
  CONNECT_BEFORE_MS,
  type DeviceResult,
  LATENCY_BINS,
  type LaneMeasure,
  latencyBin,
} from '../../../demo-server/classroom/protocol.ts';
import { pageTime } from '../../../demo-server/measure/clock.ts';
import { summaryOf } from '../../../demo-server/measure/measures.ts';
import type { LaneRecord, Recording } from '../../../demo-server/measure/recording.ts';
import type { WantedSettings } from '../../../demo-server/measure/settings.ts';
import { holdDrawing } from '../../kit/visible.ts';
import { say, type Words } from '../../kit/words.ts';
import type { PushLab } from '../../lab/lab-element.ts';
import type { Link } from '../link.ts';
import type { Outbox } from '../outbox.ts';

/** How often a device tells what it has measured so far. */
const INTERIM_MS = 2000;
/** From the word to start until so long after the start nothing is drawn: a page that draws starts late. */
const CALM_MS = 400;

export interface ClassRunPart {
  readonly id: string;
  /** The class's run as the server tells it now. */
  hear(run: ClassRun): void;
}

/** Takes part in `run` with the lab of this page. `done` is called when this device has nothing more to do for it. */
export function takePart(
  lab: PushLab,
  run: ClassRun,
  words: Words,
  link: Link,
  outbox: Outbox,
  done: () => void,
): ClassRunPart {
  const started = Promise.withResolvers<number>();
  let ownRun = '';
  let startedAt: number | null = null;
  let recording: Recording | null = null;
  let over = false;
  let interim = 0;
  let heard = run;

  const resultSoFar = (final: boolean) =>
    recording && {
      type: 'result' as const,
      classRun: run.id,
      run: ownRun,
      result: resultOf(recording, startedAt),
      final,
    };
  function tellSoFar(): void {
    const result = resultSoFar(false);
    if (result) link.send(result);
  }
  function end(): void {
    clearInterval(interim);
    over = true;
    const result = resultSoFar(true);
    // Of a run that was called off before its start there is nothing to tell.
    if (result && heard.startsAt !== null) outbox.put(result);
    done();
  }

  const taken = lab.take({
    settings: run.settings as WantedSettings,
    async gate(own, now) {
      ownRun = own;
      recording = now;
      taken.show();
      taken.say(say(words, 'class.run.ready'));
      sayReady();
      const startsAt = now.clock.toPage(await started.promise);
      holdDrawing(startsAt + CALM_MS);
      await new Promise((resolve) => setTimeout(resolve, startsAt - pageTime() - CONNECT_BEFORE_MS));
      return startsAt;
    },
    tell(phase, now) {
      recording = now ?? recording;
      if (phase === 'running' && now) {
        startedAt = pageTime() + (now.clock.current?.offsetMs ?? 0);
        interim = window.setInterval(tellSoFar, INTERIM_MS);
      }
      if (phase === 'finished' || phase === 'stopped' || phase === 'failed') end();
    },
  });

  // The lab speaks of connecting, which none of its lanes does before the common start.
  taken.say(say(words, 'class.run.getting'));

  /** Said again and again: a word may be lost with its connection, and another server has not heard it. */
  function sayReady(): void {
    if (over || ownRun === '') return;
    // The class did not wait for this device, or the teacher has called it off: nobody else would ever end its run.
    if (heard.state === 'over') taken.stop();
    else link.send({ type: 'ready', classRun: run.id, run: ownRun });
  }

  return {
    id: run.id,
    hear(now) {
      heard = now;
      if (now.startsAt !== null) started.resolve(now.startsAt);
      sayReady();
    },
  };
}

/** What this device has measured so far. */
function resultOf(recording: Recording, startedAt: number | null): DeviceResult {
  const { lanes, clock, conditions } = recording;
  return {
    lanes: Object.fromEntries([...lanes.values()].map((lane) => [lane.technique, measureOf(lane, recording)])),
    conditions: {
      isolated: conditions.isolated,
      resolutionMs: clock.resolutionMs,
      uncertaintyMs: clock.current ? clock.uncertaintyMs : null,
      hidden: conditions.hidden.length > 0,
      eventLoopDelayMs: conditions.eventLoopDelayMs,
    },
    startedAt,
  };
}

function measureOf(lane: LaneRecord, recording: Recording): LaneMeasure {
  const { latency, integrity } = summaryOf(lane, recording);
  const bins = new Array<number>(LATENCY_BINS.length + 1).fill(0);
  // Without a clock estimate a latency is no latency.
  const known = recording.clock.current !== null;
  if (known) for (const ms of lane.events.latencies()) bins[latencyBin(ms)] = (bins[latencyBin(ms)] ?? 0) + 1;
  const of = (name: 'p50' | 'p95' | 'max') => (known ? (latency?.[name] ?? null) : null);
  return {
    received: integrity.received,
    lost: integrity.lost,
    p50: of('p50'),
    p95: of('p95'),
    max: of('max'),
    bins,
  };
}
