/** The routes of runs: make, start, read, stop, break. */
import {
  ARRIVALS,
  FAULT_SECONDS,
  FAULTS,
  LADDER,
  MAX_FAULT_SECONDS,
  MAX_FEED_BYTES_PER_SECOND,
  MAX_SCHEDULED_FAULTS,
  MAX_UPLINK_BYTES,
  type NumericSetting,
  RANGES,
  rangeInWords,
  TECHNIQUES,
} from '../protocol.ts';
import { refused } from './refused.ts';

const unit: Record<NumericSetting, string> = {
  eventsPerSecond: 'Mean rate of events.',
  payloadBytes: `Bytes of each event's data; rate × payload at most ${MAX_FEED_BYTES_PER_SECOND} bytes a second.`,
  durationSeconds: 'Length of the run.',
  pollIntervalMs: 'How long http10, keep-alive and polling wait from one request to the next.',
  longPollTimeoutMs: 'How long a long poll is held at the most.',
  rttMs: 'Added round-trip time; the handshake of a new connection takes it once more.',
  jitterMs: 'Each one-way trip takes longer by 0 to so much, seeded; nothing overtakes.',
  kilobitsPerSecond: 'Bandwidth of each lane in each direction; 0 = without limit.',
  cutEverySeconds: 'All connections of every lane are reset so often, counted from the start; 0 = never.',
  uplinkPerSecond: `Messages that each client sends towards the server, of payloadBytes each; not above ${MAX_UPLINK_BYTES} bytes.`,
  subscribers: 'Simulated clients of each lane beside the own one.',
  seed: 'The same seed gives the same event times and payloads; drawn at random if not given.',
};
const fault = {
  fault: {
    type: 'string',
    enum: [...FAULTS],
    description: `What breaks. Without \`seconds\` it lasts: ${FAULTS.map((id) => `${id} ${FAULT_SECONDS[id] === 0 ? 'once' : (FAULT_SECONDS[id] ?? 'to the end')}`).join(', ')} (s).`,
  },
  techniques: {
    type: 'array',
    items: { type: 'string', enum: [...TECHNIQUES] },
    description: 'The lanes it affects; all of the run if not given.',
  },
  seconds: {
    type: 'number',
    exclusiveMinimum: 0,
    maximum: MAX_FAULT_SECONDS,
    description: 'How long it lasts; not for what happens once.',
  },
};
const settingProperties = {
  techniques: {
    type: 'array',
    items: { type: 'string', enum: [...TECHNIQUES] },
    default: [...LADDER],
    description: 'The lanes; the eight rungs of the ladder if not given.',
  },
  arrivals: {
    type: 'string',
    enum: [...ARRIVALS],
    default: 'steady',
    description: 'Evenly, as a Poisson process, or in bursts of ten.',
  },
  ...Object.fromEntries(
    (Object.keys(RANGES) as NumericSetting[]).map((name) => [
      name,
      {
        type: RANGES[name].integer ? 'integer' : 'number',
        minimum: RANGES[name].min,
        maximum: RANGES[name].max,
        ...(name === 'seed' ? {} : { default: RANGES[name].default }),
        description: `${unit[name]} Takes ${rangeInWords(name)}.`,
      },
    ]),
  ),
  faults: {
    type: 'array',
    maxItems: MAX_SCHEDULED_FAULTS,
    default: [],
    description: 'What breaks by itself, and when.',
    items: {
      type: 'object',
      required: ['fault', 'atEvent'],
      properties: {
        ...fault,
        atEvent: { type: 'integer', minimum: 1, description: 'It begins just before the event of this seq goes out.' },
      },
    },
  },
};
const time = (description: string) => ({ type: ['number', 'null'], description });
const begunFault = {
  type: 'object',
  properties: {
    at: { type: 'number', description: "When it began: ms since the epoch by the server's clock." },
    fault: { type: 'string', enum: [...FAULTS] },
    techniques: { type: 'array', items: { type: 'string' } },
    seconds: { type: ['number', 'null'], description: '0 = it happened once; null = until the run ends.' },
    atEvent: { type: ['integer', 'null'], description: 'The event it was planned for; null = asked for live.' },
  },
};
const runInfo = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    state: { type: 'string', enum: ['ready', 'running', 'finished'] },
    settings: { type: 'object', properties: settingProperties },
    createdAt: { type: 'number', description: "ms since the epoch by the server's clock" },
    startsAt: time('Null until started; the first event comes after it.'),
    endsAt: time('When the run will end or has ended.'),
    lastSeq: { type: 'integer', description: 'The newest event so far; 0 = none.' },
    faults: { type: 'array', description: 'The faults that have begun so far.', items: begunFault },
    shared: {
      type: 'string',
      enum: ['up', 'down', 'clocks-differ'],
      description:
        'Only where several servers serve the run: whether they reach each other now, and whether their clocks are too far apart for latencies.',
    },
  },
};
const createdRun = {
  ...runInfo,
  properties: {
    ...runInfo.properties,
    proxied: {
      type: 'boolean',
      description:
        'This request shows that it came through a proxy: bytes are counted behind it. False is no proof: a proxy may add nothing.',
    },
    tls: { type: 'boolean', description: 'This server ends TLS itself: bytes are counted inside it.' },
  },
};
export const runParams = { type: 'object', properties: { id: { type: 'string', description: 'Run id' } } };
export const unknown = { 404: refused('No such run.') };
export const createRunSchema = {
  tags: ['runs'],
  summary: 'Make a run',
  description: 'Every setting is optional. The response holds the settings in force and the seed.',
  // Only documentation: checkSettings of protocol.ts does the checking, with every fault in one answer.
  body: { type: 'object', properties: settingProperties, additionalProperties: false },
  response: {
    201: createdRun,
    400: refused('A bad setting: field, what it got, what it takes.'),
    413: refused('The body is too large.'),
    415: refused('The body is not called JSON.'),
    429: refused('Too many runs of this address.'),
    503: refused('Too many runs at once.'),
  },
};
export const startRunSchema = {
  tags: ['runs'],
  summary: 'Start it, once',
  description: 'Readers may be connected already; the first event comes after `startsAt`.',
  params: runParams,
  response: {
    200: { type: 'object', properties: { startsAt: { type: 'number' } } },
    409: refused('It was started before.'),
    ...unknown,
  },
};
export const readRunSchema = {
  tags: ['runs'],
  summary: 'Settings, state, times',
  params: runParams,
  response: { 200: runInfo, ...unknown },
};
export const stopRunSchema = {
  tags: ['runs'],
  summary: 'Stop it at once',
  description: 'Streams end cleanly, held requests are answered. Stopping it twice is no error.',
  params: runParams,
  response: { 200: runInfo, 403: refused('The open feed cannot be stopped.'), ...unknown },
};
export const beginFaultSchema = {
  tags: ['runs'],
  summary: 'Break something now',
  description:
    'Begins a fault in some lanes of the run, or in all. Lasting ones end by themselves, with the run at the latest. Every control socket of the run gets a message.',
  params: runParams,
  body: { type: 'object', required: ['fault'], properties: fault, additionalProperties: false },
  response: {
    200: begunFault,
    400: refused('A bad order: field, what it got, what it takes.'),
    403: refused('The open feed cannot be broken.'),
    409: refused('The run has ended.'),
    429: refused('Too many live faults in this run.'),
    ...unknown,
  },
};
