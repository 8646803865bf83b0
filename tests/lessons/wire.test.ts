/** The notes on bytes: every byte has one, whatever the cuts; frames by the vectors of RFC 6455 5.7. */
import { describe, expect, test } from 'vitest';
import {
  type ByteClass,
  eventJson,
  eventListJson,
  iframeHead,
  iframeScript,
  sseEvent,
  type WireExchange,
} from '../../demo-server/protocol.ts';
import { annotate, mostTelling, sizeOf, totals } from '../../site/wire/wire-annotate.ts';
import type { Stretch } from '../../site/wire/wire-tokens.ts';

type Part = [direction: 'up' | 'down', kind: ByteClass, bytes: string | number[], at?: number];

const binary = (bytes: string | number[]): Buffer =>
  typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : Buffer.from(bytes);

function exchange(parts: Part[], omittedBytes = 0, omittedAt = 0): WireExchange {
  const segments = parts.map(([direction, kind, bytes, at = 0]) => ({
    direction,
    kind,
    at: 1000 + at,
    bytes: binary(bytes).toString('base64'),
  }));
  return { connection: 1, exchange: 1, startedAt: 1000, endedAt: 2000, segments, omittedBytes, omittedAt };
}

const stretches = (parts: Part[]): Stretch[] => annotate(exchange(parts)).flatMap((turn) => turn.stretches);
const told = (parts: Part[]): [key: string, text: string][] =>
  stretches(parts).map(({ note, bytes }) => [note.key, Buffer.from(bytes).toString('utf8')]);
const keys = (parts: Part[]): string[] => stretches(parts).map(({ note }) => note.key);

const event = { seq: 7, sentAt: 1763600000000.5, data: 'hé' };
const json = eventJson(event);
const UP = 'GET /push/sse?after=3 HTTP/1.1\r\nHost: localhost:4321\r\nX-Odd: 1\r\n\r\n';
const head = (type: string, more = '') => `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\n${more}\r\n`;

describe('heads', () => {
  test('are told line by line, the first in its parts', () => {
    expect(told([['up', 'head', UP]])).toEqual([
      ['head.method', 'GET '],
      ['head.target', '/push/sse?after=3 '],
      ['head.version', 'HTTP/1.1\r\n'],
      ['header.host', 'Host: localhost:4321\r\n'],
      ['header.x-odd', 'X-Odd: 1\r\n'],
      ['head.blank', '\r\n'],
    ]);
    expect(told([['down', 'head', head('application/json')]])).toEqual([
      ['head.answerVersion', 'HTTP/1.1 '],
      ['status.200', '200 OK\r\n'],
      ['header.content-type', 'Content-Type: application/json\r\n'],
      ['head.blank', '\r\n'],
    ]);
  });

  test('are put together wherever they were cut', () => {
    const whole = keys([['up', 'head', UP]]);
    for (let at = 1; at < UP.length; at++) {
      expect(
        keys([
          ['up', 'head', UP.slice(0, at), 0],
          ['up', 'head', UP.slice(at), 1],
        ]),
      ).toEqual(whole);
    }
  });
});

describe('bodies', () => {
  test('a list of events', () => {
    const body = eventListJson([json, json], 8, false);
    const [begin = '', comma = '', end = ''] = body.split(json);
    expect(
      keys([
        ['down', 'head', head('application/json; charset=utf-8')],
        ['down', 'envelope', begin],
        ['down', 'redundantPayload', json],
        ['down', 'envelope', comma],
        ['down', 'payload', json],
        ['down', 'envelope', end],
      ]).slice(4),
    ).toEqual(['list.begin', 'eventAgain', 'list.comma', 'event', 'list.end']);
    expect(
      told([
        ['down', 'head', head('application/json')],
        ['down', 'envelope', eventListJson([], 8, true)],
      ]).slice(4),
    ).toEqual([
      ['list.begin', '{"events":['],
      ['list.reset', '],"next":8,"reset":true}'],
    ]);
  });

  test('an event stream in chunks, with its fields and its heartbeat', () => {
    const [before = '', after = ''] = sseEvent(7, json).split(json);
    const size = `${Buffer.byteLength(sseEvent(7, json)).toString(16)}\r\n`;
    expect(
      told([
        ['down', 'head', head('text/event-stream')],
        ['down', 'framing', 'c\r\n'],
        ['down', 'envelope', 'retry: 500\n\n'],
        ['down', 'framing', `\r\n${size}`],
        ['down', 'envelope', before],
        ['down', 'payload', json],
        ['down', 'envelope', after],
        ['down', 'framing', '\r\n3\r\n'],
        ['down', 'envelope', ':\n\n'],
        ['down', 'framing', '\r\n0\r\n\r\n'],
      ]).slice(4),
    ).toEqual([
      ['chunk.size', 'c\r\n'],
      ['sse.retry', 'retry: 500\n'],
      ['sse.blank', '\n'],
      ['chunk.end', '\r\n'],
      ['chunk.size', size],
      ['sse.id', 'id: 7\n'],
      ['sse.data', 'data: '],
      ['event', json],
      ['sse.dispatch', '\n\n'],
      ['chunk.end', '\r\n'],
      ['chunk.size', '3\r\n'],
      ['sse.comment', ':\n'],
      ['sse.blank', '\n'],
      ['chunk.end', '\r\n'],
      ['chunk.last', '0\r\n\r\n'],
    ]);
  });

  test('the size of a chunk is read as hexadecimal', () => {
    const [size] = stretches([
      ['down', 'head', head('text/event-stream')],
      ['down', 'framing', '1A\r\n'],
    ]).slice(4);
    expect(size?.note.values).toEqual({ hex: '1A', size: '26' });
  });

  test('scripts of a streamed page', () => {
    const [before = '', after = ''] = iframeScript(json).split(json);
    expect(
      keys([
        ['down', 'head', head('text/html; charset=utf-8')],
        ['down', 'envelope', iframeHead('callback')],
        ['down', 'envelope', before],
        ['down', 'payload', json],
        ['down', 'envelope', after],
        ['down', 'envelope', iframeScript('')],
        ['down', 'envelope', iframeScript('{"end":true}')],
      ]).slice(4),
    ).toEqual([
      'iframe.page',
      'iframe.function',
      'iframe.begin',
      'event',
      'iframe.end',
      'iframe.heartbeat',
      'iframe.notice',
    ]);
  });

  test('lines of JSON', () => {
    expect(
      keys([
        ['down', 'head', head('application/x-ndjson')],
        ['down', 'envelope', '\n'],
        ['down', 'payload', json],
        ['down', 'envelope', '\n{"reset":true,"next":4}\n'],
      ]).slice(4),
    ).toEqual(['lines.end', 'event', 'lines.end', 'lines.reset']);
  });

  test('what fits no form is told by its class, in one piece', () => {
    expect(
      told([
        ['down', 'head', head('text/plain')],
        ['down', 'envelope', 'what is this'],
      ]).slice(4),
    ).toEqual([['class.envelope', 'what is this']]);
  });
});

describe('WebSocket frames', () => {
  const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n';
  const frames = (...parts: Part[]): Stretch[] =>
    stretches([['down', 'head', SWITCH], ...parts]).filter(({ kind }) => kind !== 'head');
  const HELLO = [0x48, 0x65, 0x6c, 0x6c, 0x6f];

  test('RFC 6455 5.7: a single-frame unmasked text message', () => {
    const [first, length, text] = frames(['down', 'framing', [0x81, 0x05]], ['down', 'envelope', HELLO]);
    expect(first?.note).toEqual({ key: 'frame.first.fin', values: { bits: '1 000 0001', opcode: '1', name: 'text' } });
    expect(length?.note).toEqual({ key: 'frame.length.plain7', values: { bits: '0 0000101', length: '5' } });
    expect(text?.note.values.text).toBe('Hello');
  });

  test('RFC 6455 5.7: a single-frame masked text message, also when it is cut anywhere', () => {
    const bytes = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    const part = (from: number, to: number): Part[] => [
      ['up', 'framing', bytes.slice(from, Math.min(to, 6))],
      ['up', 'body', bytes.slice(Math.max(from, 6), Math.max(to, 6))],
    ];
    for (let at = 0; at <= bytes.length; at++) {
      const list = frames(...part(0, at), ...part(at, bytes.length));
      const plain = list.flatMap(({ unmasked }) => [...(unmasked ?? [])]);
      expect(Buffer.from(plain).toString()).toBe('Hello');
      expect(list.map(({ note }) => note.key).filter((key) => key.startsWith('frame.length'))).toEqual([
        'frame.length.masked7',
      ]);
      expect(list.flatMap((one) => [...one.bytes])).toEqual(bytes);
    }
  });

  test('RFC 6455 5.7: a fragmented unmasked text message', () => {
    const list = frames(
      ['down', 'framing', [0x01, 0x03]],
      ['down', 'envelope', [0x48, 0x65, 0x6c]],
      ['down', 'framing', [0x80, 0x02]],
      ['down', 'envelope', [0x6c, 0x6f]],
    );
    expect(list.map(({ note }) => [note.key, note.values.name ?? note.values.text ?? ''])).toEqual([
      ['frame.first.more', 'text'],
      ['frame.length.plain7', ''],
      ['class.envelope', 'Hel'],
      ['frame.first.fin', 'continuation'],
      ['frame.length.plain7', ''],
      ['class.envelope', 'lo'],
    ]);
  });

  test('RFC 6455 5.7: a ping, whose payload is framing, and its masked pong', () => {
    const ping = frames(['down', 'framing', [0x89, 0x05, ...HELLO]]);
    expect(ping.map(({ note }) => note.key)).toEqual(['frame.first.fin', 'frame.length.plain7', 'frame.control']);
    expect(ping[0]?.note.values.name).toBe('ping');
    const pong = frames(['up', 'framing', [0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]]);
    expect(pong.map(({ note }) => note.key)).toEqual([
      'frame.first.fin',
      'frame.length.masked7',
      'frame.mask',
      'frame.control',
    ]);
    expect(Buffer.from(pong[3]?.unmasked ?? []).toString()).toBe('Hello');
  });

  test('RFC 6455 5.7: 256 bytes with a 16-bit length, 64 KiB with a 64-bit length', () => {
    const medium = frames(['down', 'framing', [0x82, 0x7e, 0x01, 0x00]], ['down', 'envelope', new Array(256).fill(1)]);
    expect(medium.map(({ note, bytes }) => [note.key, bytes.length])).toEqual([
      ['frame.first.fin', 1],
      ['frame.length.plain16', 1],
      ['frame.long', 2],
      ['class.envelope', 256],
    ]);
    expect(medium[2]?.note.values.length).toBe('256');
    const long = frames(
      ['down', 'framing', [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]],
      ['down', 'envelope', new Array(65536).fill(1)],
      ['down', 'framing', [0x88, 0x02, 0x03, 0xe8]],
    );
    expect(long[2]?.note).toEqual({ key: 'frame.long', values: { length: '65536' } });
    expect(long.at(-1)?.note.values.code).toBe('1000');
  });

  test('where the middle was not kept, reading goes on at the next header', () => {
    const parts: Part[] = [
      ['down', 'head', SWITCH],
      ['down', 'framing', [0x81, 0x7e, 0x10, 0x00]],
      ['down', 'payload', 'begins'],
      ['down', 'payload', 'ends'],
      ['down', 'framing', [0x81, 0x05]],
      ['down', 'envelope', HELLO],
    ];
    const turns = annotate(exchange(parts, 4086, 3));
    expect(turns.map(({ omitted }) => omitted)).toEqual([0, 4086]);
    expect(turns[1]?.stretches.map(({ note }) => note.key)).toEqual([
      'class.payload',
      'frame.first.fin',
      'frame.length.plain7',
      'class.envelope',
    ]);
  });
});

describe('an exchange', () => {
  const parts: Part[] = [
    ['up', 'head', UP, 0],
    ['down', 'head', head('application/x-ndjson'), 2],
    ['down', 'payload', json, 500],
    ['down', 'envelope', '\n', 501],
  ];

  test('is told in turns, by direction and time, and every byte of it', () => {
    const turns = annotate(exchange(parts));
    expect(turns.map(({ direction, at }) => [direction, at])).toEqual([
      ['up', 0],
      ['down', 2],
      ['down', 500],
    ]);
    const size = turns.flatMap((turn) => turn.stretches).reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(size).toBe(sizeOf(exchange(parts)));
    expect(totals(turns)).toEqual({
      head: UP.length + head('application/x-ndjson').length,
      payload: Buffer.byteLength(json),
      envelope: 1,
    });
  });

  test('that shows most is the last whole one with news, that succeeded if there is one', () => {
    const empty = exchange([['up', 'head', UP]]);
    const news = exchange(parts);
    const open = { ...exchange(parts), endedAt: null };
    const of = (exchanges: WireExchange[]) => mostTelling({ run: 'r', technique: 'sse', exchanges });
    const gone = exchange(
      parts.map(([way, kind, bytes]) => [way, kind, String(bytes).replace(' 200 OK', ' 410 Gone')]),
    );
    expect(of([news, news, open, empty])).toBe(1);
    expect(of([news, gone])).toBe(0);
    expect(of([empty, gone, open])).toBe(1);
    expect(of([empty, open])).toBe(1);
    expect(of([])).toBe(-1);
  });
});
