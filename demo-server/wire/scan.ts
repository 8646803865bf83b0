/** Scans one buffer of a body by itself and remembers the result, as each event is written to all its readers as the same buffer. */
import { createEventScanner } from './events.ts';

/** The pieces of one buffer, in order. seq = the event that a piece belongs to, null = envelope. */
export interface Scan {
  pieces: readonly { seq: number | null; bytes: Uint8Array; eventEnd: boolean }[];
  /** No event continues after this buffer. If one may, the body needs a scanner of its own. */
  whole: boolean;
}

/** A scan that recognizes the buffer it was last called with. It relies on buffers not being changed after they are written. */
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
    const foundBytes = pieces.reduce((length, piece) => length + piece.bytes.length, 0);
    const end = pieces.at(-1);
    // An event continues if bytes are held back, or if the last piece is part of an event without its end.
    const whole = foundBytes === bytes.length && (end === undefined || end.seq === null || end.eventEnd);
    found = { pieces, whole };
    last = bytes;
    pieces = [];
    scanner.end();
    return found;
  };
}
