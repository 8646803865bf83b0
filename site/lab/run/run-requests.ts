/** The plain requests of a comparison about its run, and why one of them, or the comparison, came to nothing. */

import type { Conditions } from '../../../demo-server/measure/recording.ts';
import type { WantedSettings } from '../../../demo-server/measure/settings.ts';
import type {
  BegunFault,
  CreatedRun,
  FaultOrder,
  Refusal,
  RunInfo,
  RunLedger,
  SettingFault,
} from '../../../demo-server/protocol.ts';

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

/** Each rejects with a Problem where the server refuses or none answers, and as fetch does once the signal is aborted. */
export interface RunRequests {
  /** Makes a run, and notes what stands between the page and the server. */
  create(settings: WantedSettings, conditions: Conditions): Promise<RunInfo>;
  read(run: string): Promise<RunInfo>;
  ledger(run: string): Promise<RunLedger>;
  start(run: string): Promise<unknown>;
  breakIt(run: string, order: FaultOrder): Promise<BegunFault>;
  /** Asks the server to end the run even if this page is about to go away. */
  remove(run: string): void;
}

/** `server`: its base address, '' for this page's origin. */
export function runRequests(server: string, signal: AbortSignal): RunRequests {
  async function ask(path: string, method = 'GET', body?: object): Promise<Response> {
    const json = body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    let answer: Response;
    try {
      answer = await fetch(`${server}/runs${path}`, { cache: 'no-store', signal, method, ...json });
    } catch (error) {
      if (signal.aborted) throw error;
      throw new Problem('unreachable');
    }
    if (answer.ok) return answer;
    const refusal = (await answer.json().catch(() => null)) as Refusal | null;
    // A gateway in front of a server that is down answers 502 in its own words, and a static host 404 or 405.
    if (!refusal?.error) throw new Problem('unreachable', '', answer.status);
    throw new Problem('refused', refusal.message, answer.status, refusal.faults ?? []);
  }
  const read = async (path: string) => (await ask(path)).json();

  return {
    async create(settings, conditions) {
      const answer = await ask('', 'POST', settings);
      const run = (await answer.json()) as CreatedRun;
      // Our server names neither itself nor a gateway, and speaks in the clear unless it says so: any other answer came
      // through a proxy even if the request does not show it.
      const { protocol } = new URL(server || location.href, location.href);
      const foreignTls = protocol === 'https:' && !run.tls;
      conditions.behindProxy = run.proxied || foreignTls || answer.headers.has('via') || answer.headers.has('server');
      conditions.insideTls = run.tls;
      return run;
    },
    read: (run) => read(`/${run}`),
    ledger: (run) => read(`/${run}/ledger`),
    start: (run) => ask(`/${run}/start`, 'POST'),
    breakIt: async (run, order) => (await ask(`/${run}/faults`, 'POST', order)).json(),
    remove(run) {
      fetch(`${server}/runs/${run}`, { method: 'DELETE', keepalive: true }).catch(() => {});
    },
  };
}
