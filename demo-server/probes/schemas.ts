/** The schemas of the probes: what the small labs and the browser's table ask. All of it is documentation only. */
import { NGINX_DEFAULTS } from '../protocol.ts';
import { refused } from '../schemas/refused.ts';

const tags = ['probes'];
const switching = { description: 'Switching Protocols: from here on WebSocket frames.', type: 'null' };
const params = {
  type: 'object',
  properties: { lab: { type: 'string', description: '32 hexadecimal digits, drawn at random by the page.' } },
};
const querystring = {
  type: 'object',
  properties: { n: { type: 'string', description: 'Its number, new in this lab.' } },
};
const unknown = {
  400: refused('No such number.'),
  404: refused('Nobody watches this lab.'),
  429: refused('Too many.'),
};
const text = (description: string, type: string) => ({
  description,
  content: { [type]: { schema: { type: 'string' } } },
});

export const watchSchema = {
  tags,
  summary: 'Watch a lab of connections',
  description:
    'A WebSocket. Takes {"type":"ping","id":n}, {"type":"asked","n":n} and {"type":"dropped","n":n}; sends "pong", "reached", "left" and "counts". All requests of the lab end with it.',
  params,
  response: {
    101: switching,
    400: refused('The lab’s name is not 32 hexadecimal digits.'),
    409: refused('It is being watched already.'),
  },
};
export const streamSchema = {
  tags,
  summary: 'A stream that stays open',
  params,
  querystring,
  response: { 200: text('One event, then heartbeats.', 'text/event-stream'), ...unknown },
};
export const fetchSchema = {
  tags,
  summary: 'A short response',
  params,
  querystring,
  response: { 200: { type: 'object', properties: { n: { type: 'integer' } } }, ...unknown },
};
export const tabSchema = {
  tags,
  summary: 'What a second tab asks for',
  params,
  querystring: {
    type: 'object',
    properties: { ...querystring.properties, back: { type: 'string', description: 'Path of the page to show.' } },
  },
  response: { 200: text('The page of the lab.', 'text/html'), ...unknown },
};
export const socketSchema = {
  tags,
  summary: 'A WebSocket that stays open',
  params,
  querystring,
  response: { 101: switching, ...unknown, 426: refused('A plain GET: this route speaks WebSocket.') },
};
export const http2Schema = {
  tags,
  summary: 'Start the servers of HTTP/2',
  description:
    'The same pages over TLS on two more ports, with a certificate made at this moment. Asking twice is no error.',
  response: {
    200: {
      type: 'object',
      properties: {
        silent: { type: 'integer', description: 'Port of the one that announces no number of streams.' },
        announcing: { type: 'integer', description: 'Port of the one that does.' },
        streams: { type: 'integer', description: 'The number it announces.' },
        fingerprint: { type: 'string', description: 'SHA-256 of the certificate.' },
      },
    },
    403: refused('The servers listen on loopback, and this client is not on the same machine.'),
    503: refused('They cannot listen there.'),
  },
};
const config = {
  type: 'string',
  description: 'A configuration: without-header, default, buffering-off, upgrade, fixed.',
};
export const proxySchema = {
  tags,
  summary: 'Start a proxy in front of this server',
  description:
    'A real nginx as a child of the server, on a loopback port; where none is installed, a step of the lab that imitates one. Started once, ended when nobody uses it.',
  params: { type: 'object', properties: { config } },
  querystring: {
    type: 'object',
    properties: {
      gzip: { type: 'string', description: 'Given: nginx compresses as well.' },
      defaults: {
        type: 'string',
        enum: NGINX_DEFAULTS,
        default: 'older',
        description: 'The defaults of nginx: up to 1.29.6 (older) or from 1.29.7 on (newer), set by hand.',
      },
    },
  },
  response: {
    200: {
      type: 'object',
      properties: {
        nginx: { type: ['string', 'null'], description: 'Its version; null where the lab imitates it.' },
        path: { type: 'string', description: 'What to put before /push/… to go through it.' },
        conf: { type: 'string', description: 'Its configuration.' },
      },
    },
    400: refused('No such configuration.'),
    503: refused('nginx did not start; its own words.'),
  },
};
export const proxiedSchema = {
  tags,
  summary: 'A technique, through the proxy',
  description:
    'Browser → this server → proxy → this server. This server passes on what the proxy sends, each piece as it comes.',
  params: { type: 'object', properties: { config, technique: { type: 'string' } } },
  response: { 404: refused('This proxy was not started.'), 429: refused('Too many.'), 502: refused('It has gone.') },
};
const word = { type: 'string' };
const bad = { 400: refused('A field: what was received, what is accepted.'), 429: refused('Too many.') };
const query = (...names: string[]) => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, word])),
});
export const dripSchema = {
  tags,
  summary: 'A response that comes in small pieces',
  description:
    'At most 16 KiB in 15 s: `first` bytes at once, then `step` bytes every `every` ms up to `most`; `end=cut` breaks the connection.',
  querystring: query('type', 'first', 'step', 'every', 'most', 'end', 'nosniff'),
  response: { 200: { description: 'Letters, or a page of scripts.' }, ...bad },
};
export const lateSchema = {
  tags,
  summary: 'A head at once, its first byte later',
  querystring: query('ms', 'type'),
  response: { 200: { description: 'One line or one event.' }, ...bad },
};
export const retrySchema = {
  tags,
  summary: 'An event stream that ends, and reports how long its reader stayed away',
  querystring: query('try', 'retry', 'end'),
  response: { 200: text('The second time: milliseconds since the first ended.', 'text/event-stream'), ...bad },
};
export const statusSchema = {
  tags,
  summary: 'A response with this status',
  querystring: query('code', 'type'),
  response: { 200: text('An event, or what calls itself a page.', 'text/event-stream'), ...bad },
};
export const headSchema = {
  tags,
  summary: 'How many bytes the head of this request has',
  response: {
    200: {
      type: 'object',
      properties: { bytes: { type: 'integer' }, path: { type: 'integer' }, http: { type: 'string' } },
    },
  },
};
export const repeatSchema = {
  tags,
  summary: 'Breaks a connection that is used again, and counts what comes then',
  querystring: query('try'),
  response: {
    200: { type: 'object', properties: { seen: { type: 'integer' }, broken: { type: 'boolean' } } },
    ...bad,
  },
};
export const burstSchema = {
  tags,
  summary: 'A thousand messages in one go',
  description: 'A WebSocket: reports the extensions that were offered, and sends the burst after any message.',
  response: { 101: switching, 426: refused('A plain GET: this route speaks WebSocket.') },
};
