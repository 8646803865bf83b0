/**
 * One comparison from the first request to the last figure: who connects in which order, and what happens when something
 * fails. Draws nothing.
 */
import type {
  BegunFault,
  ControlMessage,
  CreatedRun,
  FaultOrder,
  Refusal,
  RunInfo,
  RunLedger,
  SettingFault,
  TechniqueId,
} from '../../demo-server/protocol.ts';
import type { Receive } from '../techniques/lane.ts';
import { pageTime } from './clock.ts';
import { type Control, openControl } from './control.ts';
import { takeTurn, takeTurnOver, turnIsHeldHere } from './guard.ts';
import { fileLedger, fileSample, fileVisibility, newRecording, type Recording } from './recording.ts';
import type { WantedSettings } from './settings.ts';

export type Phase = 'connecting' | 'ready' | 'running' | 'settling' | 'finished' | 'stopped';

/** Breaks something in the run that goes on. Rejects with the server's words where it refuses. */
export type Break = (order: FaultOrder) => Promise<void>;

export type ProblemKind = 'second-tab' | 'unreachable' | 'refused' | 'lost';

/** Why a comparison could not be run, or not to its end. `kind` picks the page's sentence; `message` is the server's. */
export class Problem extends Error {
  readonly kind: ProblemKind;
  readonly status: number;
  readonly faults: readonly SettingFault[];

  constructor(kind: ProblemKind, message = '', status = 0, faults: readonly SettingFault[] = []) {
    super(message);
    this.kind = kind;
    this.status = status;
    this.faults = faults;
  }
}

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

const RESYNC_MS = 10_000;
/** Within this time after the end every lane has had its last answer, or is cut off by us. */
const LAST_WORDS_MS = 5000;
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
  // Whoever started last has the reader's attention: a demo further up this page gives way without a question.
  const askNicely = options.takeOver === true || turnIsHeldHere();
  const ended = new AbortController();
  const taken = new AbortController();
  const signal = AbortSignal.any([options.signal, ended.signal]);
  const turn = await (askNicely ? takeTurnOver : takeTurn)(() => taken.abort());
  if (!turn) throw new Problem('second-tab');
  try {
    signal.throwIfAborted();
    return await new Comparison(options, signal, taken.signal).run();
  } finally {
    ended.abort();
    turn.release();
  }
}

class Comparison {
  readonly #options: ComparisonOptions;
  readonly #server: string;
  readonly #signal: AbortSignal;
  readonly #stop: AbortSignal;
  readonly #recording: Recording;
  readonly #finished = Promise.withResolvers<void>();
  #run = '';
  #control: Control | null = null;
  /** Faults asked for on the control socket that it has not answered yet; it answers in order. */
  #orders: PromiseWithResolvers<void>[] = [];

  constructor(options: ComparisonOptions, signal: AbortSignal, taken: AbortSignal) {
    this.#options = options;
    this.#server = options.server ?? '';
    this.#signal = signal;
    this.#stop = AbortSignal.any([options.stop, taken]);
    this.#recording = newRecording(options.settings.techniques);
    taken.addEventListener('abort', () => {
      this.#recording.takenOver = true;
    });
    this.#finished.promise.catch(() => {});
    signal.addEventListener('abort', () => this.#finished.reject(signal.reason), { once: true });
  }

  async run(): Promise<Recording> {
    const recording = this.#recording;
    this.#tell('connecting');
    this.#watchTab();
    this.#tellRun(await this.#create());
    const lanes = new AbortController();
    try {
      // The control socket first: once five lanes hold a connection, a handshake would wait behind them (Firefox).
      await this.#openControl();
      this.#tell('ready');
      await this.#pause(BUILD_MS);
      const startsAt = await this.#passGate();
      const receiving = this.#startLanes(AbortSignal.any([this.#signal, lanes.signal]));
      if (startsAt === null) await this.#start();
      else await Promise.race([this.#pause(startsAt - pageTime()), this.#finished.promise]);
      this.#tell('running');
      await this.#finished.promise;
      this.#tell('settling');
      await Promise.race([receiving, this.#pause(LAST_WORDS_MS)]);
      lanes.abort();
      await receiving;
      // Not before: polls bring their last events up to an interval after the server's end, and they belong to the picture.
      recording.over = pageTime();
      await this.#readLedger();
      await this.#subscribersEnd();
    } catch (error) {
      recording.over = pageTime();
      throw error;
    } finally {
      lanes.abort();
      if (recording.info?.state !== 'finished') this.#delete();
      this.#control?.close();
    }
    this.#tell(this.#stop.aborted ? 'stopped' : 'finished');
    return recording;
  }

  async #create(): Promise<RunInfo> {
    const answer = await this.#fetch('/runs', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(this.#options.settings),
    });
    const run = (await answer.json()) as CreatedRun;
    // Our server names neither itself nor a gateway, and speaks in the clear unless it says so: any other answer came
    // through a proxy even if the request does not show it.
    const { protocol } = new URL(this.#server || location.href, location.href);
    const foreignTls = protocol === 'https:' && !run.tls;
    const { conditions } = this.#recording;
    conditions.behindProxy = run.proxied || foreignTls || answer.headers.has('via') || answer.headers.has('server');
    conditions.insideTls = run.tls;
    return run;
  }

  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    let answer: Response;
    try {
      answer = await fetch(`${this.#server}${path}`, { cache: 'no-store', signal: this.#signal, ...init });
    } catch (error) {
      if (this.#signal.aborted) throw error;
      throw new Problem('unreachable');
    }
    if (answer.ok) return answer;
    const refusal = (await answer.json().catch(() => null)) as Refusal | null;
    // A gateway in front of a server that is down answers 502 in its own words, and a static host 404 or 405.
    if (!refusal?.error) throw new Problem('unreachable', '', answer.status);
    throw new Problem('refused', refusal.message, answer.status, refusal.faults ?? []);
  }

  async #openControl(): Promise<void> {
    const { conditions, clock } = this.#recording;
    try {
      const control = await openControl(this.#server, this.#run, (message) => this.#hear(message), this.#signal);
      this.#control = control;
      await clock.sync(control.ping);
      const resync = setInterval(() => clock.sync(control.ping).catch(() => {}), RESYNC_MS);
      void control.closed.then(() => {
        clearInterval(resync);
        this.#control = null;
        for (const order of this.#orders.splice(0)) order.reject(new Error('The control socket closed'));
        if (this.#recording.info?.state !== 'finished' && !this.#signal.aborted) void this.#goOnWithoutControl();
      });
    } catch {
      this.#signal.throwIfAborted();
      conditions.clockUnknown = clock.current === null;
      void this.#goOnWithoutControl();
    }
  }

  /** Reads the run and its ledger by plain requests until the run is over, or the server has gone. */
  async #goOnWithoutControl(): Promise<void> {
    this.#recording.conditions.controlLost = true;
    try {
      for (let misses = 0; !this.#signal.aborted && this.#recording.info?.state !== 'finished'; ) {
        await this.#pause(1000);
        try {
          await this.#readLedger();
          const answer = await this.#fetch(`/runs/${this.#run}`);
          this.#tellRun((await answer.json()) as RunInfo);
          misses = 0;
        } catch (problem) {
          if (problem instanceof Problem && problem.kind === 'unreachable' && ++misses < 4) continue;
          throw problem;
        }
      }
    } catch {
      this.#finished.reject(new Problem('lost'));
    }
  }

  #startLanes(signal: AbortSignal): Promise<unknown> {
    const { lanes } = this.#recording;
    // The websocket lane right behind the control socket, for the same reason.
    const order = [...lanes.values()].sort(
      (a, b) => Number(b.technique === 'websocket') - Number(a.technique === 'websocket'),
    );
    return Promise.all(
      order.map(async (lane) => {
        try {
          const receive = this.#options.receivers.get(lane.technique);
          if (!receive) throw new Error(`No receiver for ${lane.technique}`);
          await receive({
            server: this.#server,
            run: this.#run,
            pollIntervalMs: this.#options.settings.pollIntervalMs,
            uplinkPerSecond: this.#options.settings.uplinkPerSecond,
            payloadBytes: this.#options.settings.payloadBytes,
            signal,
            started: () => pageTime() >= this.#recording.zero,
            over: () => this.#recording.info?.state === 'finished',
            sample: (sample) => fileSample(this.#recording, lane, sample),
          });
        } catch (error) {
          if (!signal.aborted) lane.failed = error instanceof Error ? error.message : String(error);
        } finally {
          lane.done = true;
          for (const index of [...lane.requests.open]) lane.requests.finish(index, pageTime(), false);
        }
      }),
    );
  }

  /** Waits until the ledger has a request of every lane: then no lane's first event waits for its connection. */
  async #lanesReachServer(): Promise<void> {
    const deadline = pageTime() + CONNECT_MS;
    const waiting = () =>
      [...this.#recording.lanes.values()].some((lane) => !lane.failed && (lane.ledger?.requests ?? 0) < 1);
    while (waiting() && !this.#stop.aborted && pageTime() < deadline) {
      await this.#readLedger();
      await this.#pause(30);
    }
    // Hundreds of simulated clients take longer, and who joins late costs the server what the lanes would pay for.
    const joined = () => {
      const { lanes = {}, admitted = 0 } = this.#recording.ledger?.subscribers ?? {};
      const here = Object.values(lanes).reduce((sum, { connected, failed }) => sum + connected + failed, 0);
      return here >= admitted * this.#recording.lanes.size;
    };
    for (const latest = pageTime() + JOIN_MS; !joined() && !this.#stop.aborted && pageTime() < latest; ) {
      await this.#readLedger();
      await this.#pause(200);
    }
  }

  /** Their polls may end later than ours; what they say last belongs to the run. */
  async #subscribersEnd(): Promise<void> {
    const here = () =>
      Object.values(this.#recording.ledger?.subscribers?.lanes ?? {}).some(({ connected }) => connected > 0);
    for (const latest = pageTime() + LAST_WORDS_MS + 1000; here() && pageTime() < latest; ) {
      await this.#pause(250);
      await this.#readLedger();
    }
  }

  /** Waits for somebody else's start, which waits for nobody's lanes; null where the reader starts the run. */
  async #passGate(): Promise<number | null> {
    const { gate } = this.#options;
    if (!gate) return null;
    this.#stop.addEventListener('abort', () => this.#end(), { signal: this.#signal });
    return (await Promise.race([gate(this.#run, this.#recording), this.#finished.promise])) ?? 0;
  }

  async #start(): Promise<void> {
    await this.#lanesReachServer();
    if (this.#stop.aborted) return this.#end();
    this.#stop.addEventListener('abort', () => this.#end(), { signal: this.#signal });
    if (this.#control) this.#control.send({ type: 'start' });
    else await this.#fetch(`/runs/${this.#run}/start`, { method: 'POST' });
  }

  #end(): void {
    if (this.#control) this.#control.send({ type: 'stop' });
    else this.#delete();
  }

  /** Asks the server to end the run even if this page is about to go away. */
  #delete(): void {
    fetch(`${this.#server}/runs/${this.#run}`, { method: 'DELETE', keepalive: true }).catch(() => {});
  }

  async #readLedger(): Promise<void> {
    const answer = await this.#fetch(`/runs/${this.#run}/ledger`);
    const { clock } = this.#recording;
    fileLedger(this.#recording, (await answer.json()) as RunLedger, pageTime() + (clock.current?.offsetMs ?? 0));
  }

  #hear(message: ControlMessage): void {
    if (message.type === 'run') this.#tellRun(message.run);
    if (message.type === 'ledger') fileLedger(this.#recording, message.ledger, message.at);
    if (message.type === 'error') this.#orders.shift()?.reject(new Error(message.message));
    if (message.type === 'fault') {
      const { type: _, ...fault } = message;
      this.#fileFault(fault);
      if (fault.atEvent === null) this.#orders.shift()?.resolve();
    }
  }

  /** Asks over the control socket, as it needs no connection that a lane could lack. */
  async #break(order: FaultOrder): Promise<void> {
    if (this.#control) {
      const asked = Promise.withResolvers<void>();
      this.#orders.push(asked);
      this.#control.send({ type: 'fault', ...order });
      return asked.promise;
    }
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify(order);
    const answer = await this.#fetch(`/runs/${this.#run}/faults`, { method: 'POST', headers, body });
    this.#fileFault((await answer.json()) as BegunFault);
  }

  #fileFault(fault: BegunFault): void {
    const { info } = this.#recording;
    const known = info?.faults.some(({ at, fault: id }) => at === fault.at && id === fault.fault);
    if (info && !known) info.faults = [...info.faults, fault];
  }

  #tell(phase: Phase): void {
    this.#options.tell(phase, this.#recording, (order) => this.#break(order));
  }

  #tellRun(info: RunInfo): void {
    const recording = this.#recording;
    recording.info = info;
    this.#run = info.id;
    if (info.startsAt !== null && Number.isNaN(recording.zero)) recording.zero = recording.clock.toPage(info.startsAt);
    if (info.state === 'finished') this.#finished.resolve();
  }

  #watchTab(): void {
    const note = () => fileVisibility(this.#recording.conditions, document.visibilityState === 'hidden', pageTime());
    note();
    document.addEventListener('visibilitychange', note, { signal: this.#signal });
    addEventListener('pagehide', () => this.#delete(), { signal: this.#signal });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#signal.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true });
    });
  }
}
