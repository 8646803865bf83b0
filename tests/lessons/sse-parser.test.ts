/** The workbench's parser by the examples of HTML 9.2.6, and by our own cases at every cut. */
import { describe, expect, test } from 'vitest';
import { type Outcome, parseStream } from '../../site/components/sse-parser/sse-parse.ts';
import {
  LINE_ENDS,
  type LineEnd,
  SAMPLES,
  type SampleName,
  streamBytes,
} from '../../site/components/sse-parser/sse-samples.ts';

const ends = Object.keys(LINE_ENDS) as LineEnd[];
const names = Object.keys(SAMPLES) as SampleName[];
const parse = (text: string, end: LineEnd = 'lf', bom = false): Outcome => parseStream([streamBytes(text, end, bom)]);
const told = (text: string): [type: string, data: string, id: string][] =>
  parse(text).dispatches.map(({ type, data, lastEventId }) => [type, data, lastEventId]);
/** Without what the line ends alone change. */
const meaning = ({ steps, ...rest }: Outcome) => ({ ...rest, steps: steps.map(({ end: _, ...step }) => step) });

describe('the examples of HTML 9.2.6', () => {
  test('three lines of data are one event', () => {
    expect(told(SAMPLES['spec-lines'])).toEqual([['message', 'YHOO\n+2\n10', '']]);
  });

  test('a comment, an id, an id taken back, and an event without its blank line', () => {
    expect(told(SAMPLES['spec-ids'])).toEqual([
      ['message', 'first event', '1'],
      ['message', 'second event', ''],
    ]);
    expect(parse(SAMPLES['spec-ids']).discarded).toEqual({ line: '', data: ' third event\n', type: '' });
    expect(told(`${SAMPLES['spec-ids']}\n`).at(-1)).toEqual(['message', ' third event', '']);
  });

  test('a field without a value is data all the same', () => {
    expect(told(SAMPLES['spec-empty'])).toEqual([
      ['message', '', ''],
      ['message', '\n', ''],
    ]);
    expect(parse(SAMPLES['spec-empty']).discarded.data).toBe('\n');
  });

  test('one space after the colon does not count', () => {
    expect(told(SAMPLES['spec-space'])).toEqual([
      ['message', 'test', ''],
      ['message', 'test', ''],
    ]);
  });
});

describe('the rules', () => {
  test('the order of the fields inside a block does not matter', () => {
    const [one, other] = told(SAMPLES.order);
    expect(one).toEqual(['first', 'the order', '1']);
    expect(other).toEqual(one);
  });

  test('an id persists until the next, counts without data, and only by a blank line', () => {
    expect(told('id: 1\ndata: a\n\ndata: b\n\nid: 2\n\ndata: c\n\n')).toEqual([
      ['message', 'a', '1'],
      ['message', 'b', '1'],
      ['message', 'c', '2'],
    ]);
    expect(parse(SAMPLES.unfinished).lastEventId).toBe('1');
    expect(parse('id: 1\n\nid: 2\n').lastEventId).toBe('1');
  });

  test('an id with NULL is ignored, an empty one clears it', () => {
    expect(parse('id: 1\n\nid: 2␀\n\n').lastEventId).toBe('1');
    expect(parse('id: 1\n\nid: \n\n').lastEventId).toBe('');
  });

  test('the event type lasts for one block, with data or without', () => {
    expect(told('event: a\n\ndata: b\n\nevent: c\ndata: d\n\ndata: e\n\n')).toEqual([
      ['message', 'b', ''],
      ['c', 'd', ''],
      ['message', 'e', ''],
    ]);
  });

  test('retry takes ASCII digits only', () => {
    expect(parse('retry: 2000\n').retryMs).toBe(2000);
    for (const bad of ['retry: 2s\n', 'retry: -1\n', 'retry: 1.5\n', 'retry:  9\n', 'retry\n', 'retry: ٣\n'])
      expect([bad, parse(bad).retryMs]).toEqual([bad, undefined]);
  });

  test('names are compared letter by letter', () => {
    expect(told('Data: a\n data: b\ndata : c\nDATA: d\n\n')).toEqual([]);
  });

  test('one byte order mark is dropped, a second is part of the name', () => {
    expect(parse('data: a\n\n', 'lf', true)).toMatchObject({ bom: true, dispatches: [{ data: 'a' }] });
    expect(parse('\uFEFFdata: a\n\n', 'lf', true).dispatches).toEqual([]);
  });

  test('line ends may be mixed, and a CR LF is one', () => {
    const mixed = new TextEncoder().encode('data: a\rdata: b\r\ndata: c\n\r\ndata: d\n\rdata: e\r\r');
    const outcome = parseStream([mixed]);
    expect(outcome.dispatches.map(({ data }) => data)).toEqual(['a\nb\nc', 'd', 'e']);
    expect(outcome.steps.map(({ end }) => end)).toEqual(['\r', '\r\n', '\n', '\r\n', '\n', '\r', '\r', '\r']);
  });

  test('what is not UTF-8 becomes U+FFFD and ends nothing', () => {
    const bytes = new Uint8Array([
      ...new TextEncoder().encode('data: '),
      0xff,
      0xc3,
      ...new TextEncoder().encode('\n\n'),
    ]);
    expect(parseStream([bytes]).dispatches[0]?.data).toBe('\uFFFD\uFFFD');
  });
});

describe.each(names)('%s', (name) => {
  test.each(ends)('is the same with %s, with and without a byte order mark, cut anywhere', (end) => {
    const whole = parse(SAMPLES[name]);
    for (const bom of [false, true]) {
      const bytes = streamBytes(SAMPLES[name], end, bom);
      expect(meaning(parseStream([bytes]))).toEqual({ ...meaning(whole), bom });
      const single = [...bytes].map((byte) => Uint8Array.of(byte));
      expect(parseStream(single)).toEqual(parseStream([bytes]));
      for (let at = 0; at <= bytes.length; at += 1)
        expect(parseStream([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(parseStream([bytes]));
    }
  });

  test.each(ends)('broken off anywhere with %s tells only whole events', (end) => {
    const bytes = streamBytes(SAMPLES[name], end, false);
    const { dispatches } = parseStream([bytes]);
    let last = 0;
    for (let at = 0; at <= bytes.length; at += 1) {
      const cut = parseStream([bytes.subarray(0, at)]);
      expect(cut.dispatches).toEqual(dispatches.slice(0, cut.dispatches.length));
      expect(cut.dispatches.length).toBeGreaterThanOrEqual(last);
      last = cut.dispatches.length;
    }
    expect(last).toBe(dispatches.length);
  });
});
