/** The routes of the techniques, GET and POST /push/<id>. Like every schema here: what Fastify checks, and what the page at /docs/api is made from. */
import { MAX_UPLINK_BYTES, type TechniqueId, TRAITS } from '../protocol.ts';
import { refused } from './refused.ts';

const about: Record<TechniqueId, string> = {
  http10: 'Responds with the last 20 events as a genuine HTTP/1.0 message and closes the connection.',
  'keep-alive': 'Responds with the last 20 events; the connection stays open for the next request.',
  polling: 'Responds at once with the events after the cursor, often none.',
  'long-poll': 'Holds the request until there is an event after the cursor or the time limit has passed.',
  'iframe-stream':
    'An HTML page that never ends: one self-removing script for each event, calling a function of the parent.',
  'xhr-stream': 'Newline-delimited JSON that never ends; empty lines are heartbeats.',
  sse: 'An event stream (text/event-stream) with id, data and retry; a comment is the heartbeat.',
  websocket: 'One text frame for each event after the WebSocket handshake; Ping is the heartbeat.',
  'fetch-stream': 'The response of xhr-stream on a route of its own: newline-delimited JSON that never ends.',
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
/** How the answer of each technique looks; the lists are JSON, the streams are described in words. */
function answer(technique: TechniqueId): Record<number, object> {
  const { type } = TRAITS[technique];
  if (type === null)
    return { 101: { description: 'Switching Protocols: from here on WebSocket frames.', type: 'null' } };
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
            'Which client asks, where several share an address. Names that begin with "subscriber-" are counted apart from the lane.',
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
                  'Origin of a parent page that is not of this server but allowed (--allow-origin): it gets messages `{<callback>: event}` by postMessage instead.',
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
