/**
 * One comparison from the first request to the last figure: who connects in which order, and what happens when something
 * fails. Draws nothing.
 */

import { pageTime } from '../../../demo-server/measure/clock.ts';
import { type Lane, pause, type Receive } from '../../../demo-server/measure/lane.ts';
import {
  fileSample,
  fileVisibility,
  LAST_WORDS_MS,
  type LaneRecord,
  newRecording,
  type Recording,
} from '../../../demo-server/measure/recording.ts';
import type { WantedSettings } from '../../../demo-server/measure/settings.ts';
import type { FaultOrder, RunInfo, TechniqueId } from '../../../demo-server/protocol.ts';
import { takeTurn, takeTurnOver, turnIsHeldHere } from './guard.ts';
import { watchThread } from './lateness.ts';
import { RunLink } from './run-link.ts';
import { Problem, runRequests } from './run-requests.ts';

export type Phase = 'connecting' | 'ready' | 'running' | 'settling' | 'finished' | 'stopped';

/** Breaks something in the run that goes on. Rejects with the server's words where it refuses. */
export type Break = (order: FaultOrder) => Promise<void>;

export interface ComparisonOptions {
  settings: WantedSettings;
  receivers: ReadonlyMap<TechniqueId, Receive>;
  /** Releases everything at once, without waiting for a result. */
  signal: AbortSignal;
  /** Asks for a proper early end: the server ends the run, the lanes close, the figures stay. */
  stop: AbortSignal;
  /** Base address of the demo server; '' (default) = this page's origin. */
  server?: string;
  /** Makes a run in another tab stop first, instead of refusing. */
  takeOver?: boolean;
  /**
   * Somebody else starts the run. Called when the page is built and the control socket open, with the run's id; the lanes
   * connect once it resolves, so that nobody polls while others are still waited for. Resolves with the start, in page time.
   */
  gate?: (run: string, recording: Recording) => Promise<number>;
  /** Called with the recording as soon as it exists, and again at each new phase. `breakIt` works while it runs. */
  tell(phase: Phase, recording: Recording, breakIt: Break): void;
}

/** How long the lanes may take to reach the server before the run starts without waiting any longer. */
const CONNECT_MS = 2500;
/** How long the simulated subscribers may take to join. */
const JOIN_MS = 15_000;
/** The page builds its pictures before the start: what it did while events arrive would be measured as their latency. */
const BUILD_MS = 300;

/**
 * Runs one comparison and resolves with its recording, complete. Rejects with a Problem; a lane that fails does not stop
 * the others, its reason is in its record.
 */
export async function runComparison(options: ComparisonOptions): Promise<Recording> {
  // The run started last has the reader's attention: a demo further up this page gives way without a question.
  const takesOver = options.takeOver === true || turnIsHeldHere();
  const ended = new AbortController();
  const taken = new AbortController();
  const signal = AbortSignal.any([options.signal, ended.signal]);
  const turn = await (takesOver ? takeTurnOver : takeTurn)(() => taken.abort());
  if (!turn) throw new Problem('second-tab');
  try {
    signal.throwIfAborted();
    return await compare(options, signal, taken.signal);
  } finally {
    // Also closes the control socket.
    ended.abort();
    turn.release();
  }
}

async function compare(options: ComparisonOptions, signal: AbortSignal, taken: AbortSignal): Promise<Recording> {
  const { settings, receivers, gate, server = '' } = options;
  const stop = AbortSignal.any([options.stop, taken]);
  const requests = runRequests(server, signal);
  const recording = newRecording(settings.techniques);
  const lanes = new AbortController();
  const finished = Promise.withResolvers<void>();
  let link: RunLink;

  const tell = (phase: Phase) => options.tell(phase, recording, (order) => link.breakIt(order));
  const changed = (info: RunInfo) => {
    recording.info = info;
    if (info.startsAt !== null && Number.isNaN(recording.zero)) recording.zero = recording.clock.toPage(info.startsAt);
    if (info.state === 'finished') finished.resolve();
  };
  /** From now on a stop ends the run, also one that was asked for before. */
  const heedStop = () => {
    if (stop.aborted) link.end();
    else stop.addEventListener('abort', () => link.end(), { signal });
  };

  taken.addEventListener('abort', () => {
    recording.takenOver = true;
  });
  finished.promise.catch(() => {});
  signal.addEventListener('abort', () => finished.reject(signal.reason), { once: true });
  tell('connecting');
  watchTab(recording, signal);
  watchThread(recording, signal);
  const created = await requests.create(settings, recording.conditions);
  const run = created.id;
  changed(created);
  addEventListener('pagehide', () => requests.remove(run), { signal });
  try {
    // The control socket first: once five lanes hold a connection, a handshake would wait behind them (Firefox).
    const lost = () => finished.reject(new Problem('lost'));
    link = new RunLink({ server, run, requests, recording, signal, changed, lost });
    await link.open();
    tell('ready');
    await pause(BUILD_MS, signal);
    if (gate) heedStop();
    // Somebody else's start waits for nobody's lanes.
    const startsAt = gate && ((await Promise.race([gate(run, recording), finished.promise])) ?? 0);
    const receiving = receiveAll(
      recording,
      { ...settings, server, run, signal: AbortSignal.any([signal, lanes.signal]) },
      receivers,
    );
    if (startsAt === undefined) {
      await lanesReachServer(recording, link, stop, signal);
      heedStop();
      if (!stop.aborted) await link.start();
    } else await Promise.race([pause(startsAt - pageTime(), signal), finished.promise]);
    tell('running');
    await finished.promise;
    tell('settling');
    await Promise.race([receiving, pause(LAST_WORDS_MS, signal)]);
    for (const lane of recording.lanes.values()) lane.cutOff = !lane.done;
    lanes.abort();
    await receiving;
    // Not before: polls bring their last events up to an interval after the server's end, and they belong to the picture.
    recording.over = pageTime();
    await link.readLedger();
    await subscribersEnd(recording, link, signal);
  } catch (error) {
    recording.over = pageTime();
    throw error;
  } finally {
    lanes.abort();
    if (recording.info?.state !== 'finished') requests.remove(run);
  }
  tell(stop.aborted ? 'stopped' : 'finished');
  return recording;
}

/** Starts all lanes; resolves when each has ended. */
function receiveAll(
  recording: Recording,
  common: Omit<Lane, 'sample'>,
  receivers: ComparisonOptions['receivers'],
): Promise<unknown> {
  const receiveOne = async (lane: LaneRecord) => {
    try {
      const receive = receivers.get(lane.technique);
      if (!receive) throw new Error(`No receiver for ${lane.technique}`);
      await receive({
        ...common,
        started: () => pageTime() >= recording.zero,
        over: () => recording.info?.state === 'finished',
        sample: (sample) => fileSample(recording, lane, sample),
      });
    } catch (error) {
      if (!common.signal.aborted) lane.failed = error instanceof Error ? error.message : String(error);
    } finally {
      lane.done = true;
      for (const index of [...lane.requests.open]) lane.requests.finish(index, pageTime(), false);
    }
  };
  // The websocket lane right behind the control socket, for the same reason.
  const order = [...recording.lanes.values()].sort(
    (a, b) => Number(b.technique === 'websocket') - Number(a.technique === 'websocket'),
  );
  return Promise.all(order.map(receiveOne));
}

/** Waits until the ledger has a request of every lane: then no lane's first event waits for its connection. */
async function lanesReachServer(
  recording: Recording,
  link: RunLink,
  stop: AbortSignal,
  signal: AbortSignal,
): Promise<void> {
  const readWhile = async (still: () => boolean, most: number, every: number) => {
    for (const latest = pageTime() + most; still() && !stop.aborted && pageTime() < latest; ) {
      await link.readLedger();
      await pause(every, signal);
    }
  };
  const lanes = [...recording.lanes.values()];
  await readWhile(() => lanes.some(({ failed, ledger }) => !failed && (ledger?.requests ?? 0) < 1), CONNECT_MS, 30);
  // Hundreds of simulated clients take longer, and who joins late costs the server what the lanes would pay for.
  const joining = () => {
    const { lanes: joined = {}, admitted = 0 } = recording.ledger?.subscribers ?? {};
    const here = Object.values(joined).reduce((sum, { connected, failed }) => sum + connected + failed, 0);
    return here < admitted * lanes.length;
  };
  await readWhile(joining, JOIN_MS, 200);
}

/** Their polls may end later than ours; what they say last belongs to the run. */
async function subscribersEnd(recording: Recording, link: RunLink, signal: AbortSignal): Promise<void> {
  const here = () => Object.values(recording.ledger?.subscribers?.lanes ?? {}).some(({ connected }) => connected > 0);
  for (const latest = pageTime() + LAST_WORDS_MS + 1000; here() && pageTime() < latest; ) {
    await pause(250, signal);
    await link.readLedger();
  }
}

function watchTab({ conditions }: Recording, signal: AbortSignal): void {
  const note = () => fileVisibility(conditions, document.visibilityState === 'hidden', pageTime());
  note();
  document.addEventListener('visibilitychange', note, { signal });
}
