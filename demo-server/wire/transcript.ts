/** The last exchanges of one lane as raw bytes with their classes and times, bounded however long a stream lives. */
import type { ByteClass, WireExchange, WireSegment } from '../protocol.ts';

/** Exchanges kept per lane, and bytes kept of each: so many from its beginning (the heads), so many from its end. */
const EXCHANGES = 12;
const FIRST_BYTES = 6 * 1024;
const LAST_BYTES = 10 * 1024;

export interface ExchangeRecord {
  add(direction: 'up' | 'down', kind: ByteClass, bytes: Uint8Array, at: number): void;
  end(at: number): void;
}

export interface Transcript {
  /** Begins the record of an exchange; the oldest record makes room for it. */
  record(connection: number, exchange: number, startedAt: number): ExchangeRecord;
  read(): WireExchange[];
}

interface Segment extends Omit<WireSegment, 'bytes'> {
  bytes: Uint8Array;
}

export function createTranscript(): Transcript {
  const kept: { read(): WireExchange; drop(): void }[] = [];
  return {
    record(connection, exchange, startedAt) {
      const first: Segment[] = [];
      const last: Segment[] = [];
      let firstBytes = 0;
      let lastBytes = 0;
      let omittedBytes = 0;
      let endedAt: number | null = null;
      let dropped = false;

      while (kept.length >= EXCHANGES) kept.shift()?.drop();
      kept.push({
        read: () => ({
          connection,
          exchange,
          startedAt,
          endedAt,
          segments: [...first, ...last].map((s) => ({ ...s, bytes: Buffer.from(s.bytes).toString('base64') })),
          omittedBytes,
          omittedAt: first.length,
        }),
        drop: () => {
          dropped = true;
        },
      });
      return {
        add(direction, kind, bytes, at) {
          if (dropped) return;
          // Copied: the bytes are a view of a buffer that belongs to the socket or to all readers of an event.
          const full = last.length > 0 || firstBytes + bytes.length > FIRST_BYTES;
          const segment = { at, direction, kind, bytes: bytes.slice(0, LAST_BYTES) };
          omittedBytes += bytes.length - segment.bytes.length;
          if (!full) {
            first.push(segment);
            firstBytes += segment.bytes.length;
            return;
          }
          last.push(segment);
          lastBytes += segment.bytes.length;
          while (lastBytes > LAST_BYTES) {
            const oldest = last.shift()?.bytes.length ?? 0;
            lastBytes -= oldest;
            omittedBytes += oldest;
          }
        },
        end(at) {
          endedAt = at;
        },
      };
    },
    read: () => kept.map((exchange) => exchange.read()),
  };
}

/**
 * The head with the values of Cookie and Authorization blanked, byte for byte: whoever may read a run's transcript
 * must not read there what the browser keeps for this host.
 */
export function withoutSecrets(head: Uint8Array): Uint8Array {
  const text = Buffer.from(head).toString('latin1');
  const blanked = text.replace(
    /^((?:cookie|authorization|proxy-authorization):[ \t]*)([^\r\n]+)/gim,
    (_, name: string, value: string) => name + '*'.repeat(value.length),
  );
  return Buffer.from(blanked, 'latin1');
}
