/** The last exchanges of one lane as raw bytes, with their classes and times. Its size is bounded however long a stream lives. */
import type { ByteClass, WireExchange, WireSegment } from '../protocol.ts';
import { latin1 } from './hold.ts';

/** How many exchanges are kept per lane, and how many bytes of each: from its beginning (the heads) and from its end. */
const EXCHANGES = 12;
const FIRST_BYTES = 6 * 1024;
const LAST_BYTES = 10 * 1024;

/** The bytes as latin1 text, one character per byte: a string is much cheaper to create and to collect than a small buffer. */
interface Segment extends Omit<WireSegment, 'bytes'> {
  text: string;
}

export interface RecordKeeper {
  record: ExchangeRecord | undefined;
}

export interface Transcript {
  /** Begins the record of an exchange and hands it to its keeper. The oldest record makes room, and leaves its keeper. */
  record(connection: number, exchange: number, startedAt: number, keeper: RecordKeeper): void;
  read(): WireExchange[];
}

export function createTranscript(): Transcript {
  const kept: ExchangeRecord[] = [];
  return {
    record(connection, exchange, startedAt, keeper) {
      if (kept.length >= EXCHANGES) kept.shift()?.leave();
      keeper.record = new ExchangeRecord(connection, exchange, startedAt, keeper);
      kept.push(keeper.record);
    },
    read: () => kept.map((record) => record.read()),
  };
}

export class ExchangeRecord {
  private readonly keeper: RecordKeeper;
  private readonly connection: number;
  private readonly exchange: number;
  private readonly startedAt: number;
  private endedAt: number | null = null;
  private first: Segment[] = [];
  private last: Segment[] = [];
  private firstBytes = 0;
  private lastBytes = 0;
  private omittedBytes = 0;

  constructor(connection: number, exchange: number, startedAt: number, keeper: RecordKeeper) {
    this.keeper = keeper;
    this.connection = connection;
    this.exchange = exchange;
    this.startedAt = startedAt;
  }

  add(direction: 'up' | 'down', kind: ByteClass, bytes: Uint8Array, at: number): void {
    const { length } = bytes;
    const text = latin1(bytes, LAST_BYTES);
    const segment = { at, direction, kind, text };
    this.omittedBytes += length - text.length;
    if (this.last.length === 0 && this.firstBytes + length <= FIRST_BYTES) {
      this.first.push(segment);
      this.firstBytes += length;
      return;
    }
    this.last.push(segment);
    this.lastBytes += text.length;
    while (this.lastBytes > LAST_BYTES) {
      const oldest = this.last.shift()?.text.length ?? 0;
      this.lastBytes -= oldest;
      this.omittedBytes += oldest;
    }
  }

  end(at: number): void {
    this.endedAt = at;
  }

  /** Drops this record from its exchange, which may go on for hours, as it will never be read. */
  leave(): void {
    this.keeper.record = undefined;
  }

  read(): WireExchange {
    const { connection, exchange, startedAt, endedAt, first, last, omittedBytes } = this;
    const segments = [...first, ...last].map((segment) => {
      const { at, direction, kind, text } = segment;
      const shown = direction === 'up' && kind === 'head' ? withoutSecrets(text) : text;
      return { at, direction, kind, bytes: Buffer.from(shown, 'latin1').toString('base64') };
    });
    return { connection, exchange, startedAt, endedAt, segments, omittedBytes, omittedAt: first.length };
  }
}

/**
 * The head with the values of Cookie and Authorization replaced by asterisks, byte for byte: a run's transcript must not reveal
 * what the browser stores for this host.
 */
function withoutSecrets(head: string): string {
  return head.replace(
    /^((?:cookie|authorization|proxy-authorization):[ \t]*)([^\r\n]+)/gim,
    (_, name: string, value: string) => name + '*'.repeat(value.length),
  );
}
