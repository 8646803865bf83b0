/** The routes' schemas: what Fastify checks and what the page at /docs/api is made from. */
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
  type TechniqueId,
} from './protocol.ts';

const about: Record<TechniqueId, string> = {
  http10: 'Answers the last 20 events as a genuine HTTP/1.0 message and closes the connection.',
  'keep-alive': 'Answers the last 20 events; the connection stays open for the next request.',
  polling: 'Answers at once with the events after the cursor, often none.',
  'long-poll': 'Holds the request until there is an event after the cursor or the time limit has passed.',
  'iframe-stream': 'An HTML page that never ends: one self-removing script an event, calling a function of the parent.',
  'xhr-stream': 'Newline-delimited JSON that never ends; empty lines are heartbeats.',
  sse: 'An event stream (text/event-stream) with id, data and retry; a comment is the heartbeat.',
  websocket: 'One text frame an event after the WebSocket handshake; Ping is the heartbeat.',
  'fetch-stream': 'The answer of xhr-stream on a route of its own: newline-delimited JSON that never ends.',
};

const runQuery = { type: 'string', description: 'Run id; without it the open feed, one event a second, always on.' };
const event = {
  type: 'object',
  description: 'One numbered message of the feed.',
  required: ['seq', 'sentAt', 'data'],
  properties: {
    seq: { type: 'integer', minimum: 1 },
    sentAt: { type: 'number', description: "ms since the epoch by the server's clock, three decimals" },
    data: { type: 'string', description: '`payloadBytes` characters of a–z and 0–9' },
  },
};
const eventList = {
  type: 'object',
  description: 'The events; with 410 the last ones of a run that has ended.',
  required: ['events', 'next'],
  properties: {
    events: { type: 'array', items: event },
    next: { type: 'integer', description: 'The cursor to send as `after` next time.' },
    reset: { type: 'boolean', description: 'True where the cursor was too old: events between it and these are gone.' },
  },
};
const refusal = {
  type: 'object',
  required: ['error', 'message'],
  properties: {
    error: { type: 'string', description: 'A stable word for programs.' },
    message: { type: 'string', description: 'What came, what is taken, what to do.' },
    faults: {
      type: 'array',
      items: {
        type: 'object',
        required: ['field', 'takes'],
        properties: { field: { type: 'string' }, got: {}, takes: { type: 'string' } },
      },
    },
  },
};
/** Documented here, but written by the error handler, which knows no schema. */
export const refused = (description: string) => ({ description, content: { 'application/json': { schema: refusal } } });

/** How the answer of each technique looks; the lists are JSON, the streams are described in words. */
function answer(technique: TechniqueId): Record<number, object> {
  if (technique === 'websocket')
    return { 101: { description: 'Switching Protocols: from here on WebSocket frames.', type: 'null' } };
  const streams: Partial<Record<TechniqueId, string>> = {
    'iframe-stream': 'text/html',
    'xhr-stream': 'application/x-ndjson',
    'fetch-stream': 'application/x-ndjson',
    sse: 'text/event-stream',
  };
  const type = streams[technique] ?? 'application/json';
  const schema = type === 'application/json' ? eventList : { type: 'string' };
  return {
    200: { description: type === 'application/json' ? 'Events' : 'An endless stream', content: { [type]: { schema } } },
  };
}

/** Schema of `GET /push/<technique>`. The cursor stays a string here: push.ts refuses a bad one in words of its own. */
export function pushSchema(technique: TechniqueId): object {
  return {
    tags: ['techniques'],
    summary: technique,
    description: about[technique],
    querystring: {
      type: 'object',
      properties: {
        run: runQuery,
        after: { type: 'string', description: 'The last seq the client has (0 = none yet); events after it are sent.' },
        client: {
          type: 'string',
          pattern: '^[A-Za-z0-9_-]{1,64}$',
          description:
            'Who asks, where several clients share an address. Names that begin with "subscriber-" are counted apart from the lane.',
        },
        ...(technique === 'iframe-stream'
          ? {
              callback: {
                type: 'string',
                pattern: '^[A-Za-z_$][A-Za-z0-9_$]{0,63}$',
                description: "Name of the parent page's function that every event calls; `push` if not given.",
              },
              origin: {
                type: 'string',
                description:
                  'Origin of a parent page that is not of this server but allowed (--allow-origin): it is sent messages `{<callback>: event}` by postMessage instead.',
              },
            }
          : {}),
      },
    },
    response: {
      ...answer(technique),
      400: refused('The cursor is no seq.'),
      404: refused('No such run, or the run has no such lane.'),
      410: refused('The run has ended. The techniques that answer lists still give its last events with this status.'),
      429: refused('Too many requests in progress for this run or from this address.'),
      ...(technique === 'sse'
        ? { 204: { description: 'The run has ended: EventSource stops for good.', type: 'null' } }
        : {}),
    },
  };
}

/** Schema of `POST /push/<technique>`. The message is checked by `checkUplink` of protocol.ts. */
export function uplinkSchema(technique: TechniqueId): object {
  return {
    tags: ['techniques'],
    summary: `${technique}, towards the server`,
    description:
      'A message of the client in the lane of this technique. On websocket it is the same JSON as a text frame, answered by the frame {"ack":n,"at":…}.',
    querystring: { type: 'object', properties: { run: runQuery } },
    body: {
      type: 'object',
      required: ['n', 'sentAt', 'data'],
      properties: {
        n: { type: 'integer', minimum: 1, description: 'Counts from 1 in its lane.' },
        sentAt: { type: 'number', description: "ms since the epoch by the client's clock" },
        data: { type: 'string', maxLength: MAX_UPLINK_BYTES },
      },
    },
    response: {
      200: {
        description: 'The message was read.',
        type: 'object',
        properties: {
          n: { type: 'integer' },
          at: { type: 'number', description: "When, in ms since the epoch by the server's clock." },
        },
      },
      400: refused('No such message: field, what it got, what it takes.'),
      404: refused('No such run, or the run has no such lane.'),
      410: refused('The run has ended.'),
      413: refused('The body is too large.'),
      415: refused('The body is not called JSON.'),
      429: refused('Too many requests in progress for this run or from this address.'),
    },
  };
}

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
    description: 'The lanes it befalls; all of the run if not given.',
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
      enum: ['up', 'down'],
      description: 'Only where several servers serve the run: whether they reach each other now.',
    },
  },
};
const createdRun = {
  ...runInfo,
  properties: {
    ...runInfo.properties,
    proxied: { type: 'boolean', description: 'This request came through a proxy: bytes are counted behind it.' },
  },
};
const count = { type: 'integer' };
const account = {
  type: 'object',
  description: 'One account. Bytes are TCP payload as the server’s socket carried it.',
  properties: {
    requests: count,
    responses: count,
    connectionsOpened: count,
    connectionsReused: {
      type: 'integer',
      description: 'Requests that came on a connection that had carried one before.',
    },
    eventsSent: { type: 'integer', description: 'Events that were news to their reader.' },
    bytes: {
      type: 'object',
      properties: {
        up: { type: 'object', properties: { head: count, framing: count, body: count } },
        down: {
          type: 'object',
          properties: { head: count, framing: count, envelope: count, payload: count, redundantPayload: count },
        },
      },
    },
    wireBytesUp: count,
    wireBytesDown: count,
    unaccountedBytes: { type: 'integer', description: 'What the sockets carried less what was counted; always 0.' },
    cuts: {
      type: 'array',
      description: 'Connections that the server ended by itself.',
      items: { type: 'object', properties: { reason: { type: 'string' }, count } },
    },
    openConnections: { type: 'integer', description: 'Open now, with their last request in this account.' },
    uplinkMessages: { type: 'integer', description: 'Messages that clients sent: POST bodies, WebSocket messages.' },
  },
};
const subscriberLane = {
  type: 'object',
  properties: {
    connected: { type: 'integer', description: 'Taking part: neither ended nor waiting to try again.' },
    failed: { type: 'integer', description: 'Refused, or ended by an error.' },
    received: { type: 'integer', description: 'Events, all subscribers of the lane together.' },
    lost: count,
    latency: {
      type: 'object',
      description: 'In ms, of events sent since their reader first asked.',
      properties: { count, p50: { type: 'number' }, p95: { type: 'number' }, max: { type: 'number' } },
    },
    ledger: account,
  },
};
const ledger = {
  type: 'object',
  properties: {
    run: { type: 'string' },
    state: { type: 'string' },
    lanes: { type: 'object', properties: Object.fromEntries(TECHNIQUES.map((id) => [id, account])) },
    control: account,
    site: account,
    process: {
      type: 'object',
      description:
        'What the run cost the server’s process, from its start to its end. All runs and lanes share it: no lane’s share can be told apart.',
      properties: {
        cpuMs: { type: 'number', description: 'CPU time, user and system; 0 until the start.' },
        rssBytes: { type: 'integer', description: 'Memory of the process, as the system counts it.' },
        heapBytes: { type: 'integer', description: 'Of it, what JavaScript’s objects take.' },
        openSockets: { type: 'integer', description: 'Connections that the whole server has open.' },
        eventLoopDelayMs: { type: 'number', description: 'The longest that everything had to wait once.' },
      },
    },
    subscribers: {
      type: 'object',
      description: 'The simulated subscribers, apart from the lanes; only where a run has some.',
      properties: {
        wanted: { type: 'integer', description: 'Of each lane, as the setting says.' },
        admitted: { type: 'integer', description: 'Of each lane; fewer where a limit was met.' },
        lanes: { type: 'object', properties: Object.fromEntries(TECHNIQUES.map((id) => [id, subscriberLane])) },
        process: {
          type: 'object',
          description: 'The process that they live in, since this run joined it.',
          properties: {
            cpuMs: { type: 'number' },
            rssBytes: { type: 'integer' },
            eventLoopDelayMs: { type: 'number' },
          },
        },
        limits: {
          type: 'array',
          description: 'Limits that were met.',
          items: {
            type: 'object',
            properties: {
              limit: {
                type: 'string',
                enum: ['subscribers', 'file-descriptors', 'memory', 'cpu', 'server-cpu', 'refused', 'worker'],
              },
              value: { type: 'number', description: 'What was needed or measured.' },
              bound: { type: 'number', description: 'What there is, or should be at the most.' },
              message: { type: 'string' },
            },
          },
        },
      },
    },
    unowned: account,
  },
};
const exchanges = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      connection: count,
      exchange: count,
      startedAt: { type: 'number' },
      endedAt: time('Null while it goes on.'),
      segments: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            at: { type: 'number' },
            direction: { type: 'string', enum: ['up', 'down'] },
            kind: { type: 'string', enum: ['head', 'framing', 'body', 'envelope', 'payload', 'redundantPayload'] },
            bytes: { type: 'string', description: 'base64' },
          },
        },
      },
      omittedBytes: { type: 'integer', description: 'Bytes of its middle that the record did not keep.' },
      omittedAt: { type: 'integer', description: 'Index of the first segment after the gap.' },
    },
  },
};
const transcript = {
  type: 'object',
  properties: { run: { type: 'string' }, technique: { type: 'string' }, exchanges },
};

const runParams = { type: 'object', properties: { id: { type: 'string', description: 'Run id' } } };
const unknown = { 404: refused('No such run.') };

export const createRunSchema = {
  tags: ['runs'],
  summary: 'Make a run',
  description: 'Every setting is optional. The answer names what was taken and the seed.',
  // Only documentation: checkSettings of protocol.ts does the checking, with every fault in one answer.
  body: { type: 'object', properties: settingProperties, additionalProperties: false },
  response: {
    201: createdRun,
    400: refused('A bad setting: field, what it got, what it takes.'),
    413: refused('The body is too large.'),
    415: refused('The body is not called JSON.'),
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
  description: 'Streams end cleanly, held questions are answered. Stopping it twice is no error.',
  params: runParams,
  response: { 200: runInfo, 403: refused('The open feed cannot be stopped.'), ...unknown },
};
export const beginFaultSchema = {
  tags: ['runs'],
  summary: 'Break something now',
  description:
    'Begins a fault in some lanes of the run, or in all. Lasting ones end by themselves, with the run at the latest. Every control socket of the run is told.',
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
export const ledgerSchema = {
  tags: ['ledger'],
  summary: 'The byte and request accounts, live and after the end',
  description:
    '`control` and `site` are the control sockets of this run and the other requests about it. `GET /runs/open/ledger` gives the open feed, and there `control`, `site` and `unowned` are all that belongs to no run.',
  params: runParams,
  response: { 200: ledger, ...unknown },
};
export const wireSchema = {
  tags: ['ledger'],
  summary: 'The bytes of the last exchanges of a lane',
  description: 'The last 12 exchanges, of each at most 16 KiB; the values of Cookie and Authorization are blanked.',
  params: {
    type: 'object',
    properties: { id: { type: 'string', description: 'Run id' }, technique: { type: 'string', enum: [...TECHNIQUES] } },
  },
  response: { 200: transcript, ...unknown },
};
export const controlSchema = {
  tags: ['control'],
  summary: 'The control WebSocket',
  description:
    'Takes {"type":"ping","id":n}, {"type":"start"}, {"type":"stop"} and {"type":"fault","fault":…} (as POST /runs/<id>/faults takes it) as JSON text frames; tells "pong", "run", "fault", "ledger" (first), "changes" (a JSON Merge Patch of it, RFC 7396, four times a second while the run goes on) and "error". Never counted in a lane.',
  querystring: {
    type: 'object',
    properties: { run: { type: 'string', description: 'Run id; the open feed if not given.' } },
  },
  response: {
    101: { description: 'Switching Protocols', type: 'null' },
    ...unknown,
    426: refused('A plain GET: this route speaks WebSocket.'),
    429: refused('Too many control sockets from this address.'),
  },
};
export const echoSchema = {
  tags: ['echo'],
  summary: 'Send it back',
  description:
    'A WebSocket that echoes text and binary messages unchanged; the text `over` closes it with 1000 and the reason "over". Knows the subprotocols chat and superchat and takes the first of the offered ones that it knows. A message of more than 16 KiB closes it with 1009. In no lane.',
  querystring: {
    type: 'object',
    properties: {
      deflate: {
        type: 'string',
        description:
          'permessage-deflate: `off` (if not given), `on`, or `no-takeover`, which remembers nothing between messages.',
      },
    },
  },
  response: {
    101: { description: 'Switching Protocols: from here on WebSocket frames.', type: 'null' },
    400: refused('deflate is none of its words.'),
    403: refused('The page that asks is of another origin.'),
    426: refused('A plain GET; this route speaks WebSocket.'),
    429: refused('Too many echoes from this address.'),
  },
};
const recordParams = {
  type: 'object',
  properties: { record: { type: 'string', description: '32 hexadecimal digits, drawn at random by the client.' } },
};
export const recordedEchoSchema = {
  ...echoSchema,
  summary: 'Send it back, and keep the bytes',
  params: recordParams,
  response: {
    ...echoSchema.response,
    400: refused('The record is no 32 hexadecimal digits, or deflate none of its words.'),
  },
};
export const echoRecordSchema = {
  tags: ['echo'],
  summary: 'The bytes of an echo, as the server’s socket carried them',
  description: 'The last 12 connections to /echo/<record>, of each at most 16 KiB, kept for a while.',
  params: recordParams,
  response: {
    200: { type: 'object', properties: { record: { type: 'string' }, exchanges } },
    400: refused('The record is no 32 hexadecimal digits.'),
    404: refused('Nothing is kept under this record.'),
  },
};
export const healthSchema = {
  tags: ['server'],
  summary: 'Is it listening?',
  response: { 200: { type: 'object', properties: { status: { type: 'string', enum: ['ok'] } } } },
};
