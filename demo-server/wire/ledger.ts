/** The accounts of every run and of the server itself, and which of them a request belongs to. Never writes to a socket. */
import {
  type ByteClass,
  type LaneLedger,
  OPEN_RUN,
  type RunLedger,
  type RunState,
  SUBSCRIBER,
  TECHNIQUES,
  type TechniqueId,
  type WireExchange,
  type WireTranscript,
} from '../protocol.ts';
import { type Account, createAccount, sum } from './account.ts';
import { type Books, type ConnectionMeter, type ConnectionTotals, MeteredConnection } from './connection.ts';
import type { Link } from './link.ts';
import { createScan } from './scan.ts';

export type { ConnectionMeter, ConnectionTotals };

interface RunAccounts {
  state: RunState;
  lanes: Map<TechniqueId, Account>;
  /** The accounts of the simulated subscribers, by lane. */
  subscribers: Map<TechniqueId, Account>;
  control: Account;
  site: Account;
}

export interface Ledger {
  /** Opens the accounts of a run. `links`: the simulated network of each lane; a lane without one is unchanged. */
  open(run: string, techniques: readonly TechniqueId[], links?: ReadonlyMap<TechniqueId, Link>): void;
  setState(run: string, state: RunState): void;
  forget(run: string): void;
  /** The ledger of a run that is open here. Throws for any other. */
  read(run: string): RunLedger;
  /** The ledgers of a run's simulated subscribers, for each lane that has had a request from them. */
  subscribers(run: string): Map<TechniqueId, LaneLedger>;
  /** How many connections are open now, in all accounts. */
  openConnections(): number;
  wire(run: string, technique: TechniqueId): WireTranscript | undefined;
  /** The exchanges of `/echo/<record>`, oldest first; undefined if the record is not kept, or no longer. */
  echo(record: string): WireExchange[] | undefined;
  connection(address: string, remotePort: number | undefined): ConnectionMeter;
}

/** How many echo records are kept, each as long as a transcript at most. The oldest one makes room. */
const ECHOES = 48;
/** Long and random, so that it cannot be guessed. */
export const ECHO_RECORD = /^[0-9a-f]{32}$/;

function openAccounts(techniques: readonly TechniqueId[]): RunAccounts {
  const ids = TECHNIQUES.filter((id) => techniques.includes(id));
  return {
    state: 'ready',
    lanes: new Map(ids.map((id) => [id, createAccount('lane')])),
    subscribers: new Map(ids.map((id) => [id, createAccount('other')])),
    control: createAccount('other'),
    site: createAccount('other'),
  };
}

export interface LedgerOptions {
  clock: () => number;
  onConnectionEnd?: ((totals: ConnectionTotals) => void) | undefined;
  /** Several servers serve the same runs, so a request may arrive before this server knows its run. */
  runsComeLate?: boolean;
}

/** How many runs are kept that requests have named but this server does not know yet. The oldest makes room, and its bytes go to the site. */
const EXPECTED = 64;

export function createLedger({ clock, onConnectionEnd, runsComeLate = false }: LedgerOptions): Ledger {
  const runs = new Map<string, RunAccounts>();
  /** Whatever belongs to no run: pages, scripts, the API, and bytes that could not be parsed. */
  const server = { site: createAccount('other'), control: createAccount('other'), unowned: createAccount('other') };
  const expected = new Map<string, RunAccounts>();
  const echoes = new Map<string, Account>();
  let connections = 0;
  let openConnections = 0;

  function echoAccount(record: string): Account {
    const account = echoes.get(record) ?? createAccount('lane');
    if (!echoes.has(record) && echoes.size >= ECHOES) echoes.delete(echoes.keys().next().value as string);
    echoes.set(record, account);
    return account;
  }

  function accounts(run: string): RunAccounts {
    const found = runs.get(run);
    if (!found) throw new Error(`the ledger has no run ${JSON.stringify(run)}; open() it first`);
    return found;
  }

  /** Opens accounts for a run that is not known here yet, or returns those that are open. */
  function expect(run: string): RunAccounts {
    const found = expected.get(run) ?? openAccounts(TECHNIQUES);
    const [oldest] = expected;
    if (!expected.has(run) && oldest && expected.size >= EXPECTED) {
      const { lanes, subscribers, control, site } = oldest[1];
      for (const { ledger } of [...lanes.values(), ...subscribers.values(), control, site])
        Object.assign(server.site.ledger, sum(server.site.ledger, ledger));
      expected.delete(oldest[0]);
    }
    expected.set(run, found);
    return found;
  }

  /** The account of a request. The requests of a run that is unknown here go to the site. */
  function owner(path: string, run: string | null, client: string | null): Account {
    const [, room = '', name = ''] = path.split('/', 3);
    if (room === 'push' || room === 'control') {
      const owned = runs.get(run ?? OPEN_RUN) ?? (runsComeLate && run !== null ? expect(run) : undefined);
      const simulated = client?.startsWith(SUBSCRIBER) === true;
      if (room === 'push')
        return (simulated ? owned?.subscribers : owned?.lanes)?.get(name as TechniqueId) ?? server.site;
      return owned?.control ?? server.control;
    }
    if (room === 'echo' && ECHO_RECORD.test(name)) return echoAccount(name);
    if (room === 'runs' && name !== '') return runs.get(name)?.site ?? server.site;
    return server.site;
  }

  const books: Books = {
    clock,
    at: undefined,
    owner,
    unowned: server.unowned,
    scan: createScan(),
    ended(totals) {
      openConnections -= 1;
      onConnectionEnd?.(totals);
    },
  };

  return {
    open(run, techniques, links) {
      const accounts = expected.get(run) ?? openAccounts(techniques);
      expected.delete(run);
      for (const lanes of [accounts.lanes, accounts.subscribers])
        for (const id of lanes.keys()) if (!techniques.includes(id)) lanes.delete(id);
      for (const lanes of [accounts.lanes, accounts.subscribers])
        for (const [id, account] of lanes) account.link = links?.get(id);
      runs.set(run, accounts);
    },
    setState(run, state) {
      accounts(run).state = state;
    },
    forget: (run) => void runs.delete(run),
    read(run) {
      const { state, lanes, control, site } = accounts(run);
      return {
        run,
        state,
        lanes: Object.fromEntries([...lanes].map(([id, account]) => [id, account.ledger])),
        control: run === OPEN_RUN ? server.control.ledger : control.ledger,
        site: run === OPEN_RUN ? server.site.ledger : site.ledger,
        ...(run === OPEN_RUN ? { unowned: server.unowned.ledger } : {}),
      };
    },
    subscribers: (run) =>
      new Map(
        [...accounts(run).subscribers].flatMap(([id, { ledger }]) => (ledger.requests > 0 ? [[id, ledger]] : [])),
      ),
    openConnections: () => openConnections,
    wire(run, technique) {
      const account = accounts(run).lanes.get(technique);
      return account?.transcript && { run, technique, exchanges: account.transcript.read() };
    },
    echo(record) {
      const exchanges = echoes.get(record)?.transcript?.read();
      // An echo has no events: anything that looks like an event or its envelope is what the client sent.
      const inEcho = (kind: ByteClass): ByteClass => (kind === 'head' || kind === 'framing' ? kind : 'body');
      return exchanges?.map(({ segments, ...exchange }) => ({
        ...exchange,
        segments: segments.map((segment) => ({ ...segment, kind: inEcho(segment.kind) })),
      }));
    },
    connection(address, remotePort) {
      connections += 1;
      openConnections += 1;
      return new MeteredConnection(books, connections, address, remotePort);
    },
  };
}
