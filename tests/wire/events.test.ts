/** The scanner against bodies of every technique, each whole, recut at every byte, and at random. */
import { describe, expect, test } from 'vitest';
import { createEventScanner } from '../../demo-server/wire/events.ts';

/** seq and text of neighbouring pieces of one event; null = envelope; 'end' = a whole event's end was told. */
type Entry = [seq: number | null | 'end', text: string | number];

const toBytes = (text: string) => new TextEncoder().encode(text);
const toText = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const event = (seq: number | string, data = 'x', sentAt: number | string = 1763623713123.45) =>
  `{"seq":${seq},"sentAt":${sentAt},"data":"${data}"}`;

/** The scanner's answer to bodies cut at these offsets; the text is decoded at the end, so a cut may split a character. */
function scan(bodies: string[], cuts: (bytes: Uint8Array) => number[] = () => []): Entry[] {
  const log: [Entry[0], number[]][] = [];
  const scanner = createEventScanner(
    (seq, bytes) => {
      if (bytes.length === 0) throw new Error('an empty piece');
      const last = log.at(-1);
      if (last?.[0] === seq) last[1].push(...bytes);
      else log.push([seq, [...bytes]]);
    },
    (seq) => log.push(['end', [seq]]),
  );
  for (const body of bodies) {
    const bytes = toBytes(body);
    const inside = [...new Set(cuts(bytes))].filter((cut) => cut > 0 && cut < bytes.length).sort((a, b) => a - b);
    let from = 0;
    for (const to of [...inside, bytes.length]) {
      const piece = bytes.slice(from, to);
      scanner.push(piece);
      piece.fill(0x7b);
      from = to;
    }
    scanner.end();
  }
  return log.map(([seq, bytes]): Entry => [seq, seq === 'end' ? (bytes[0] ?? 0) : toText(Uint8Array.from(bytes))]);
}

const whole = (seq: number, data = 'x'): Entry[] => [
  [seq, event(seq, data)],
  ['end', seq],
];

const scenarios: { name: string; bodies: string[]; wanted: Entry[] }[] = [
  { name: 'an event alone', bodies: [event(1)], wanted: whole(1) },
  {
    name: 'the JSON list',
    bodies: [`{"events":[${event(1)},${event(2)}],"next":2}`],
    wanted: [[null, '{"events":['], ...whole(1), [null, ','], ...whole(2), [null, '],"next":2}']],
  },
  { name: 'the empty JSON list', bodies: ['{"events":[],"next":7}'], wanted: [[null, '{"events":[],"next":7}']] },
  {
    name: 'Server-Sent Events',
    bodies: [`retry: 200\n\n:\n\nid: 12\ndata: ${event(12)}\n\nid: 13\ndata: ${event(13)}\n\n`],
    wanted: [
      [null, 'retry: 200\n\n:\n\nid: 12\ndata: '],
      ...whole(12),
      [null, '\n\nid: 13\ndata: '],
      ...whole(13),
      [null, '\n\n'],
    ],
  },
  {
    name: 'scripts in a page',
    bodies: [`<!doctype html><script>p({})</script><script>p(${event(3, '\\u003c/script>')})</script>`],
    wanted: [
      [null, '<!doctype html><script>p({})</script><script>p('],
      ...whole(3, '\\u003c/script>'),
      [null, ')</script>'],
    ],
  },
  {
    name: 'events without anything between them',
    bodies: [event(1) + event(2) + event(1)],
    wanted: [...whole(1), ...whole(2), ...whole(1)],
  },
  {
    name: 'data with quotes, backslashes, braces, more than ASCII, or nothing',
    bodies: ['\\"}', '\\\\', '{\\"seq\\":9,', '\\\\\\"', 'é–😀', ''].map((data, i) => event(i + 1, data)),
    wanted: ['\\"}', '\\\\', '{\\"seq\\":9,', '\\\\\\"', 'é–😀', ''].flatMap((data, i) => whole(i + 1, data)),
  },
  {
    name: 'data that holds the beginning of an event',
    bodies: [`${event(1, '{')}${event(2, '{\\"seq\\":1')}`],
    wanted: [...whole(1, '{'), ...whole(2, '{\\"seq\\":1')],
  },
  {
    name: 'sentAt in every way that JSON writes a number',
    bodies: [event(1, 'x', 0), event(2, 'x', '-1.5e+12'), event(3, 'x', '1E3')],
    wanted: [
      [1, event(1, 'x', 0)],
      ['end', 1],
      [2, event(2, 'x', '-1.5e+12')],
      ['end', 2],
      [3, event(3, 'x', '1E3')],
      ['end', 3],
    ],
  },
  ...[
    '{"seq":1,"other":2}',
    '{"seq":1}',
    '{"seq":}',
    '{"seq":,"sentAt":1,"data":"x"}',
    '{"seq":-1,"sentAt":1,"data":"x"}',
    '{"seq":1.5,"sentAt":1,"data":"x"}',
    '{ "seq":1,"sentAt":1,"data":"x"}',
    '{"seq":1,"sentAt":,"data":"x"}',
    '{"seq":1,"sentAt":"x","data":"x"}',
    '{"seq":1,"sentAt":1,"data":7}',
    '{"seq":1,"sentAt":1}',
    `{"seq":${'1'.repeat(21)},"sentAt":1,"data":"x"}`,
    `{"seq":1,"sentAt":${'1'.repeat(33)},"data":"x"}`,
    '{"sentAt":1,"seq":1,"data":"x"}',
    '{{{{',
    '{"seq":1,"sentAt":1,"da',
    '{"se',
  ].map((text) => ({
    name: `no event: ${text}`,
    bodies: [text, `${text}${event(4)}`],
    wanted: [[null, text + text], ...whole(4)] satisfies Entry[],
  })),
  {
    name: 'a beginning that breaks off in another',
    bodies: [`{"seq":1,{"seq":2,"sentAt":{${event(3)}`],
    wanted: [[null, '{"seq":1,{"seq":2,"sentAt":{'], ...whole(3)],
  },
  {
    name: '20 digits',
    bodies: [event('00000000000000000042')],
    wanted: [
      [42, event('00000000000000000042')],
      ['end', 42],
    ],
  },
  {
    name: 'an event with one key too many: its own bytes, but no whole event',
    bodies: [`${event(5).slice(0, -1)},"more":1}${event(6)}`],
    wanted: [[5, event(5).slice(0, -1)], [null, ',"more":1}'], ...whole(6)],
  },
  {
    name: 'a body that breaks off in an event, and the next body',
    bodies: [`data: ${event(7).slice(0, -3)}`, `x"}${event(8)}`, event(9).slice(0, -1), '}'],
    wanted: [
      [null, 'data: '],
      [7, event(7).slice(0, -3)],
      [null, 'x"}'],
      ...whole(8),
      [9, event(9).slice(0, -1)],
      [null, '}'],
    ],
  },
  {
    name: 'a body that breaks off behind a backslash, and the next body',
    bodies: [event(1, 'a\\').slice(0, -2), event(2, '')],
    wanted: [[1, event(1, 'a\\').slice(0, -2)], ...whole(2, '')],
  },
];

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

describe.each(scenarios)('$name', ({ bodies, wanted }) => {
  const same = (cuts: (bytes: Uint8Array) => number[], how: string) => {
    const log = scan(bodies, cuts);
    if (JSON.stringify(log) !== JSON.stringify(wanted)) expect(log, how).toEqual(wanted);
  };

  test('whole', () => {
    expect(scan(bodies)).toEqual(wanted);
  });

  test('cut at every byte', () => {
    same((bytes) => Array.from(bytes.keys()), 'single bytes');
    const longest = Math.max(...bodies.map((body) => toBytes(body).length));
    for (let cut = 1; cut < longest; cut++) same(() => [cut], `cut at ${cut}`);
  });

  test('cut at random', () => {
    const next = random(7);
    for (let round = 0; round < 50; round++) {
      same(
        (bytes) => Array.from({ length: 1 + next() * 6 }, () => Math.floor(next() * bytes.length)),
        `round ${round}`,
      );
    }
  });
});

test('500 rounds of what looks like events: no byte is lost, cuts make no difference', () => {
  const next = random(11);
  const parts = [
    '{',
    '"seq"',
    ':',
    '1',
    '23',
    ',"sentAt":',
    '4.5',
    ',"data":"',
    'x',
    '\\',
    '"',
    '}',
    event(9),
    '{"seq":8,',
  ];
  for (let round = 0; round < 500; round++) {
    const body = Array.from({ length: next() * 20 }, () => parts[Math.floor(next() * parts.length)]).join('');
    const log = scan([body]);
    expect(
      log
        .filter(([seq]) => seq !== 'end')
        .map(([, text]) => text)
        .join(''),
    ).toBe(body);
    const cuts = (bytes: Uint8Array) => Array.from({ length: 5 }, () => Math.floor(next() * bytes.length));
    expect(scan([body], cuts)).toEqual(log);
  }
});

test('only what may be the beginning of an event is held', () => {
  const told: string[] = [];
  const scanner = createEventScanner((seq, bytes) => told.push(`${seq} ${toText(bytes)}`));
  scanner.push(toBytes('data: {"seq":1,"sentAt":2'));
  expect(told).toEqual(['null data: ']);
  scanner.push(toBytes(',"data":"ab'));
  expect(told).toEqual(['null data: ', '1 {"seq":1,"sentAt":2', '1 ,"data":"ab']);
  scanner.push(toBytes('c'));
  expect(told.at(-1)).toBe('1 c');
});

test('pieces are views of the input, one for an event that is whole in it', () => {
  const pieces: Uint8Array[] = [];
  const scanner = createEventScanner((_, bytes) => pieces.push(bytes));
  const body = toBytes(`data: ${event(1)}\n\n`);
  scanner.push(body);
  expect(pieces.map(({ length }) => length)).toEqual([6, event(1).length, 2]);
  expect(pieces.every(({ buffer }) => buffer === body.buffer)).toBe(true);
});
