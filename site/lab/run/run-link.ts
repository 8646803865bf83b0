/**
 * What ties a comparison to its run on the server: the control socket; and where that was lost or never opened, plain
 * requests. Files what it receives in the recording.
 */

import { pageTime } from '../../../demo-server/measure/clock.ts';
import { type Control, openControl } from '../../../demo-server/measure/control.ts';
import { pause } from '../../../demo-server/measure/lane.ts';
import { fileLedger, type Recording } from '../../../demo-server/measure/recording.ts';
import type { BegunFault, ControlMessage, FaultOrder, RunInfo } from '../../../demo-server/protocol.ts';
import { Problem, type RunRequests } from './run-requests.ts';

const RESYNC_MS = 10_000;

export interface RunLinkOptions {
  server: string;
  run: string;
  requests: RunRequests;
  recording: Recording;
  signal: AbortSignal;
  /** Called with the run whenever the server reports a change in it. */
  changed(info: RunInfo): void;
  /** The server has gone, and the run with it. */
  lost(): void;
}

/** Links a recording to its run; `open` comes first. */
export class RunLink {
  readonly #options: RunLinkOptions;
  #control: Control | null = null;

  constructor(options: RunLinkOptions) {
    this.#options = options;
  }

  /** Resolves once the clock is known, or the socket known not to open. Rejects only as the signal does. */
  async open(): Promise<void> {
    const { server, run, recording, signal } = this.#options;
    const { clock, conditions } = recording;
    try {
      const control = await openControl(server, run, (message) => this.#receive(message), signal);
      await clock.sync(control.ping);
      this.#control = control;
      const resync = setInterval(() => clock.sync(control.ping).catch(() => {}), RESYNC_MS);
      void control.closed.then(() => {
        clearInterval(resync);
        this.#control = null;
        if (recording.info?.state !== 'finished' && !signal.aborted) void this.#goOnWithoutControl();
      });
    } catch {
      signal.throwIfAborted();
      conditions.clockUnknown = clock.current === null;
      void this.#goOnWithoutControl();
    }
  }

  /** Starts the run. */
  async start(): Promise<void> {
    const { requests, run } = this.#options;
    if (this.#control) this.#control.send({ type: 'start' });
    else await requests.start(run);
  }

  /** Requests a proper early end of the run. */
  end(): void {
    const { requests, run } = this.#options;
    if (this.#control) this.#control.send({ type: 'stop' });
    else requests.remove(run);
  }

  /**
   * Breaks something in the run, over the control socket where there is one, as that needs no connection that a lane could
   * lack. Rejects with the server's words where it refuses.
   */
  async breakIt(order: FaultOrder): Promise<void> {
    const { requests, run } = this.#options;
    if (this.#control) await this.#control.disturb(order);
    else this.#fileFault(await requests.breakIt(run, order));
  }

  /** Reads the ledger by a request of its own. */
  async readLedger(): Promise<void> {
    const { recording, requests, run } = this.#options;
    fileLedger(recording, await requests.ledger(run), pageTime() + (recording.clock.current?.offsetMs ?? 0));
  }

  #receive(message: ControlMessage): void {
    if (message.type === 'run') this.#options.changed(message.run);
    if (message.type === 'ledger') fileLedger(this.#options.recording, message.ledger, message.at);
    if (message.type === 'fault') {
      const { type: _, ...fault } = message;
      this.#fileFault(fault);
    }
  }

  #fileFault(fault: BegunFault): void {
    const { info } = this.#options.recording;
    const known = info?.faults.some(({ at, fault: id }) => at === fault.at && id === fault.fault);
    if (info && !known) info.faults = [...info.faults, fault];
  }

  /** Reads the run and its ledger by plain requests until the run is over, or the server has gone. */
  async #goOnWithoutControl(): Promise<void> {
    const { recording, requests, run, signal, changed, lost } = this.#options;
    recording.conditions.controlLost = true;
    try {
      for (let misses = 0; !signal.aborted && recording.info?.state !== 'finished'; ) {
        await pause(1000, signal);
        try {
          await this.readLedger();
          changed(await requests.read(run));
          misses = 0;
        } catch (problem) {
          if (problem instanceof Problem && problem.kind === 'unreachable' && ++misses < 4) continue;
          throw problem;
        }
      }
    } catch {
      lost();
    }
  }
}
