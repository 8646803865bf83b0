/** The echo, and the bytes that were kept of it. */
import { exchanges } from './ledger.ts';
import { refused } from './refused.ts';

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
