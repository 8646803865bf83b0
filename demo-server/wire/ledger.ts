/** Who owns which bytes: gives every byte of every connection to one class of one account. Never writes to a socket. */
import {
  type ByteClass,
  type LaneLedger,
  OPEN_RUN,
  type RunLedger,
  type RunState,
  TECHNIQUES,
  type TechniqueId,
  type WireTranscript,
} from '../protocol.ts';
import { createEventScanner, type EventScanner } from './events.ts';
import { createMeter, type Direction, type WireClass } from './meter.ts';
import { createTranscript, type ExchangeRecord, type Transcript, withoutSecrets } from './transcript.ts';

/** Addresses remembered per lane; beyond that the memory starts afresh, and a state sent again counts as news once. */
const ADDRESSES = 4096;

/** One account: the counters, and for a lane also what its readers already have and the record of its bytes. */
interface Account {
  ledger: LaneLedger;
  transcript: Transcript;
  /** Highest seq sent to a reader that names no cursor, by its address: what tells news from resent state. */
  sent: Map<string, number>;
}

interface RunAccounts {
  state: RunState;
  lanes: Map<TechniqueId, Account>;
  control: Account;
  site: Account;
}

/** What the tap tells of one connection. The bytes are read at once; those of heads may be kept for the record. */
export interface ConnectionMeter {
  up(bytes: Uint8Array): void;
  down(bytes: Uint8Array): void;
  /** The server ends this connection by itself: the reason goes to the lane that it was carrying. */
  cut(reason: string): void;
  /** The socket is closed; `read` and `written` are its own counts, against which ours are checked. */
  end(read: number, written: number): void;
}

/** One closed connection, for whoever checks the ledger against a packet capture. */
export interface ConnectionTotals {
  connection: number;
  remotePort: number | undefined;
  bytesUp: number;
  bytesDown: number;
  unaccountedBytes: number;
}

export interface Ledger {
  open(run: string, techniques: readonly TechniqueId[]): void;
  setState(run: string, state: RunState): void;
  forget(run: string): void;
  /** The accounts of a run that is open here; throws for one that is not. */
  read(run: string): RunLedger;
  wire(run: string, technique: TechniqueId): WireTranscript | undefined;
  connection(address: string, remotePort: number | undefined): ConnectionMeter;
}

export interface LedgerOptions {
  clock: () => number;
  onConnectionEnd?: ((totals: ConnectionTotals) => void) | undefined;
}

export function createLedger({ clock, onConnectionEnd }: LedgerOptions): Ledger {
  const runs = new Map<string, RunAccounts>();
  /** Everything on this server that belongs to no run: pages, scripts, the API, and what could not be parsed. */
  const server = { site: createAccount(), control: createAccount(), unowned: createAccount() };
  let connections = 0;

  function accounts(run: string): RunAccounts {
    const found = runs.get(run);
    if (!found) throw new Error(`the ledger has no run ${JSON.stringify(run)}; open() it first`);
    return found;
  }

  /** The account that a request target belongs to; a run that is unknown here leaves its requests to the site. */
  function owner(target: string): Account {
    const [path = '', query = ''] = target.split('?', 2);
    const [, room = '', name = ''] = path.split('/');
    if (room === 'push' || room === 'control') {
      const run = runs.get(new URLSearchParams(query).get('run') ?? OPEN_RUN);
      if (room === 'push') return run?.lanes.get(name as TechniqueId) ?? server.site;
      return run?.control ?? server.control;
    }
    if (room === 'runs' && name !== '') return runs.get(name)?.site ?? server.site;
    return server.site;
  }

  function connection(address: string, remotePort: number | undefined): ConnectionMeter {
    connections += 1;
    const number = connections;
    const exchanges = new Map<number, Exchange>();
    let bytesUp = 0;
    let bytesDown = 0;
    let requests = 0;
    let last: Account = server.unowned;

    function exchangeOf(count: number): Exchange {
      let exchange = exchanges.get(count);
      if (!exchange) {
        exchange = {
          account: undefined,
          waiting: [],
          startedAt: clock(),
          scanner: undefined,
          cursor: 0,
          record: undefined,
        };
        exchanges.set(count, exchange);
      }
      return exchange;
    }

    function add(
      account: Account,
      record: ExchangeRecord | undefined,
      direction: Direction,
      kind: ByteClass,
      bytes: Uint8Array,
    ) {
      const { ledger } = account;
      if (direction === 'up') {
        ledger.bytes.up[kind as 'head' | 'framing' | 'body'] += bytes.length;
        ledger.wireBytesUp += bytes.length;
      } else {
        ledger.bytes.down[kind as Exclude<ByteClass, 'body'>] += bytes.length;
        ledger.wireBytesDown += bytes.length;
      }
      record?.add(direction, kind, direction === 'up' && kind === 'head' ? withoutSecrets(bytes) : bytes, clock());
    }

    function settle(exchange: Exchange, account: Account): void {
      exchange.account = account;
      for (const part of exchange.waiting) book(exchange, part.direction, part.kind, part.bytes);
      exchange.waiting = [];
    }

    /** The scanner of one answer's body: events apart from envelope, news apart from what the reader already had. */
    function scannerOf(exchange: Exchange, account: Account): EventScanner {
      exchange.scanner ??= createEventScanner(
        (seq, bytes) => {
          const kind = seq === null ? 'envelope' : seq <= exchange.cursor ? 'redundantPayload' : 'payload';
          add(account, exchange.record, 'down', kind, bytes);
        },
        (seq) => {
          if (seq <= exchange.cursor) return;
          account.ledger.eventsSent += 1;
          if (account.sent.size >= ADDRESSES && !account.sent.has(address)) account.sent.clear();
          account.sent.set(address, Math.max(seq, account.sent.get(address) ?? 0));
        },
      );
      return exchange.scanner;
    }

    function book(exchange: Exchange, direction: Direction, kind: WireClass, bytes: Uint8Array): void {
      const { account } = exchange;
      if (!account) exchange.waiting.push({ direction, kind, bytes });
      else if (kind === 'body' && direction === 'down') scannerOf(exchange, account).push(bytes);
      else if (kind === 'unparsed')
        add(server.unowned, undefined, direction, direction === 'up' ? 'body' : 'envelope', bytes);
      else add(account, exchange.record, direction, kind, bytes);
    }

    function finish(count: number): void {
      const exchange = exchanges.get(count);
      if (!exchange) return;
      // No request line ever came whole: these bytes are nobody's.
      if (!exchange.account) settle(exchange, server.unowned);
      exchange.scanner?.end();
      exchange.record?.end(clock());
      exchanges.delete(count);
    }

    const meter = createMeter({
      bytes: (direction, count, kind, bytes) => book(exchangeOf(count), direction, kind, bytes),
      request(count, head) {
        const exchange = exchangeOf(count);
        const account = owner(head.target);
        const after = new URLSearchParams(head.target.split('?', 2)[1]).get('after');
        const cursor = head.header('last-event-id') ?? after;
        exchange.cursor = cursor === null ? (account.sent.get(address) ?? 0) : Number(cursor) || 0;
        exchange.record = account.transcript.record(number, count, exchange.startedAt);
        account.ledger.requests += 1;
        if (requests === 0) account.ledger.connectionsOpened += 1;
        else account.ledger.connectionsReused += 1;
        requests += 1;
        last = account;
        settle(exchange, account);
      },
      response: (count) => {
        (exchangeOf(count).account ?? server.unowned).ledger.responses += 1;
      },
      frame: () => {},
      bodyEnd: (direction, count) => {
        if (direction === 'down') exchanges.get(count)?.scanner?.end();
      },
      done: finish,
      fault: () => {},
    });

    return {
      up(bytes) {
        bytesUp += bytes.length;
        meter.up(bytes);
      },
      down(bytes) {
        bytesDown += bytes.length;
        meter.down(bytes);
      },
      cut(reason) {
        const known = last.ledger.cuts.find((cut) => cut.reason === reason);
        if (known) known.count += 1;
        else last.ledger.cuts.push({ reason, count: 1 });
      },
      end(read, written) {
        meter.end();
        for (const count of [...exchanges.keys()]) finish(count);
        const unaccountedBytes = Math.abs(read - bytesUp) + Math.abs(written - bytesDown);
        last.ledger.unaccountedBytes += unaccountedBytes;
        onConnectionEnd?.({ connection: number, remotePort, bytesUp, bytesDown, unaccountedBytes });
      },
    };
  }

  return {
    open(run, techniques) {
      const lanes = new Map(TECHNIQUES.filter((id) => techniques.includes(id)).map((id) => [id, createAccount()]));
      runs.set(run, { state: 'ready', lanes, control: createAccount(), site: createAccount() });
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
    wire(run, technique) {
      const account = accounts(run).lanes.get(technique);
      return account && { run, technique, exchanges: account.transcript.read() };
    },
    connection,
  };
}

interface Exchange {
  /** Unknown until the request line is whole. */
  account: Account | undefined;
  waiting: { direction: Direction; kind: WireClass; bytes: Uint8Array }[];
  startedAt: number;
  scanner: EventScanner | undefined;
  /** The reader has the events up to this one. */
  cursor: number;
  record: ExchangeRecord | undefined;
}

function createAccount(): Account {
  return {
    ledger: {
      requests: 0,
      responses: 0,
      connectionsOpened: 0,
      connectionsReused: 0,
      eventsSent: 0,
      bytes: {
        up: { head: 0, framing: 0, body: 0 },
        down: { head: 0, framing: 0, envelope: 0, payload: 0, redundantPayload: 0 },
      },
      wireBytesUp: 0,
      wireBytesDown: 0,
      unaccountedBytes: 0,
      cuts: [],
    },
    transcript: createTranscript(),
    sent: new Map(),
  };
}
