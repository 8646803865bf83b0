/** The bytes of a lane, as the server keeps them for the page. */
import type { TechniqueId } from './techniques.ts';

/** Every class a byte can land in. The browser colours by it, and never counts by itself. */
export type ByteClass = 'head' | 'framing' | 'body' | 'envelope' | 'payload' | 'redundantPayload';

/** A stretch of one class as it crossed the socket; `bytes` in base64, `at` in ms since the epoch (server's clock). */
export interface WireSegment {
  at: number;
  direction: 'up' | 'down';
  kind: ByteClass;
  bytes: string;
}

/** One exchange as recorded; where it was longer than the record keeps, `omittedBytes` of its middle are missing at `omittedAt` (index into segments). */
export interface WireExchange {
  connection: number;
  exchange: number;
  startedAt: number;
  endedAt: number | null;
  segments: WireSegment[];
  omittedBytes: number;
  omittedAt: number;
}

/** Answer of `GET /runs/<id>/wire/<technique>`: the lane's last exchanges, oldest first. */
export interface WireTranscript {
  run: string;
  technique: TechniqueId;
  exchanges: WireExchange[];
}
