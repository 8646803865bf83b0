/**
 * The meter against raw conversations. Every scenario is run whole, recut at every byte, and at random, and must give
 * the same answer; the recut runs overwrite each piece after it was fed, so a kept view would show.
 */
import { describe, expect, test } from 'vitest';
import { createMeter } from '../../demo-server/wire/meter.ts';
import type { Direction, MeterSink } from '../../demo-server/wire/sink.ts';
import { CHUNKED, type Entry, GET, type Step, SWITCH, scenarios, toBytes, toText, UPGRADE } from './conversations.ts';

type Cutter = (direction: Direction, bytes: Uint8Array, offset: number) => number[];

/** The log of one conversation, each step cut at the offsets that the cutter gives. */
function play(steps: Step[], cutter?: Cutter): Entry[] {
  const log: Entry[] = [];
  const sink: MeterSink = {
    bytes(direction, exchange, kind, bytes) {
      const what = `${direction} ${exchange} ${kind}`;
      const last = log.at(-1);
      if (bytes.length === 0) log.push([what, 'EMPTY']);
      else if (last?.[0] === what) last[1] += toText(bytes);
      else log.push([what, toText(bytes)]);
    },
    request: (exchange, { method, target, version }) =>
      log.push([`request ${exchange}`, `${method} ${target} ${version}`]),
    response: (exchange, { status, version }) => log.push([`response ${exchange}`, `${status} ${version}`]),
    frame: (direction, exchange, { opcode, fin, masked, length }) =>
      log.push([`frame ${direction} ${exchange}`, `${opcode} ${fin} ${masked} ${length}`]),
    bodyEnd: (direction, exchange) => log.push([`bodyEnd ${direction} ${exchange}`, '']),
    done: (exchange) => log.push([`done ${exchange}`, '']),
    fault: (direction, reason) => log.push([`fault ${direction}`, reason]),
  };
  const meter = createMeter(sink);
  const offsets = { up: 0, down: 0 };
  for (const [direction, text] of steps) {
    const bytes = toBytes(text);
    const cuts = cutter?.(direction, bytes, offsets[direction]) ?? [];
    offsets[direction] += bytes.length;
    for (const [from, to] of ranges(cuts, bytes.length)) {
      const piece = bytes.slice(from, to);
      if (direction === 'up') meter.up(piece);
      else meter.down(piece);
      piece.fill(0x7e);
    }
  }
  meter.end();
  return log;
}

function ranges(cuts: number[], length: number): [number, number][] {
  const inside = [...new Set(cuts)].filter((cut) => cut > 0 && cut < length).sort((a, b) => a - b);
  const edges = [0, ...inside, length];
  return edges.slice(1).map((to, i) => [edges[i] ?? 0, to]);
}

/** mulberry32: the same numbers from 0 up to 1 for the same seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const everyByte: Cutter = (_, bytes) => Array.from(bytes.keys());
const atOffset =
  (cut: number): Cutter =>
  () => [cut];
const atRandom = (next: () => number): Cutter => {
  const pieces = 1 + Math.floor(next() * 8);
  return (_, bytes) => Array.from({ length: pieces }, () => Math.floor(next() * bytes.length));
};

/** Cuts up to two bytes around each place where the class changes, as the whole run shows them. */
function boundaryCutters(log: Entry[]): Cutter[] {
  const cutters: Cutter[] = [];
  const ends = { up: 0, down: 0 };
  for (const [what, text] of log) {
    const direction = what.split(' ')[0];
    if (direction !== 'up' && direction !== 'down') continue;
    for (const end of [ends[direction], ends[direction] + text.length]) {
      for (let cut = end - 2; cut <= end + 2; cut++) {
        cutters.push((of, _, offset) => (of === direction ? [cut - offset] : []));
      }
    }
    ends[direction] += text.length;
  }
  return cutters;
}

/** The bytes that came out in one direction. */
const out = (log: Entry[], direction: Direction) =>
  log
    .filter(([what]) => what.startsWith(direction))
    .map(([, text]) => text)
    .join('');
const into = (steps: Step[], direction: Direction) =>
  steps
    .filter(([of]) => of === direction)
    .map(([, text]) => text)
    .join('');

/** What holds for any input: no byte is lost, each exchange ends once, each body ends, after a fault all is unparsed. */
function broken(steps: Step[], log: Entry[]): string {
  for (const direction of ['up', 'down'] as const) {
    if (out(log, direction) !== into(steps, direction)) return `${direction} bytes differ`;
    const fault = log.findIndex(([what]) => what === `fault ${direction}`);
    for (const [i, [what]] of log.entries()) {
      if (!what.startsWith(direction)) continue;
      if (what.endsWith('unparsed') !== (fault !== -1 && i > fault)) return `entry ${i} (${what}), fault at ${fault}`;
    }
    if (log.filter(([what]) => what === `fault ${direction}`).length > 1) return `two faults ${direction}`;
  }
  const seen = new Set(log.map(([what]) => /^(?:up|down|request|response) (\d+)/.exec(what)?.[1]));
  seen.delete(undefined);
  // Unparsed bytes before any request belong to no exchange.
  seen.delete('0');
  for (const exchange of seen) {
    const ends = log.filter(([what]) => what === `done ${exchange}`).length;
    if (ends !== 1) return `exchange ${exchange} was done ${ends} times`;
    const done = log.findIndex(([what]) => what === `done ${exchange}`);
    for (const direction of ['up', 'down']) {
      const body = log.findLastIndex(([what]) => what === `${direction} ${exchange} body`);
      const end = log.findLastIndex(([what]) => what === `bodyEnd ${direction} ${exchange}`);
      if (body > end || end > done) return `exchange ${exchange}: body at ${body}, its end at ${end}, done at ${done}`;
    }
  }
  return '';
}

describe.each(scenarios)('$name', ({ steps, wanted }) => {
  const longest = Math.max(...steps.map(([, text]) => text.length));
  const same = (cutter: Cutter, how: string) => {
    const log = play(steps, cutter);
    if (JSON.stringify(log) !== JSON.stringify(wanted)) expect(log, how).toEqual(wanted);
  };

  test('whole', () => {
    const log = play(steps);
    expect(log).toEqual(wanted);
    expect(broken(steps, log)).toBe('');
  });

  test('cut into single bytes', () => same(everyByte, 'single bytes'));

  test('cut at every byte', () => {
    // Within a long body one byte is like the other: its beginning, and its boundaries below, must do.
    for (let cut = 1; cut < (longest < 4000 ? longest : 300); cut++) same(atOffset(cut), `every step cut at ${cut}`);
  });

  test('cut around every change of class', () => {
    for (const [i, cutter] of boundaryCutters(wanted).entries()) same(cutter, `boundary ${i}`);
  });

  test('cut at random', () => {
    const next = random(longest);
    for (let round = 0; round < 50; round++) same(atRandom(next), `round ${round}`);
  });
});

describe('any bytes', () => {
  /** Whole and cut at random must agree, and nothing that holds for any input may break. */
  function survives(steps: Step[], next: () => number, how: string): void {
    const log = play(steps);
    if (broken(steps, log) !== '') expect.fail(`${how}: ${broken(steps, log)}\n${JSON.stringify(steps)}`);
    const recut = play(steps, atRandom(next));
    if (JSON.stringify(log) !== JSON.stringify(recut)) expect(recut, how).toEqual(log);
  }

  const noise = (next: () => number, length: number) =>
    toText(Uint8Array.from({ length }, () => Math.floor(next() * (next() < 0.3 ? 16 : 256))));

  test('500 rounds of noise in both directions', () => {
    const next = random(1);
    for (let round = 0; round < 500; round++) {
      const steps = Array.from(
        { length: 6 },
        (): Step => [next() < 0.5 ? 'up' : 'down', noise(next, 1 + next() * 300)],
      );
      survives(steps, next, `round ${round}`);
    }
  });

  test('500 rounds of noise behind a WebSocket handshake', () => {
    const next = random(2);
    for (let round = 0; round < 500; round++) {
      const steps: Step[] = [
        ['up', UPGRADE],
        ['down', SWITCH],
      ];
      for (let i = 0; i < 6; i++) steps.push([next() < 0.5 ? 'up' : 'down', noise(next, 1 + next() * 300)]);
      survives(steps, next, `round ${round}`);
    }
  });

  test('2000 rounds of scenarios with bytes changed, steps dropped, doubled and swapped', () => {
    const next = random(3);
    const pick = <T>(list: T[]): T => list[Math.floor(next() * list.length)] as T;
    const small = scenarios.filter(({ steps }) => steps.every(([, text]) => text.length < 4000));
    for (let round = 0; round < 2000; round++) {
      const steps = [...pick(small).steps, ...pick(small).steps].map(([direction, text]): Step => [direction, text]);
      for (let change = next() * 4; change > 0; change--) {
        const step = pick(steps);
        const at = Math.floor(next() * step[1].length);
        if (next() < 0.6) step[1] = step[1].slice(0, at) + noise(next, 1) + step[1].slice(at + 1);
        else if (next() < 0.4) steps.splice(steps.indexOf(step), 1, [...step], step);
        else if (next() < 0.5 && steps.length > 1) steps.splice(steps.indexOf(step), 1);
        else steps.sort(() => next() - 0.5);
      }
      survives(steps, next, `round ${round}`);
    }
  });
});

describe('the calls', () => {
  /** A meter that only lists the bytes it tells. */
  function listing(): { meter: ReturnType<typeof createMeter>; calls: [string, Uint8Array][]; faults: string[] } {
    const calls: [string, Uint8Array][] = [];
    const faults: string[] = [];
    const nothing = () => {};
    const meter = createMeter({
      bytes: (direction, _, kind, bytes) => calls.push([`${direction} ${kind}`, bytes]),
      request: nothing,
      response: nothing,
      frame: nothing,
      bodyEnd: nothing,
      done: nothing,
      fault: (direction) => faults.push(direction),
    });
    return { meter, calls, faults };
  }

  test('one for each run of a class, and views of the input', () => {
    const { meter, calls } = listing();
    meter.up(toBytes(GET));
    meter.down(toBytes(CHUNKED));
    calls.length = 0;
    const write = toBytes(`40\r\n${'x'.repeat(64)}\r\n40\r\n${'y'.repeat(64)}\r\n`);
    meter.down(write);
    expect(calls.map(([what, { byteOffset, length }]) => [what, byteOffset, length])).toEqual([
      ['down framing', 0, 4],
      ['down body', 4, 64],
      ['down framing', 68, 6],
      ['down body', 74, 64],
      ['down framing', 138, 2],
    ]);
    expect(calls.every(([, bytes]) => bytes.buffer === write.buffer)).toBe(true);
  });

  test('a head in one, however it is cut', () => {
    const { meter, calls } = listing();
    for (const byte of toBytes(GET)) meter.up(Uint8Array.of(byte));
    expect(calls.map(([what, bytes]) => [what, toText(bytes)])).toEqual([['up head', GET]]);
  });

  test('fields in any case, repeats joined, cookies and all', () => {
    const seen: (string | undefined)[] = [];
    const nothing = () => {};
    const meter = createMeter({
      bytes: nothing,
      request: (_, { header }) =>
        seen.push(header('LAST-event-id'), header('accept'), header('cookie'), header('none')),
      response: nothing,
      frame: nothing,
      bodyEnd: nothing,
      done: nothing,
      fault: nothing,
    });
    meter.up(toBytes('GET / HTTP/1.1\r\nLast-Event-ID:  7 \r\nAccept: a\r\naccept: b\r\nCookie: c=1:2\r\n\r\n'));
    expect(seen).toEqual(['7', 'a, b', 'c=1:2', undefined]);
  });

  test('1 MiB may wait for the answer to an upgrade, and no byte more', () => {
    const { meter, calls, faults } = listing();
    meter.up(toBytes(UPGRADE));
    const quarter = new Uint8Array(256 * 1024).fill(0x41);
    for (let i = 0; i < 4; i++) meter.up(quarter);
    expect(calls.length).toBe(1);
    expect(faults).toEqual([]);
    meter.up(Uint8Array.of(0x42));
    expect(faults).toEqual(['up']);
    expect(calls.slice(1).map(([what, { length }]) => [what, length])).toEqual([
      ['up unparsed', 1024 * 1024],
      ['up unparsed', 1],
    ]);
  });
});
