/** One comparison without a browser, from the first request to the last figure. Prints nothing. */

import { receive } from '../clients/index.ts';
import { Clock, pageTime, smallestStep } from '../measure/clock.ts';
import { type Control, openControl } from '../measure/control.ts';
import { fileLedger, fileSample, LAST_WORDS_MS, newRecording, type Recording } from '../measure/recording.ts';
import type { WantedSettings } from '../measure/settings.ts';
import type { ControlMessage, CreatedRun, Refusal, RunInfo, RunLedger } from '../protocol.ts';

export type Phase = 'connecting' | 'running' | 'settling';

/** Why there is no comparison, or only a part of one, in words. */
export class ComparisonError extends Error {}

export interface Comparison {
  /** Origin of the server. */
  server: string;
  settings: WantedSettings;
  /** Asks for a proper early end: the server ends the run, the lanes close, the figures stay. */
  stop: AbortSignal;
  /** Called at each new phase; the recording is complete enough to be told from `running` on. */
  tell(phase: Phase, recording: Recording): void;
}

const RESYNC_MS = 10_000;
/** How long the lanes, and then the simulated subscribers, may take to reach the server before the run starts anyway. */
const CONNECT_MS = 2500;
const SUBSCRIBERS_MS = 15_000;

/** Runs it; resolves with the recording, complete. Rejects with a ComparisonError; what was measured until then was told. */
export async function runComparison({ server, settings, stop, tell }: Comparison): Promise<Recording> {
  // Node's clock is as fine as that of an isolated page.
  const recording = newRecording(settings.techniques, new Clock(smallestStep(), true));
  const over = new AbortController();
  const finished = Promise.withResolvers<void>();
  finished.promise.catch(() => {});

  const { created, behindProxy } = await create(server, settings);
  const { id } = created;
  recording.conditions.behindProxy = behindProxy;
  file(created);
  function file(info: RunInfo): void {
    recording.info = info;
    if (info.startsAt !== null && Number.isNaN(recording.zero)) recording.zero = recording.clock.toPage(info.startsAt);
    if (info.state === 'finished') finished.resolve();
  }
  function hear(message: ControlMessage): void {
    if (message.type === 'run') file(message.run);
    if (message.type === 'ledger') fileLedger(recording, message.ledger, message.at);
    if (message.type === 'error') finished.reject(new ComparisonError(message.message));
  }
  const isFinished = (): boolean => recording.info?.state === 'finished';

  tell('connecting', recording);
  let control: Control | undefined;
  try {
    control = await openControl(server, id, hear, over.signal);
    const { ping, send, closed } = control;
    void closed.then(() =>
      finished.reject(new ComparisonError(`The server at ${server} went away in the middle of the run.`)),
    );
    await recording.clock.sync(ping);
    const resync = setInterval(() => recording.clock.sync(ping).catch(() => {}), RESYNC_MS);
    over.signal.addEventListener('abort', () => clearInterval(resync));

    const receiving = Promise.all([...recording.lanes.values()].map(lane));
    await reached();
    stop.addEventListener('abort', () => send({ type: 'stop' }));
    send(stop.aborted ? { type: 'stop' } : { type: 'start' });
    tell('running', recording);
    await finished.promise;
    tell('settling', recording);
    await Promise.race([receiving, pause(LAST_WORDS_MS)]);
    for (const one of recording.lanes.values()) one.cutOff = !one.done;
    over.abort();
    await receiving;
    recording.over = pageTime();
    await readLedger();
    await subscribersEnded();
    return recording;
  } catch (error) {
    recording.over = pageTime();
    if (error instanceof ComparisonError) throw error;
    throw new ComparisonError(`The control socket of ${server} failed: ${(error as Error).message}`);
  } finally {
    over.abort();
    control?.close();
    if (!isFinished()) await ask(server, `/runs/${id}`, { method: 'DELETE' }).catch(() => {});
  }

  async function lane(record: typeof recording.lanes extends ReadonlyMap<unknown, infer L> ? L : never): Promise<void> {
    try {
      await receive(record.technique, {
        server,
        run: id,
        pollIntervalMs: settings.pollIntervalMs,
        uplinkPerSecond: settings.uplinkPerSecond,
        payloadBytes: settings.payloadBytes,
        started: () => pageTime() >= recording.zero,
        signal: over.signal,
        over: isFinished,
        sample: (sample) => fileSample(recording, record, sample),
      });
    } catch (error) {
      if (!over.signal.aborted) record.failed = (error as Error).message;
    } finally {
      record.done = true;
      for (const index of [...record.requests.open]) record.requests.finish(index, pageTime(), false);
    }
  }

  /** Waits until every lane and every simulated subscriber is there: then no first event waits for its connection. */
  async function reached(): Promise<void> {
    const began = pageTime();
    const waiting = (): boolean => {
      const lanes = [...recording.lanes.values()];
      const since = pageTime() - began;
      if (lanes.some((one) => !one.failed && (one.ledger?.requests ?? 0) < 1)) return since < CONNECT_MS;
      return subscribersHere(recording.ledger) < subscribersDue(recording.ledger) && since < SUBSCRIBERS_MS;
    };
    while (waiting() && !stop.aborted) {
      await readLedger();
      await pause(50);
    }
  }

  /** Their polls may end later than ours; what they say last belongs to the run. */
  async function subscribersEnded(): Promise<void> {
    const deadline = pageTime() + LAST_WORDS_MS + 1000;
    const here = (): boolean =>
      Object.values(recording.ledger?.subscribers?.lanes ?? {}).some(({ connected }) => connected > 0);
    while (here() && pageTime() < deadline) {
      await pause(200);
      await readLedger();
    }
  }

  async function readLedger(): Promise<void> {
    const ledger = (await ask(server, `/runs/${id}/ledger`)) as RunLedger;
    fileLedger(recording, ledger, pageTime() + (recording.clock.current?.offsetMs ?? 0));
  }
}

/** Connected, or given up. */
function subscribersHere(ledger: RunLedger | null): number {
  return Object.values(ledger?.subscribers?.lanes ?? {}).reduce((sum, lane) => sum + lane.connected + lane.failed, 0);
}

function subscribersDue(ledger: RunLedger | null): number {
  return (ledger?.subscribers?.admitted ?? 0) * Object.keys(ledger?.lanes ?? {}).length;
}

/**
 * Makes the run. A proxy is between where the request shows it, and where the response does: this server names neither
 * itself nor a gateway, and speaks in the clear unless it says so. (Current nginx asks by HTTP/1.1, and adds nothing.)
 */
async function create(
  server: string,
  settings: WantedSettings,
): Promise<{ created: CreatedRun; behindProxy: boolean }> {
  const { body, headers } = await exchange(server, '/runs', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(settings),
  });
  const created = body as CreatedRun;
  if (typeof created.id !== 'string' || !created.settings) throw notPushlab(server, 'another kind of JSON');
  const foreignTls = server.startsWith('https:') && !created.tls;
  return { created, behindProxy: created.proxied || foreignTls || headers.has('via') || headers.has('server') };
}

const notPushlab = (server: string, got: string): ComparisonError =>
  new ComparisonError(`What answers at ${server} is no Pushlab server: got ${got}.`);

const ask = async (server: string, path: string, init?: RequestInit): Promise<unknown> =>
  (await exchange(server, path, init)).body;

async function exchange(
  server: string,
  path: string,
  init: RequestInit = {},
): Promise<{ body: unknown; headers: Headers }> {
  let answer: Response;
  try {
    // A connection that it kept would become the websocket lane's, which then had opened none.
    answer = await fetch(`${server}${path}`, { ...init, headers: { ...init.headers, connection: 'close' } });
  } catch (error) {
    const { cause } = error as { cause?: { code?: string; message?: string } };
    const why = cause?.code ?? cause?.message ?? (error as Error).message;
    throw new ComparisonError(
      `No server answers at ${server} (${why}). Start one with npm start, or leave --server out: then one is started for this run.`,
    );
  }
  const text = await answer.text();
  try {
    const body = JSON.parse(text) as Partial<Refusal>;
    if (answer.ok) return { body, headers: answer.headers };
    if (body.message) throw new ComparisonError(body.message);
  } catch (error) {
    if (error instanceof ComparisonError) throw error;
  }
  throw notPushlab(server, `HTTP ${answer.status} with ${JSON.stringify(text.slice(0, 40))}`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
