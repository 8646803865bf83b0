/** One buffer of a body, scanned by itself, and remembered: an event is written to all its readers as the same buffer. */
import { createEventScanner } from './events.ts';

/** The pieces of one buffer in their order; seq = the event they belong to, null = envelope. */
export interface Scan {
  pieces: readonly { seq: number | null; bytes: Uint8Array; eventEnd: boolean }[];
  /** No event goes on behind this buffer. Where one may, only a scanner of the body's own can tell what is what. */
  whole: boolean;
}

/** A scan that knows the last buffer again. Like a write in progress, it relies on nobody changing a buffer once written. */
export function createScan(): (bytes: Uint8Array) => Scan {
  let pieces: { seq: number | null; bytes: Uint8Array; eventEnd: boolean }[] = [];
  let last: Uint8Array | undefined;
  let found: Scan = { pieces, whole: true };
  const scanner = createEventScanner(
    (seq, bytes) => pieces.push({ seq, bytes, eventEnd: false }),
    () => {
      const event = pieces.at(-1);
      if (event) event.eventEnd = true;
    },
  );
  return (bytes) => {
    if (bytes === last) return found;
    pieces = [];
    scanner.push(bytes);
    const told = pieces.reduce((length, piece) => length + piece.bytes.length, 0);
    const end = pieces.at(-1);
    // Bytes that are held back, or an event as the last piece without its end: it goes on.
    const whole = told === bytes.length && (end === undefined || end.seq === null || end.eventEnd);
    found = { pieces, whole };
    last = bytes;
    pieces = [];
    scanner.end();
    return found;
  };
}
