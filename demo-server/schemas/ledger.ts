/** The routes that read what was counted: the ledger of a run, the bytes of a lane. */
import { TECHNIQUES } from '../protocol.ts';
import { runParams, unknown } from './runs.ts';

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
export const exchanges = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      connection: count,
      exchange: count,
      startedAt: { type: 'number' },
      endedAt: { type: ['number', 'null'], description: 'Null while it goes on.' },
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
