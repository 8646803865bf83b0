/**
 * What ties a comparison to its run on the server: the control socket; and where that was lost or never opened, plain
 * requests. Files what it hears.
 */

import { pageTime } from '../../../demo-server/measure/clock.ts';
import { type Control, openControl } from '../../../demo-server/measure/control.ts';
import { pause } from '../../../demo-server/measure/lane.ts';
import { fileLedger, type Recording } from '../../../demo-server/measure/recording.ts';
import type { BegunFault, ControlMessage, FaultOrder, RunInfo } from '../../../demo-server/protocol.ts';
import { Problem, type RunRequests } from './run-requests.ts';

const RESYNC_MS = 10_000;

export interface RunLink {
  start(): Promise<void>;
  /** Asks for a proper early end. */
  end(): void;
  /** Breaks something in the run. Rejects with the server's words where it refuses. */
  breakIt(order: FaultOrder): Promise<void>;
  readLedger(): Promise<void>;
}

export interface RunLinkOptions {
  server: string;
  run: string;
  requests: RunRequests;
  recording: Recording;
  signal: AbortSignal;
  /** Called with the run whenever the server tells of it. */
  tell(info: RunInfo): void;
  /** The server has gone, and the run with it. */
  lost(): void;
}

/** Resolves once the clock is known, or the socket known not to open. Rejects only as `signal` does. */
export async function linkRun(options: RunLinkOptions): Promise<RunLink> {
  const { server, run, requests, recording, signal, tell, lost } = options;
  const { conditions, clock } = recording;
  let control: Control | null = null;
  /** Faults asked for on the control socket that it has not answered yet; it answers in order. */
  const orders: PromiseWithResolvers<void>[] = [];

  function hear(message: ControlMessage): void {
    if (message.type === 'run') tell(message.run);
    if (message.type === 'ledger') fileLedger(recording, message.ledger, message.at);
    if (message.type === 'error') orders.shift()?.reject(new Error(message.message));
    if (message.type === 'fault') {
      const { type: _, ...fault } = message;
      fileFault(fault);
      if (fault.atEvent === null) orders.shift()?.resolve();
    }
  }
  function fileFault(fault: BegunFault): void {
    const { info } = recording;
    const known = info?.faults.some(({ at, fault: id }) => at === fault.at && id === fault.fault);
    if (info && !known) info.faults = [...info.faults, fault];
  }
  async function readLedger(): Promise<void> {
    fileLedger(recording, await requests.ledger(run), pageTime() + (clock.current?.offsetMs ?? 0));
  }
  /** Reads the run and its ledger by plain requests until the run is over, or the server has gone. */
  async function goOnWithoutControl(): Promise<void> {
    conditions.controlLost = true;
    try {
      for (let misses = 0; !signal.aborted && recording.info?.state !== 'finished'; ) {
        await pause(1000, signal);
        try {
          await readLedger();
          tell(await requests.read(run));
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

  try {
    const opened = await openControl(server, run, hear, signal);
    await clock.sync(opened.ping);
    control = opened;
    const resync = setInterval(() => clock.sync(opened.ping).catch(() => {}), RESYNC_MS);
    void opened.closed.then(() => {
      clearInterval(resync);
      control = null;
      for (const order of orders.splice(0)) order.reject(new Error('The control socket closed'));
      if (recording.info?.state !== 'finished' && !signal.aborted) void goOnWithoutControl();
    });
  } catch {
    signal.throwIfAborted();
    conditions.clockUnknown = clock.current === null;
    void goOnWithoutControl();
  }

  return {
    async start() {
      if (control) control.send({ type: 'start' });
      else await requests.start(run);
    },
    end() {
      if (control) control.send({ type: 'stop' });
      else requests.remove(run);
    },
    /** Over the control socket where there is one, as it needs no connection that a lane could lack. */
    async breakIt(order) {
      if (!control) return fileFault(await requests.breakIt(run, order));
      const asked = Promise.withResolvers<void>();
      orders.push(asked);
      control.send({ type: 'fault', ...order });
      return asked.promise;
    },
    readLedger,
  };
}
