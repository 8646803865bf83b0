import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { createContext, runInContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import * as protocol from '../../demo-server/protocol.ts';
import {
  ARRIVALS,
  checkFault,
  checkSettings,
  eventJson,
  eventListJson,
  FAULT_SECONDS,
  FAULTS,
  iframeHead,
  iframeScript,
  LADDER,
  MAX_UPLINK_BYTES,
  NETWORKS,
  type NumericSetting,
  OPEN_RUN,
  RANGES,
  rangeInWords,
  resetJson,
  sseEvent,
  TECHNIQUES,
  uplinkAckJson,
  uplinkResponseJson,
} from '../../demo-server/protocol.ts';

test('the ladder has its eight rungs in order, and their ids fit paths and names', () => {
  expect(LADDER).toEqual([
    'http10',
    'keep-alive',
    'polling',
    'long-poll',
    'iframe-stream',
    'xhr-stream',
    'sse',
    'websocket',
  ]);
  expect(TECHNIQUES).toEqual([...LADDER, 'fetch-stream']);
  for (const id of [...TECHNIQUES, OPEN_RUN]) expect(id).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
});

test('the protocol is as good for a browser as for the server: it uses the language and nothing else', () => {
  const read = (path: string): string => readFileSync(new URL(`../../demo-server/${path}`, import.meta.url), 'utf8');
  const files = readdirSync(new URL('../../demo-server/protocol/', import.meta.url)).map((name) => `protocol/${name}`);
  const doors = read('protocol.ts').match(/^export \* from '.+';$/gm);
  expect(doors?.sort()).toEqual(files.map((file) => `export * from './${file}';`).sort());
  const source = files.map(read).join('\n');
  const code = stripTypeScriptTypes(source).replace(/^import .*;$|^export /gm, '');
  // A context of its own has neither Node's globals nor a browser's.
  const bare = createContext({});
  runInContext(code, bare);
  expect(runInContext('typeof Buffer + typeof process + typeof window + typeof fetch', bare)).toBe(
    'undefined'.repeat(4),
  );
  const calls = [
    'checkSettings({})',
    'checkSettings({ seed: -1, arrivals: [], speed: 1 })',
    'checkSettings({ faults: [{ fault: "cut", atEvent: 1 }, { fault: "", atEvent: 0 }] })',
    'checkFault({ fault: "stall", seconds: 3 }, ["sse"])',
    'uplinkResponseJson(1, 5.25) + uplinkAckJson(2, 5)',
    'eventJson({ seq: 1, sentAt: 1795162959467.15, data: "a" })',
    'eventListJson(["{}"], 1, true)',
    'sseEvent(1, "{}") + resetJson(3) + iframeHead("push") + iframeScript("") + rangeInWords("seed")',
  ];
  for (const call of calls) {
    const here = new Function(...Object.keys(protocol), `return JSON.stringify(${call})`)(...Object.values(protocol));
    expect(runInContext(`JSON.stringify(${call})`, bare), call).toBe(here);
  }
});

describe('an event on the wire', () => {
  const event = { seq: 12, sentAt: 1795162959467, data: 'abc' };

  test('has its keys in order and without spaces, as the scanner of the ledger looks for them', () => {
    expect(eventJson(event)).toBe('{"seq":12,"sentAt":1795162959467.000,"data":"abc"}');
    expect(eventJson({ ...event, sentAt: 1795162959467.1252 })).toContain('"sentAt":1795162959467.125,');
    const quoted = eventJson({ ...event, data: 'say "hi"\n\\' });
    expect(JSON.parse(quoted).data).toBe('say "hi"\n\\');
  });

  test('stands unchanged in a list', () => {
    const [one, two] = [eventJson(event), eventJson({ ...event, seq: 13 })];
    expect(eventListJson([], 0, false)).toBe('{"events":[],"next":0}');
    expect(eventListJson([one, two], 13, false)).toBe(`{"events":[${one},${two}],"next":13}`);
    expect(JSON.parse(eventListJson([one], 12, true))).toEqual({ events: [event], next: 12, reset: true });
  });

  test('is dispatched by a blank line, in an event stream', () => {
    expect(sseEvent(12, '{}')).toBe('id: 12\ndata: {}\n\n');
    expect(JSON.parse(resetJson(7))).toEqual({ reset: true, next: 7 });
  });

  test('calls what the page was told to call, in a streamed page, and its script takes itself away', () => {
    const calls: unknown[] = [];
    let removed = 0;
    const page = {
      parent: { told: (value: unknown) => calls.push(value) },
      document: { currentScript: { remove: () => (removed += 1) } },
    };
    const context = createContext(page);
    const html = iframeHead('told') + iframeScript(eventJson(event)) + iframeScript(resetJson(12)) + iframeScript('');
    for (const [, code] of html.matchAll(/<script>(.*?)<\/script>/g)) runInContext(code ?? '', context);
    expect(JSON.parse(JSON.stringify(calls))).toEqual([event, { reset: true, next: 12 }, null]);
    expect(removed).toBe(3);
    expect(html).toMatch(/^<!doctype html><meta charset="utf-8">/);
  });

  test.each([
    '</script><script>stolen()</script>',
    '<!--<script>',
    '</SCRIPT >',
    'a\u2028b\u2029c',
    '\\u003c " \\ é 😀',
  ])('stays data inside a script: %j', (data) => {
    const nasty = { ...event, data };
    const script = iframeScript(eventJson(nasty));
    const code = script.slice('<script>'.length, -'</script>\n'.length);
    expect(code).not.toMatch(/[<\u2028\u2029]/);
    expect(runInContext(code, createContext({ p: JSON.stringify }))).toBe(JSON.stringify(nasty));
  });
});

describe('settings', () => {
  test('that are not given are the defaults, and no seed is made up', () => {
    const checked = checkSettings({});
    expect(checked).toEqual({
      settings: {
        techniques: [...LADDER],
        arrivals: 'steady',
        eventsPerSecond: 2,
        payloadBytes: 64,
        durationSeconds: 20,
        pollIntervalMs: 1000,
        longPollTimeoutMs: 25000,
        rttMs: 0,
        jitterMs: 0,
        kilobitsPerSecond: 0,
        cutEverySeconds: 0,
        uplinkPerSecond: 0,
        subscribers: 0,
        faults: [],
      },
    });
    expect(checkSettings({ seed: undefined, arrivals: undefined })).toEqual(checked);
    expect(checkSettings({ seed: 0 })).toMatchObject({ settings: { seed: 0 } });
  });

  test.each(Object.keys(RANGES) as NumericSetting[])('%s is taken within its range only', (name) => {
    const { min, max, integer } = RANGES[name];
    const others = name === 'payloadBytes' ? { eventsPerSecond: 1 } : { payloadBytes: 1 };
    for (const value of [min, max]) expect(checkSettings({ ...others, [name]: value })).toHaveProperty('settings');
    const bad: unknown[] = [min - 1, max + 1, Number.NaN, Number.POSITIVE_INFINITY, '1', null, [min], true, {}];
    if (integer) bad.push(min + 0.5);
    for (const got of bad) {
      expect(checkSettings({ ...others, [name]: got })).toEqual({
        faults: [{ field: name, got, takes: rangeInWords(name) }],
      });
    }
    expect(rangeInWords(name)).toContain(`number from ${min} to ${max}`);
  });

  test.each([...ARRIVALS])('%s is a way for events to arrive', (arrivals) => {
    expect(checkSettings({ arrivals })).toMatchObject({ settings: { arrivals } });
  });

  test('of whatever kind are refused with words, and never thrown at', () => {
    const odd: unknown[] = [
      undefined,
      null,
      7,
      'x',
      [],
      () => 1,
      Symbol('x'),
      new Date(),
      new Map(),
      Object.create(null),
    ];
    odd.push(
      { techniques: [[]] },
      { techniques: [Symbol('sse')] },
      { arrivals: {} },
      { constructor: 1 },
      { toString: 1 },
    );
    for (const input of odd) {
      const checked = checkSettings(input);
      if ('settings' in checked) expect(checked).toEqual(checkSettings({}));
      else
        for (const { field, takes } of checked.faults)
          expect([typeof field, takes.length > 10]).toEqual(['string', true]);
    }
  });

  test('for the way up: a message is never longer than the server takes', () => {
    const most = { eventsPerSecond: 1, payloadBytes: MAX_UPLINK_BYTES };
    expect(checkSettings({ ...most, uplinkPerSecond: 10 })).toHaveProperty('settings');
    expect(checkSettings({ ...most, payloadBytes: MAX_UPLINK_BYTES + 1 })).toHaveProperty('settings');
    expect(checkSettings({ ...most, payloadBytes: MAX_UPLINK_BYTES + 1, uplinkPerSecond: 10 })).toMatchObject({
      faults: [{ field: 'uplinkPerSecond', got: 10, takes: expect.stringContaining('16000') }],
    });
  });

  test.each(Object.entries(NETWORKS))('the network %s is one that a run takes', (_, network) => {
    expect(checkSettings(network)).toMatchObject({ settings: network });
  });
});

describe('a fault', () => {
  test.each([...FAULTS])('%s is taken in all lanes or in some, and lasts only where it can', (fault) => {
    expect(checkFault({ fault }, LADDER)).toEqual({ order: { fault } });
    expect(checkFault({ fault, techniques: ['sse', 'http10'] }, LADDER)).toEqual({
      order: { fault, techniques: ['sse', 'http10'] },
    });
    const timed = checkFault({ fault, seconds: 2.5 }, LADDER);
    if (FAULT_SECONDS[fault] === 0)
      expect(timed).toEqual({ faults: [{ field: 'seconds', got: 2.5, takes: `nothing: ${fault} happens once` }] });
    else expect(timed).toEqual({ order: { fault, seconds: 2.5 } });
  });

  test.each([
    [null, '(body)'],
    [[], '(body)'],
    ['cut', '(body)'],
    [{}, 'fault'],
    [{ fault: 'earthquake' }, 'fault'],
    [{ fault: 'cut', techniques: [] }, 'techniques'],
    [{ fault: 'cut', techniques: ['websocket'] }, 'techniques'],
    [{ fault: 'cut', techniques: ['sse', 'sse'] }, 'techniques'],
    [{ fault: 'stall', seconds: 0 }, 'seconds'],
    [{ fault: 'stall', seconds: 601 }, 'seconds'],
    [{ fault: 'stall', seconds: '5' }, 'seconds'],
    [{ fault: 'cut', atEvent: 1 }, 'atEvent'],
  ])('%j is refused at %s, with what it takes', (input, field) => {
    const checked = checkFault(input, ['sse', 'polling']);
    expect(checked).toMatchObject({ faults: [{ field, takes: expect.stringMatching(/.{6}/) }] });
  });

  test('can be planned for an event, and every mistake in the plan is found', () => {
    const plan = [
      { fault: 'cut', atEvent: 3 },
      { fault: 'stall', atEvent: 3, seconds: 1, techniques: ['sse'] },
    ];
    expect(checkSettings({ faults: plan })).toMatchObject({ settings: { faults: plan } });
    const checked = checkSettings({
      techniques: ['polling'],
      faults: [plan[1], { fault: 'cut' }, { fault: 'x', atEvent: 0.5 }, 7, null],
    });
    expect('faults' in checked && checked.faults.map(({ field }) => field)).toEqual([
      'faults[0].techniques',
      'faults[1].atEvent',
      'faults[2].fault',
      'faults[2].atEvent',
      'faults[3]',
      'faults[3].atEvent',
      'faults[4]',
      'faults[4].atEvent',
    ]);
    for (const faults of ['cut', {}, null, Array(51).fill({ fault: 'cut', atEvent: 1 })])
      expect(checkSettings({ faults })).toMatchObject({ faults: [{ field: 'faults' }] });
  });
});

test('what the server answers to a message has the same length for the same seed', () => {
  expect(uplinkResponseJson(3, 1795162959467)).toBe('{"n":3,"at":1795162959467.000}');
  expect(uplinkAckJson(3, 1795162959467.1252)).toBe('{"ack":3,"at":1795162959467.125}');
});
