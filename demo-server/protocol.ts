/**
 * What both sides agree on: ids, settings, the event and its envelopes, the ledger, the control messages.
 * Imports nothing, touches no platform API, and ships to the browser unchanged.
 */

/** The eight rungs in order: what a run compares unless told otherwise. */
export const LADDER = [
  'http10',
  'keep-alive',
  'polling',
  'long-poll',
  'iframe-stream',
  'xhr-stream',
  'sse',
  'websocket',
] as const;
export type RungId = (typeof LADDER)[number];

/** Every technique: the ladder, then what lies beyond it. The id is file name, route segment, URL slug, test name and colour token. */
export const TECHNIQUES = [...LADDER, 'fetch-stream'] as const;
export type TechniqueId = (typeof TECHNIQUES)[number];

// ---------------------------------------------------------------------------------------------------- settings

export const ARRIVALS = ['steady', 'poisson', 'burst'] as const;
export type Arrivals = (typeof ARRIVALS)[number];

/** The settings of one run. Rates are per second, sizes in bytes, times in the unit that the name ends in. */
export interface RunSettings {
  /** The lanes; the ladder if not given. */
  techniques: TechniqueId[];
  eventsPerSecond: number;
  arrivals: Arrivals;
  payloadBytes: number;
  durationSeconds: number;
  pollIntervalMs: number;
  longPollTimeoutMs: number;
  seed: number;
}

/** Default and accepted range of every numeric setting; `seed` has no default, it is drawn at random and shown. */
export const RANGES = {
  eventsPerSecond: { default: 2, min: 0.1, max: 100, integer: false },
  payloadBytes: { default: 64, min: 1, max: 16384, integer: true },
  durationSeconds: { default: 20, min: 1, max: 900, integer: true },
  pollIntervalMs: { default: 1000, min: 50, max: 60000, integer: true },
  longPollTimeoutMs: { default: 25000, min: 100, max: 60000, integer: true },
  seed: { default: 0, min: 0, max: 4294967295, integer: true },
} as const;
export type NumericSetting = keyof typeof RANGES;

/** The feed of one run may carry this many payload bytes a second (rate × payload): eight lanes of it fit a class's wifi. */
export const MAX_FEED_BYTES_PER_SECOND = 262144;

/** One setting that cannot be taken: which, what came, what is accepted. */
export interface SettingFault {
  field: string;
  got: unknown;
  takes: string;
}

/** What a numeric setting takes, in words: `a whole number from 1 to 16384`. */
export function rangeInWords(name: NumericSetting): string {
  const { min, max, integer } = RANGES[name];
  return `a ${integer ? 'whole ' : ''}number from ${min} to ${max}`;
}

/**
 * Checks run settings from outside (a request body, a URL) and fills in the defaults.
 * Never throws: returns either the settings or every fault found. `seed` stays undefined when none was given.
 */
export function checkSettings(
  input: unknown,
): { settings: Omit<RunSettings, 'seed'> & { seed?: number } } | { faults: SettingFault[] } {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return { faults: [{ field: '(body)', got: input, takes: 'a JSON object of run settings' }] };
  }
  const given = input as Record<string, unknown>;
  const faults: SettingFault[] = [];
  const known = ['techniques', 'arrivals', ...Object.keys(RANGES)];
  for (const field of Object.keys(given)) {
    if (!known.includes(field))
      faults.push({ field, got: given[field], takes: `no such setting; there are ${known.join(', ')}` });
  }

  const { techniques = [...LADDER], arrivals = 'steady' } = given;
  const techniquesFit =
    Array.isArray(techniques) &&
    techniques.length > 0 &&
    new Set(techniques).size === techniques.length &&
    techniques.every((id) => (TECHNIQUES as readonly unknown[]).includes(id));
  if (!techniquesFit) {
    faults.push({
      field: 'techniques',
      got: techniques,
      takes: `a list of one or more of ${TECHNIQUES.join(', ')}, each once`,
    });
  }

  if (!(ARRIVALS as readonly unknown[]).includes(arrivals)) {
    faults.push({ field: 'arrivals', got: arrivals, takes: `one of ${ARRIVALS.join(', ')}` });
  }

  const numbers = {} as Record<NumericSetting, number>;
  for (const name of Object.keys(RANGES) as NumericSetting[]) {
    const { min, max, integer } = RANGES[name];
    const { [name]: value = RANGES[name].default } = given;
    if (typeof value === 'number' && value >= min && value <= max && (!integer || Number.isInteger(value)))
      numbers[name] = value;
    else faults.push({ field: name, got: value, takes: rangeInWords(name) });
  }
  const { seed, ...rest } = numbers;
  if (rest.eventsPerSecond * rest.payloadBytes > MAX_FEED_BYTES_PER_SECOND) {
    faults.push({
      field: 'payloadBytes',
      got: rest.payloadBytes,
      takes: `at most ${MAX_FEED_BYTES_PER_SECOND} bytes a second in all; at ${rest.eventsPerSecond} events a second that is ${Math.floor(MAX_FEED_BYTES_PER_SECOND / rest.eventsPerSecond)} bytes each`,
    });
  }
  if (faults.length > 0) return { faults };
  const settings = { techniques: techniques as TechniqueId[], arrivals: arrivals as Arrivals, ...rest };
  return { settings: given.seed === undefined ? settings : { ...settings, seed } };
}

// ------------------------------------------------------------------------------------------------------- events

/** One numbered message of the feed. `sentAt` is in ms since the epoch by the server's clock, with fractions. */
export interface PushEvent {
  seq: number;
  sentAt: number;
  data: string;
}

/** The event's own JSON. `sentAt` always has three decimals, so that the same seed makes the same number of bytes. */
export function eventJson(event: PushEvent): string {
  return `{"seq":${event.seq},"sentAt":${event.sentAt.toFixed(3)},"data":${JSON.stringify(event.data)}}`;
}

/** What `http10`, `keep-alive`, `polling` and `long-poll` answer. `next` = the cursor to send as `after`. */
export interface EventList {
  events: PushEvent[];
  next: number;
  reset?: true;
}

/** Encodes an EventList from events that are JSON already, so that their bytes stand in the body unchanged. */
export function eventListJson(events: readonly string[], next: number, reset: boolean): string {
  return `{"events":[${events.join(',')}],"next":${next}${reset ? ',"reset":true' : ''}}`;
}

/**
 * What a stream says instead of events that it no longer has: the reader's cursor was older than the replay ring.
 * `next` is the cursor from which the stream goes on.
 */
export interface ResetNotice {
  reset: true;
  next: number;
}

/** The reset notice as JSON, without white space. */
export function resetJson(next: number): string {
  return `{"reset":true,"next":${next}}`;
}

/** One event in the form of an event stream (HTML 9.2.5): its id, its data, and the blank line that dispatches it. */
export function sseEvent(id: number, json: string): string {
  return `id: ${id}\ndata: ${json}\n\n`;
}

/**
 * What a streamed page begins with: the function `p` that hands on to the parent what a script calls it with, and
 * takes the script out of the page. `callback` names the parent's function; the route lets only an identifier through.
 */
export function iframeHead(callback: string): string {
  return `<!doctype html><meta charset="utf-8"><script>function p(e){document.currentScript.remove();parent.${callback}(e)}</script>\n`;
}

/** One event (or notice) as a script; without JSON it is the heartbeat, which only shows that the stream lives. */
export function iframeScript(json: string): string {
  return `<script>p(${json})</script>\n`;
}

/** How many events the state of `http10` and `keep-alive` holds: the last so many, as a page reload showed them. */
export const STATE_EVENTS = 20;

// ------------------------------------------------------------------------------------------------------- runs

export type RunState = 'ready' | 'running' | 'finished';

/** A run as the server tells it. Times are in ms since the epoch by the server's clock. */
export interface RunInfo {
  id: string;
  state: RunState;
  settings: RunSettings;
  createdAt: number;
  /** Null until started; the first event comes after it. */
  startsAt: number | null;
  /** Null until started; then when it will end or has ended. */
  endsAt: number | null;
  /** The seq of the newest event sent by the feed so far (0 = none). */
  lastSeq: number;
}

/** Answer of `POST /runs`. `proxied`: the request came through a proxy, so the ledger counts what lies behind it. */
export interface CreatedRun extends RunInfo {
  proxied: boolean;
}

/** The run that serves every request without `run=`: one event a second, always on. */
export const OPEN_RUN = 'open';

// ----------------------------------------------------------------------------------------------------- ledger

/** Why the server ended a connection by itself, and how often in this lane. */
export interface Cut {
  reason: string;
  count: number;
}

/** The byte and request account of one lane. Bytes are TCP payload as the server's socket carried it. */
export interface LaneLedger {
  requests: number;
  responses: number;
  connectionsOpened: number;
  connectionsReused: number;
  /** Events that were news to their reader; an event sent again counts in `redundantPayload` only. */
  eventsSent: number;
  bytes: {
    up: { head: number; framing: number; body: number };
    down: { head: number; framing: number; envelope: number; payload: number; redundantPayload: number };
  };
  wireBytesUp: number;
  wireBytesDown: number;
  /** What the sockets carried less what was counted; always 0. */
  unaccountedBytes: number;
  cuts: Cut[];
}

/** The accounts of a run. `control` = its control sockets; `site` = other requests about this run (`/runs/<id>/…`). */
export interface RunLedger {
  run: string;
  state: RunState;
  lanes: Partial<Record<TechniqueId, LaneLedger>>;
  control: LaneLedger;
  site: LaneLedger;
  /** Only in the open run's ledger, where `control` and `site` are all that belongs to no run: what no request could be read from. */
  unowned?: LaneLedger;
}

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

// ---------------------------------------------------------------------------------------------------- control

/** What the browser sends on the control socket, as JSON text frames. */
export type ControlRequest = { type: 'ping'; id: number } | { type: 'start' } | { type: 'stop' };

/** What the server sends on the control socket. `at` = the server's clock in ms since the epoch, with fractions. */
export type ControlMessage =
  | { type: 'pong'; id: number; at: number }
  | { type: 'run'; run: RunInfo }
  | { type: 'ledger'; at: number; ledger: RunLedger }
  | { type: 'error'; error: string; message: string };

/** Body of every refusal, whatever the status: a stable word, a sentence, and for settings each fault. */
export interface Refusal {
  error: string;
  message: string;
  faults?: SettingFault[];
}

// --------------------------------------------------------------------------------------- the lab of connections

/** What a page asks the server for to see whether it waits: an endless stream, a short answer, a page, a WebSocket. */
export const CONNECTION_KINDS = ['stream', 'fetch', 'tab', 'socket'] as const;
export type ConnectionKind = (typeof CONNECTION_KINDS)[number];

/** What the page tells on the socket that watches its lab. `n` counts its requests from 1. */
export type WatchRequest = { type: 'ping'; id: number } | { type: 'asked' | 'dropped'; n: number };

/** How many requests of a lab the page has asked for, and where the server sees them. */
export interface ConnectionCounts {
  asked: number;
  reached: number;
  /** Asked for and neither here nor given up: they wait in the browser. */
  waiting: number;
  /** Here, and not answered to their end. */
  open: number;
  /** TCP connections that those which are here came on. */
  connections: number;
}

/** What the server tells there. `at` in ms since the epoch by its clock; `connection` counts the lab's connections from 1. */
export type WatchMessage =
  | { type: 'pong'; id: number; at: number }
  | { type: 'reached'; n: number; at: number; connection: number; http: string }
  | { type: 'left'; n: number; at: number }
  | ({ type: 'counts' } & ConnectionCounts);

/** Answer of `POST /probe/http2`: two servers for the same pages over TLS. `silent` announces no number of streams. */
export interface Http2Servers {
  silent: number;
  announcing: number;
  /** SETTINGS_MAX_CONCURRENT_STREAMS that `announcing` sends. */
  streams: number;
  /** SHA-256 of their certificate. */
  fingerprint: string;
}
