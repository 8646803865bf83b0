/** One connection's bytes, told apart by the meter and given to the accounts. Small: a thousand readers have one each. */
import { type ByteClass, CLIENT_NAME } from '../protocol.ts';
import { type Account, book, recordCut, remember } from './account.ts';
import { createEventScanner, type EventScanner } from './events.ts';
import type { Link } from './link.ts';
import { createMeter, type Direction, type Meter, type MeterSink, type RequestHead, type WireClass } from './meter.ts';
import type { Scan } from './scan.ts';
import type { ExchangeRecord } from './transcript.ts';

/** What the tap tells of one connection. The bytes are read at once; what is kept of them is copied. */
export interface ConnectionMeter {
  up(bytes: Uint8Array): void;
  down(bytes: Uint8Array): void;
  /** The server ends this connection by itself: the reason goes to the account that it was carrying. */
  cut(reason: string): void;
  /** The link of the lane that the last request was for; undefined where it was for none, or the lane has none. */
  readonly link: Link | undefined;
  /** Requests whose head is complete. */
  readonly requests: number;
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

/** What all connections of a server share. */
export interface Books {
  clock(): number;
  /** When the bytes at hand passed; undefined as long as nobody has asked. Read once for all their pieces. */
  at: number | undefined;
  /** The account that a request belongs to, by its target's path, the run and the client that its query names. */
  owner(path: string, run: string | null, client: string | null): Account;
  /** For what no request could be read from. */
  unowned: Account;
  scan(bytes: Uint8Array): Scan;
  ended(totals: ConnectionTotals): void;
}

interface Exchange {
  count: number;
  startedAt: number;
  /** Unknown until the request line is whole; until then its bytes wait. */
  account: Account | undefined;
  waiting: { direction: Direction; kind: WireClass; bytes: Uint8Array }[] | undefined;
  /** Who asks: the client's name, or its address. */
  client: string;
  /** The reader has the events up to this one; `named` = it said so itself. */
  cursor: number;
  named: boolean;
  /** Only for a body that is cut within an event. */
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

  // ------------------------------------------------------------------------------------ what the meter tells

  bytes(direction: Direction, count: number, kind: WireClass, bytes: Uint8Array): void {
    const exchange = this.find(count) ?? this.begin(count);
    if (exchange.account === undefined) {
      exchange.waiting ??= [];
      // A head comes whole, just before its request: then it waits no longer than this call. The rest is copied.
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
    // The first frame of a text or binary message; continuations have opcode 0, control frames 8 and more.
    if (direction === 'up' && (opcode === 1 || opcode === 2)) this.uplink(this.find(count)?.account);
  }

  bodyEnd(direction: Direction, count: number): void {
    if (direction === 'down') this.find(count)?.scanner?.end();
  }

  done(count: number): void {
    const exchange = this.find(count);
    if (exchange === undefined) return;
    // No request line ever came whole: these bytes are nobody's.
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
    // A literal of one takes one slot; an array that has grown takes seventeen.
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

  /** An answer's body: events apart from envelope, news apart from what the reader already had. */
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

  /** A fault of ours is no reason to break the reader's connection: it goes on unmetered, and its end shows by how much. */
  private giveUp(error: unknown): void {
    this.meter = undefined;
    process.emitWarning(error as Error);
  }
}
