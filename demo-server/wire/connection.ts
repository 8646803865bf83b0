/** One connection's bytes: classified by the meter, booked in the accounts. Kept small, as each of a thousand readers has one. */
import { type ByteClass, CLIENT_NAME } from '../protocol.ts';
import { type Account, book, recordCut, remember } from './account.ts';
import { createEventScanner, type EventScanner } from './events.ts';
import type { RequestHead } from './head.ts';
import type { Link } from './link.ts';
import { createMeter, type Meter } from './meter.ts';
import type { Scan } from './scan.ts';
import type { Direction, MeterSink, WireClass } from './sink.ts';
import type { ExchangeRecord } from './transcript.ts';

/** What the tap reports about one connection. Bytes are read at once; whatever is kept is copied. */
export interface ConnectionMeter {
  up(bytes: Uint8Array): void;
  down(bytes: Uint8Array): void;
  /** The server itself ends this connection. The reason is booked in the account of its last request. */
  cut(reason: string): void;
  /** The link of the last request's lane; undefined if it belongs to no lane, or the lane has no link. */
  readonly link: Link | undefined;
  /** How many requests have a complete head. */
  readonly requests: number;
  /** The socket is closed. `read` and `written` are its own byte counts, which ours are checked against. */
  end(read: number, written: number): void;
}

/** The totals of one closed connection, to be checked against a packet capture. */
export interface ConnectionTotals {
  connection: number;
  remotePort: number | undefined;
  bytesUp: number;
  bytesDown: number;
  unaccountedBytes: number;
}

/** What all connections of a server share. */
export interface Books {
  clock(): number;
  /** When the current bytes passed: read from the clock when it is first needed, and then the same for all their pieces. */
  at: number | undefined;
  /** The account of a request, by the path of its target and the run and client in its query. */
  owner(path: string, run: string | null, client: string | null): Account;
  /** The account for bytes in which no request could be found. */
  unowned: Account;
  scan(bytes: Uint8Array): Scan;
  ended(totals: ConnectionTotals): void;
}

interface Exchange {
  count: number;
  startedAt: number;
  /** Undefined until the request line is complete; until then the bytes wait. */
  account: Account | undefined;
  waiting: { direction: Direction; kind: WireClass; bytes: Uint8Array }[] | undefined;
  /** The client's name, or else its address. */
  client: string;
  /** The reader has all events up to this one. `named`: the request said so. */
  cursor: number;
  named: boolean;
  /** Only for a body whose pieces end in the middle of an event. */
  scanner: EventScanner | undefined;
  record: ExchangeRecord | undefined;
}

const NONE: readonly Exchange[] = [];

export class MeteredConnection implements ConnectionMeter, MeterSink {
  private readonly books: Books;
  private readonly number: number;
  private readonly address: string;
  private readonly remotePort: number | undefined;
  private meter: Meter | undefined = createMeter(this);
  private open: readonly Exchange[] = NONE;
  requests = 0;
  private last: Account;
  private bytesUp = 0;
  private bytesDown = 0;

  constructor(books: Books, number: number, address: string, remotePort: number | undefined) {
    this.books = books;
    this.number = number;
    this.address = address;
    this.remotePort = remotePort;
    this.last = books.unowned;
    this.last.ledger.openConnections += 1;
  }

  get link(): Link | undefined {
    return this.last.link;
  }

  up(bytes: Uint8Array): void {
    try {
      if (this.meter === undefined) return;
      this.books.at = undefined;
      this.meter.up(bytes);
      this.bytesUp += bytes.length;
    } catch (error) {
      this.giveUp(error);
    }
  }

  down(bytes: Uint8Array): void {
    try {
      if (this.meter === undefined) return;
      this.books.at = undefined;
      this.meter.down(bytes);
      this.bytesDown += bytes.length;
    } catch (error) {
      this.giveUp(error);
    }
  }

  cut(reason: string): void {
    recordCut(this.last, reason);
  }

  end(read: number, written: number): void {
    this.books.at = undefined;
    this.meter?.end();
    for (const { count } of this.open) this.done(count);
    const { number: connection, remotePort, bytesUp, bytesDown } = this;
    const unaccountedBytes = Math.abs(read - bytesUp) + Math.abs(written - bytesDown);
    this.last.ledger.unaccountedBytes += unaccountedBytes;
    this.last.ledger.openConnections -= 1;
    this.books.ended({ connection, remotePort, bytesUp, bytesDown, unaccountedBytes });
  }

  // --------------------------------------------------------------------------------- what the meter reports

  bytes(direction: Direction, count: number, kind: WireClass, bytes: Uint8Array): void {
    const exchange = this.find(count) ?? this.begin(count);
    if (exchange.account === undefined) {
      exchange.waiting ??= [];
      // A head arrives whole, just before request(), so it is needed no longer than this call. Anything else is copied.
      exchange.waiting.push({ direction, kind, bytes: kind === 'head' ? bytes : new Uint8Array(bytes) });
    } else {
      this.sort(exchange, exchange.account, direction, kind, bytes);
    }
  }

  request(count: number, head: RequestHead): void {
    const { target } = head;
    const mark = target.indexOf('?');
    const query = mark === -1 ? undefined : new URLSearchParams(target.slice(mark + 1));
    const named = query?.get('client') ?? null;
    const client = named !== null && CLIENT_NAME.test(named) ? named : null;
    const path = mark === -1 ? target : target.slice(0, mark);
    const account = this.books.owner(path, query?.get('run') ?? null, client);
    const cursor = head.header('last-event-id') ?? query?.get('after') ?? null;
    const exchange = this.find(count) ?? this.begin(count);
    exchange.named = cursor !== null;
    exchange.client = client ?? this.address;
    exchange.cursor = cursor === null ? (account.sent.get(exchange.client) ?? 0) : Number(cursor) || 0;
    account.transcript?.record(this.number, count, exchange.startedAt, exchange);
    account.ledger.requests += 1;
    if (head.method === 'POST') this.uplink(account);
    if (this.requests === 0) account.ledger.connectionsOpened += 1;
    else account.ledger.connectionsReused += 1;
    this.requests += 1;
    this.last.ledger.openConnections -= 1;
    account.ledger.openConnections += 1;
    this.last = account;
    this.settle(exchange, account);
  }

  response(count: number): void {
    (this.find(count)?.account ?? this.books.unowned).ledger.responses += 1;
  }

  frame(direction: Direction, count: number, { opcode }: { opcode: number }): void {
    // The first frame of a text or binary message. Continuations have opcode 0, control frames 8 or higher.
    if (direction === 'up' && (opcode === 1 || opcode === 2)) this.uplink(this.find(count)?.account);
  }

  bodyEnd(direction: Direction, count: number): void {
    if (direction === 'down') this.find(count)?.scanner?.end();
  }

  done(count: number): void {
    const exchange = this.find(count);
    if (exchange === undefined) return;
    // The request line was never completed: these bytes belong to no account.
    if (exchange.account === undefined) this.settle(exchange, this.books.unowned);
    exchange.scanner?.end();
    exchange.record?.end(this.time());
    this.open = this.open.length === 1 ? NONE : this.open.filter((other) => other !== exchange);
  }

  fault(): void {}

  // ----------------------------------------------------------------------------------------------- accounts

  private uplink(account: Account | undefined): void {
    if (account !== undefined) account.ledger.uplinkMessages += 1;
  }

  private find(count: number): Exchange | undefined {
    for (const exchange of this.open) if (exchange.count === count) return exchange;
    return undefined;
  }

  private begin(count: number): Exchange {
    const exchange: Exchange = {
      count,
      startedAt: this.time(),
      account: undefined,
      waiting: undefined,
      client: this.address,
      cursor: 0,
      named: false,
      scanner: undefined,
      record: undefined,
    };
    // An array literal with one element takes one slot; an array that has grown takes seventeen.
    this.open = this.open.length === 0 ? [exchange] : [...this.open, exchange];
    return exchange;
  }

  private settle(exchange: Exchange, account: Account): void {
    const { waiting } = exchange;
    exchange.account = account;
    exchange.waiting = undefined;
    for (const { direction, kind, bytes } of waiting ?? []) this.sort(exchange, account, direction, kind, bytes);
  }

  private sort(exchange: Exchange, account: Account, direction: Direction, kind: WireClass, bytes: Uint8Array): void {
    if (kind === 'body' && direction === 'down') this.body(exchange, account, bytes);
    else if (kind !== 'unparsed') this.add(exchange, account, direction, kind, bytes);
    else book(this.books.unowned, direction, direction === 'up' ? 'body' : 'envelope', bytes.length);
  }

  /** A response body: separates events from envelope, and new events from those that the reader already had. */
  private body(exchange: Exchange, account: Account, bytes: Uint8Array): void {
    const scan = exchange.scanner === undefined ? this.books.scan(bytes) : undefined;
    if (scan?.whole) {
      for (const piece of scan.pieces) {
        this.piece(exchange, account, piece.seq, piece.bytes);
        if (piece.eventEnd) this.eventEnd(exchange, account, piece.seq as number);
      }
      return;
    }
    exchange.scanner ??= createEventScanner(
      (seq, piece) => this.piece(exchange, account, seq, piece),
      (seq) => this.eventEnd(exchange, account, seq),
    );
    exchange.scanner.push(bytes);
  }

  private piece(exchange: Exchange, account: Account, seq: number | null, bytes: Uint8Array): void {
    const kind = seq === null ? 'envelope' : seq <= exchange.cursor ? 'redundantPayload' : 'payload';
    this.add(exchange, account, 'down', kind, bytes);
  }

  private eventEnd(exchange: Exchange, account: Account, seq: number): void {
    if (seq <= exchange.cursor) return;
    account.ledger.eventsSent += 1;
    if (!exchange.named) remember(account, exchange.client, seq);
  }

  private add(exchange: Exchange, account: Account, direction: Direction, kind: ByteClass, bytes: Uint8Array): void {
    book(account, direction, kind, bytes.length);
    exchange.record?.add(direction, kind, bytes, this.time());
  }

  private time(): number {
    this.books.at ??= this.books.clock();
    return this.books.at;
  }

  /** An error of ours must not break the reader's connection: it goes on unmetered, and end() counts what was missed. */
  private giveUp(error: unknown): void {
    this.meter = undefined;
    process.emitWarning(error as Error);
  }
}
