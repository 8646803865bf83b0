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
  /** Added round-trip time; half of it each way, and once more for the handshake of a new connection. */
  rttMs: number;
  /** Each one-way trip takes longer by 0 to so much, seeded. Nothing overtakes. */
  jitterMs: number;
  /** For each lane and each direction; 0 = without limit. */
  kilobitsPerSecond: number;
  /** All connections of every lane are reset so often, counted from the start; 0 = never. */
  cutEverySeconds: number;
  /** Messages that each client sends towards the server. */
  uplinkPerSecond: number;
  /** Simulated clients of each lane beside the reader's own. */
  subscribers: number;
  seed: number;
  /** What breaks by itself in this run, and at which event. */
  faults: ScheduledFault[];
}

/** Default and accepted range of every numeric setting; `seed` has no default, it is drawn at random and shown. */
export const RANGES = {
  eventsPerSecond: { default: 2, min: 0.1, max: 100, integer: false },
  payloadBytes: { default: 64, min: 1, max: 16384, integer: true },
  durationSeconds: { default: 20, min: 1, max: 900, integer: true },
  pollIntervalMs: { default: 1000, min: 50, max: 60000, integer: true },
  longPollTimeoutMs: { default: 25000, min: 100, max: 60000, integer: true },
  rttMs: { default: 0, min: 0, max: 2000, integer: true },
  jitterMs: { default: 0, min: 0, max: 1000, integer: true },
  kilobitsPerSecond: { default: 0, min: 0, max: 1000000, integer: true },
  cutEverySeconds: { default: 0, min: 0, max: 600, integer: true },
  uplinkPerSecond: { default: 0, min: 0, max: 10, integer: false },
  subscribers: { default: 0, min: 0, max: 200, integer: true },
  seed: { default: 0, min: 0, max: 4294967295, integer: true },
} as const;
export type NumericSetting = keyof typeof RANGES;

/** The feed of one run may carry this many payload bytes a second (rate × payload): eight lanes of it fit a class's wifi. */
export const MAX_FEED_BYTES_PER_SECOND = 262144;

/** A message towards the server carries at most so many bytes of data: with its JSON it fits a body of 16 KiB (limits.ts). */
export const MAX_UPLINK_BYTES = 16000;

/** The settings that stand for a network. */
export type NetworkSettings = Pick<RunSettings, 'rttMs' | 'jitterMs' | 'kilobitsPerSecond' | 'cutEverySeconds'>;

/**
 * Networks to choose from, each a plausible example and no measurement. Satellite is a geostationary one: 4 × 35,786 km
 * at the speed of light are 477 ms, the rest is equipment.
 */
export const NETWORKS = {
  'same-machine': { rttMs: 0, jitterMs: 0, kilobitsPerSecond: 0, cutEverySeconds: 0 },
  'office-lan': { rttMs: 2, jitterMs: 1, kilobitsPerSecond: 100000, cutEverySeconds: 0 },
  home: { rttMs: 20, jitterMs: 5, kilobitsPerSecond: 40000, cutEverySeconds: 0 },
  '4g': { rttMs: 50, jitterMs: 20, kilobitsPerSecond: 12000, cutEverySeconds: 0 },
  satellite: { rttMs: 600, jitterMs: 30, kilobitsPerSecond: 5000, cutEverySeconds: 0 },
} as const satisfies Record<string, NetworkSettings>;
export type NetworkId = keyof typeof NETWORKS;

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
  const known = ['techniques', 'arrivals', ...Object.keys(RANGES), 'faults'];
  for (const field of Object.keys(given)) {
    if (!known.includes(field))
      faults.push({ field, got: given[field], takes: `no such setting; there are ${known.join(', ')}` });
  }

  const { techniques = [...LADDER], arrivals = 'steady', faults: scheduled = [] } = given;
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
  if (rest.uplinkPerSecond > 0 && rest.payloadBytes > MAX_UPLINK_BYTES) {
    faults.push({
      field: 'uplinkPerSecond',
      got: rest.uplinkPerSecond,
      takes: `0 where payloadBytes is above ${MAX_UPLINK_BYTES}: no message towards the server is longer than that`,
    });
  }
  const planned = checkSchedule(scheduled, techniquesFit ? (techniques as TechniqueId[]) : TECHNIQUES);
  if ('faults' in planned) faults.push(...planned.faults);
  if (faults.length > 0 || 'faults' in planned) return { faults };
  const settings = {
    techniques: techniques as TechniqueId[],
    arrivals: arrivals as Arrivals,
    ...rest,
    faults: planned.schedule,
  };
  return { settings: given.seed === undefined ? settings : { ...settings, seed } };
}

// ------------------------------------------------------------------------------------------------------- faults

/** What can be broken in a run, live or at an event. */
export const FAULTS = [
  'cut',
  'stall',
  'status-500',
  'status-204',
  'wrong-type',
  'refuse',
  'drop-history',
  'proxy-buffer',
  'idle-limit',
  'compressor',
] as const;
export type FaultId = (typeof FAULTS)[number];

/** Seconds that a fault lasts where none are given; null = until the run ends; 0 = it happens once and takes no seconds. */
export const FAULT_SECONDS: Record<FaultId, number | null> = {
  cut: 0,
  stall: 5,
  'status-500': 0,
  'status-204': 0,
  'wrong-type': 0,
  refuse: 5,
  'drop-history': 0,
  'proxy-buffer': null,
  'idle-limit': null,
  compressor: null,
};

/** The longest that a fault may be told to last, and the most of them that a run may plan. */
export const MAX_FAULT_SECONDS = 600;
export const MAX_SCHEDULED_FAULTS = 50;

/** A fault as it is asked for: in all lanes of the run unless `techniques` names some. */
export interface FaultOrder {
  fault: FaultId;
  techniques?: TechniqueId[];
  /** How long; FAULT_SECONDS if not given. */
  seconds?: number;
}

/** A fault of the settings: it begins just before this event goes out, which is the first that meets it. */
export interface ScheduledFault extends FaultOrder {
  atEvent: number;
}

/** A fault that has begun. `seconds`: 0 = it happened once, null = it lasts until the run ends. */
export interface BegunFault {
  /** ms since the epoch by the server's clock. */
  at: number;
  fault: FaultId;
  techniques: TechniqueId[];
  seconds: number | null;
  /** The event that it was planned for; null where somebody asked for it live. */
  atEvent: number | null;
}

/** Checks one fault from outside for a run of these lanes. Never throws; `where` names the field in what is found wrong. */
export function checkFault(
  input: unknown,
  lanes: readonly TechniqueId[],
  where = '(body)',
): { order: FaultOrder } | { faults: SettingFault[] } {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return { faults: [{ field: where, got: input, takes: 'an object such as {"fault":"cut"}' }] };
  const given = input as Record<string, unknown>;
  const { fault, techniques, seconds } = given;
  const faults: SettingFault[] = [];
  const name = (field: string): string => (where === '(body)' ? field : `${where}.${field}`);
  const known = ['fault', 'techniques', 'seconds', ...(where === '(body)' ? [] : ['atEvent'])];
  for (const field of Object.keys(given)) {
    if (!known.includes(field))
      faults.push({ field: name(field), got: given[field], takes: `no such field; there are ${known.join(', ')}` });
  }
  if (!(FAULTS as readonly unknown[]).includes(fault))
    faults.push({ field: name('fault'), got: fault, takes: `one of ${FAULTS.join(', ')}` });
  const lanesFit =
    techniques === undefined ||
    (Array.isArray(techniques) &&
      techniques.length > 0 &&
      new Set(techniques).size === techniques.length &&
      techniques.every((id) => (lanes as readonly unknown[]).includes(id)));
  if (!lanesFit) {
    const takes = `a list of one or more of ${lanes.join(', ')}, each once; left out, it is all of them`;
    faults.push({ field: name('techniques'), got: techniques, takes });
  }
  const once = FAULT_SECONDS[fault as FaultId] === 0;
  if (seconds !== undefined && once)
    faults.push({ field: name('seconds'), got: seconds, takes: `nothing: ${fault} happens once` });
  else if (seconds !== undefined && !(typeof seconds === 'number' && seconds > 0 && seconds <= MAX_FAULT_SECONDS))
    faults.push({ field: name('seconds'), got: seconds, takes: `a number above 0, up to ${MAX_FAULT_SECONDS}` });
  if (faults.length > 0) return { faults };
  const order: FaultOrder = { fault: fault as FaultId };
  if (techniques !== undefined) order.techniques = techniques as TechniqueId[];
  if (seconds !== undefined) order.seconds = seconds as number;
  return { order };
}

/** Checks the setting `faults` for a run of these lanes: every fault found, or the schedule. */
function checkSchedule(
  input: unknown,
  lanes: readonly TechniqueId[],
): { schedule: ScheduledFault[] } | { faults: SettingFault[] } {
  if (!Array.isArray(input) || input.length > MAX_SCHEDULED_FAULTS) {
    const takes = `a list of at most ${MAX_SCHEDULED_FAULTS} faults such as {"fault":"cut","atEvent":10}`;
    return { faults: [{ field: 'faults', got: input, takes }] };
  }
  const schedule: ScheduledFault[] = [];
  const faults: SettingFault[] = [];
  for (const [n, one] of input.entries()) {
    const where = `faults[${n}]`;
    const checked = checkFault(one, lanes, where);
    if ('faults' in checked) faults.push(...checked.faults);
    const atEvent = (one as { atEvent?: unknown } | null | undefined)?.atEvent;
    if (typeof atEvent !== 'number' || !Number.isSafeInteger(atEvent) || atEvent < 1)
      faults.push({ field: `${where}.atEvent`, got: atEvent, takes: 'the seq of an event: a whole number from 1' });
    else if ('order' in checked) schedule.push({ ...checked.order, atEvent });
  }
  return faults.length > 0 ? { faults } : { schedule };
}

// ------------------------------------------------------------------------------------------------------- uplink

/** A message towards the server: the body of `POST /push/<id>`, or a text frame on the `websocket` lane. */
export interface UplinkMessage {
  /** Counts from 1 in its lane. */
  n: number;
  /** ms since the epoch by the browser's clock. */
  sentAt: number;
  /** `payloadBytes` characters. */
  data: string;
}

/** What is wrong with a message towards the server; undefined where nothing is. Never throws. */
export function checkUplink(input: unknown): SettingFault | undefined {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return { field: '(body)', got: input, takes: 'a JSON object {"n":1,"sentAt":<ms>,"data":"…"}' };
  const { n, sentAt, data } = input as Record<string, unknown>;
  if (typeof n !== 'number' || !Number.isSafeInteger(n) || n < 1)
    return { field: 'n', got: n, takes: 'the number of the message: a whole number from 1' };
  if (typeof sentAt !== 'number' || !Number.isFinite(sentAt))
    return { field: 'sentAt', got: sentAt, takes: 'a number: ms since the epoch by the clock of the client' };
  if (typeof data !== 'string' || data.length > MAX_UPLINK_BYTES)
    return { field: 'data', got: data, takes: `a text of at most ${MAX_UPLINK_BYTES} characters` };
  return undefined;
}

/** The answer to a POST. `at` = when the server had read the message, ms since the epoch by its own clock. */
export interface UplinkAnswer {
  n: number;
  at: number;
}

/** The same as a frame on the `websocket` lane. */
export interface UplinkAck {
  ack: number;
  at: number;
}

/** The answer's JSON. `at` always has three decimals, so that runs of the same seed make the same number of bytes. */
export function uplinkAnswerJson(n: number, at: number): string {
  return `{"n":${n},"at":${at.toFixed(3)}}`;
}

/** The frame's JSON. `at` as above. */
export function uplinkAckJson(n: number, at: number): string {
  return `{"ack":${n},"at":${at.toFixed(3)}}`;
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
 * A parent of another origin has no functions for the frame: with `origin`, its page is sent messages instead.
 */
export function iframeHead(callback: string, origin?: string): string {
  const call = origin === undefined ? `parent.${callback}(e)` : `parent.postMessage({${callback}:e},"${origin}")`;
  return `<!doctype html><meta charset="utf-8"><script>function p(e){document.currentScript.remove();${call}}</script>\n`;
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
  /** The faults that have begun so far, in that order. */
  faults: BegunFault[];
  /** Only where several servers serve the run: whether they reach each other now. */
  shared?: 'up' | 'down';
}

/**
 * Answer of `POST /runs`. `proxied`: the request came through a proxy, so the ledger counts what lies behind it. `tls`: this
 * server ends TLS itself (--https), so the ledger counts what lies inside it.
 */
export interface CreatedRun extends RunInfo {
  proxied: boolean;
  tls: boolean;
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
  /** Connections that are open now and whose last request belongs here. */
  openConnections: number;
  /** Messages that clients sent towards the server (POST bodies, WebSocket data messages), whatever became of them. */
  uplinkMessages: number;
}

/** The accounts of a run. `control` = its control sockets; `site` = other requests about this run (`/runs/<id>/…`). */
export interface RunLedger {
  run: string;
  state: RunState;
  lanes: Partial<Record<TechniqueId, LaneLedger>>;
  control: LaneLedger;
  site: LaneLedger;
  /** What the run cost the server; the server always tells it, documents of earlier days lack it. */
  process?: ProcessFigures;
  /** Only where a run has some. */
  subscribers?: SubscriberLedger;
  /** Only in the open run's ledger, where `control` and `site` are all that belongs to no run: what no request could be read from. */
  unowned?: LaneLedger;
}

/**
 * What a run cost the server's process. All runs, lanes and pages share one process, so these are the run's own only as
 * far as nothing else goes on, and no lane's share can be told apart.
 */
export interface ProcessFigures {
  /** CPU time in ms, user and system, since the run's start; 0 before it, and after the end what it was then. */
  cpuMs: number;
  rssBytes: number;
  heapBytes: number;
  /** Connections that the whole server has open. */
  openSockets: number;
  /** The most that the event loop was late since the run's start, in ms: so long everything had to wait once. */
  eventLoopDelayMs: number;
}

/** The query `client` of a request: who asks, where several clients share an address. */
export const CLIENT_NAME = /^[\w-]{1,64}$/;
/** Clients with a name that begins so are simulated: they are counted in accounts of their own, never in a lane's. */
export const SUBSCRIBER = 'subscriber-';

/** What the simulated subscribers of one lane did. `latency` in ms, of events sent since their reader first asked. */
export interface SubscriberLane {
  /** Taking part: has asked, and neither ended nor waits to try again. */
  connected: number;
  /** Refused by the server, or ended by an error that they could not live with. */
  failed: number;
  received: number;
  lost: number;
  latency?: { count: number; p50: number; p95: number; max: number };
  ledger: LaneLedger;
}

/**
 * A limit that the simulated subscribers met: what was needed or measured (`value`) and what there is or should be at the
 * most (`bound`): subscribers, sockets, bytes, or for `cpu` (their process) and `server-cpu` ms that its event loop was late.
 */
export interface SubscriberLimit {
  limit: 'subscribers' | 'file-descriptors' | 'memory' | 'cpu' | 'server-cpu' | 'refused' | 'worker';
  value: number;
  bound: number;
  message: string;
}

/** The simulated subscribers of a run, apart from the lanes. */
export interface SubscriberLedger {
  /** Asked for and admitted, of each lane. */
  wanted: number;
  admitted: number;
  lanes: Partial<Record<TechniqueId, SubscriberLane>>;
  /** The process that they live in, since this run joined it; runs at the same time share it. */
  process: { cpuMs: number; rssBytes: number; eventLoopDelayMs: number };
  limits: SubscriberLimit[];
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
export type ControlRequest =
  | { type: 'ping'; id: number }
  | { type: 'start' }
  | { type: 'stop' }
  | ({ type: 'fault' } & FaultOrder);

/** What the server sends on the control socket. `at` = the server's clock in ms since the epoch, with fractions. */
export type ControlMessage =
  | { type: 'pong'; id: number; at: number }
  | { type: 'run'; run: RunInfo }
  | { type: 'ledger'; at: number; ledger: RunLedger }
  /** What has changed in the ledger since the last message about it; `withChanges` of protocol.ts brings it up to date. */
  | { type: 'changes'; at: number; changes: Changes }
  | ({ type: 'fault' } & BegunFault)
  | { type: 'error'; error: string; message: string };

/**
 * A JSON Merge Patch (RFC 7396): members that have changed, null for those that are gone. Lists are sent whole.
 * @see https://www.rfc-editor.org/rfc/rfc7396
 */
export type Changes = { [name: string]: unknown };

/** What leads from one JSON value to another, neither with a null in it; undefined where they are the same. */
export function changesBetween(before: unknown, after: unknown): unknown {
  if (!isMembers(before) || !isMembers(after))
    return JSON.stringify(before) === JSON.stringify(after) ? undefined : after;
  const changes: Changes = {};
  for (const [name, value] of Object.entries(after)) {
    const change = changesBetween(before[name], value);
    if (change !== undefined) changes[name] = change;
  }
  for (const name of Object.keys(before)) if (!(name in after)) changes[name] = null;
  return Object.keys(changes).length > 0 ? changes : undefined;
}

/** The value that changes lead to. What was given stays as it was; what did not change is in both. */
export function withChanges(before: unknown, changes: unknown): unknown {
  if (!isMembers(changes)) return changes;
  const after: Changes = isMembers(before) ? { ...before } : {};
  for (const [name, change] of Object.entries(changes)) {
    if (change === null) delete after[name];
    else after[name] = withChanges(after[name], change);
  }
  return after;
}

function isMembers(value: unknown): value is Changes {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

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

// --------------------------------------------------------------------------------------------------- security

/** The answers to CORS that `/hijack/events?cors=` can give. */
export const CORS_ANSWERS = ['none', 'named', 'credentials', 'any'] as const;
export type CorsAnswer = (typeof CORS_ANSWERS)[number];

/** What lies behind the open door of the lesson on security: made up, and computed from the reader's cookie. */
export interface DemoAccount {
  name: string;
  secret: string;
}

/** What the hostile page tries, in its order: two WebSockets, then the same stream under each answer to CORS. */
export const ATTEMPTS = ['open', 'listed', ...CORS_ANSWERS] as const;
export type Attempt = (typeof ATTEMPTS)[number];

/** One request of an attack, as the server saw it. `cookie` = it came with a login that is known. */
export interface SeenAttack {
  what: Attempt;
  origin: string | null;
  cookie: boolean;
  status: number;
}

// ------------------------------------------------------------------------------------------------------- chat

/** What the chat of `/chat/<room>` tells its readers, as JSON text frames. `readers` = how many are in the room now. */
export type ChatMessage =
  | { type: 'said'; from: string; text: string; mine: boolean; readers: number }
  | { type: 'came'; name: string; mine: boolean; readers: number }
  | { type: 'went'; name: string; readers: number }
  | { type: 'dropped' };

// ------------------------------------------------------------------------------------------- the SSE workbench

/** Bytes that `/typed-stream?bytes=` takes: in base64 and with the other headers they have to fit into a head of 16 KiB. */
export const MOST_TYPED_BYTES = 6000;

// ----------------------------------------------------------------------------------------- the lab of buffering

/** What the proxy of the lab is told: the names of content/proxy/*.conf, from nothing done to everything mended. */
export const PROXY_CONFIGS = ['without-header', 'default', 'buffering-off', 'upgrade', 'fixed'] as const;
export type ProxyConfigId = (typeof PROXY_CONFIGS)[number];

/** Answer of `POST /probe/proxy/<config>`: the proxy that stands at `path` now. */
export interface LabProxy {
  /** As in `nginx 1.22.1`; null = no nginx here, the lab's own buffering step takes its place. */
  nginx: string | null;
  /** What to put before `/push/…` to go through it. */
  path: string;
  /** The configuration as nginx read it; with the own step, what it imitates. */
  conf: string;
}
