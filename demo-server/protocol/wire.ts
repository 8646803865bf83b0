/** The bytes of a lane, as the server keeps them for pages to show. */
import type { TechniqueId } from './techniques.ts';

/** Every class of a byte. The browser chooses colours by it, and never counts by itself. */
export type ByteClass = 'head' | 'framing' | 'body' | 'envelope' | 'payload' | 'redundantPayload';

/** Consecutive bytes of one class, as they passed the socket. `bytes` in base64, `at` in ms since the epoch by the server's clock. */
export interface WireSegment {
  at: number;
  direction: 'up' | 'down';
  kind: ByteClass;
  bytes: string;
}

/** One exchange as recorded. If it was longer than a record may be, `omittedBytes` of its middle are missing at `omittedAt` (an index into segments). */
export interface WireExchange {
  connection: number;
  exchange: number;
  startedAt: number;
  endedAt: number | null;
  segments: WireSegment[];
  omittedBytes: number;
  omittedAt: number;
}

/** Response of `GET /runs/<id>/wire/<technique>`: the lane's last exchanges, oldest first. */
export interface WireTranscript {
  run: string;
  technique: TechniqueId;
  exchanges: WireExchange[];
}
