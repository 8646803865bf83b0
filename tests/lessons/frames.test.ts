/** The frame workbench: the vectors of RFC 6455 5.7, every length form, every rule. And its agreement with ws and with the notes. */
import { describe, expect, test } from 'vitest';
import * as ws from 'ws';
import {
  asExchange,
  type Decoded,
  encodeFrame,
  type Form,
  type Frame,
  hexOf,
  readFrames,
  shortestForm,
} from '../../site/components/workbench/frame-codec.ts';
import { readHex } from '../../site/components/workbench/hex-text.ts';
import { annotate } from '../../site/wire/wire-annotate.ts';

/** What ws writes frames with: exported, but not in its types. */
const { Sender } = ws as unknown as { Sender: { frame(data: Buffer, options: object): Buffer[] } };

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const KEY = readHex('37 fa 21 3d');
const frame = (parts: Partial<Frame> = {}): Frame => ({
  fin: true,
  rsv: 0,
  opcode: 1,
  key: null,
  payload: utf8('Hello'),
  ...parts,
});
const only = (hex: string, from: 'client' | 'server' = 'server'): Decoded => {
  const { frames, faults } = readFrames(readHex(hex), from);
  expect(faults).toEqual([]);
  expect(frames).toHaveLength(1);
  return frames[0] as Decoded;
};
const faultsOf = (hex: string, from: 'client' | 'server' = 'server'): string[] => {
  const { frames, faults } = readFrames(readHex(hex), from);
  return [...frames.flatMap((one) => one.faults), ...faults].map(({ key }) => key);
};

describe('the examples of RFC 6455 5.7', () => {
  test.each([
    ['81 05 48 65 6c 6c 6f', frame()],
    ['81 85 37 fa 21 3d 7f 9f 4d 51 58', frame({ key: KEY })],
    ['01 03 48 65 6c', frame({ fin: false, payload: utf8('Hel') })],
    ['80 02 6c 6f', frame({ opcode: 0, payload: utf8('lo') })],
    ['89 05 48 65 6c 6c 6f', frame({ opcode: 9 })],
    ['8a 85 37 fa 21 3d 7f 9f 4d 51 58', frame({ opcode: 10, key: KEY })],
  ])('%s', (hex, made) => {
    expect(hexOf(encodeFrame(made))).toBe(hex);
    const { fin, rsv, opcode, key, payload } = readFrames(readHex(hex), made.key ? 'client' : 'server')
      .frames[0] as Decoded;
    expect({ fin, rsv, opcode, key, payload }).toEqual(made);
  });

  test('256 bytes and 64 KiB take 16 and 64 bits', () => {
    expect(hexOf(encodeFrame(frame({ opcode: 2, payload: new Uint8Array(256) })).subarray(0, 4))).toBe('82 7e 01 00');
    expect(hexOf(encodeFrame(frame({ opcode: 2, payload: new Uint8Array(65536) })).subarray(0, 10))).toBe(
      '82 7f 00 00 00 00 00 01 00 00',
    );
  });

  test('a fragmented message is whole, with a Ping in its middle', () => {
    expect(faultsOf('01 03 48 65 6c 80 02 6c 6f')).toEqual([]);
    expect(faultsOf('01 03 48 65 6c 89 00 80 02 6c 6f')).toEqual([]);
  });
});

test.each([0, 1, 125, 126, 127, 65535, 65536])(
  'a payload of %i bytes comes back, masked and not, in every form that holds it',
  (length) => {
    const payload = Uint8Array.from({ length }, (_, i) => i % 251);
    for (const key of [null, KEY]) {
      for (const form of [7, 16, 64] as Form[]) {
        const made = frame({ opcode: 2, key, payload });
        if (form < shortestForm(length)) {
          expect(() => encodeFrame(made, form)).toThrow(`got ${length} bytes`);
          continue;
        }
        const bytes = encodeFrame(made, form);
        const read = only(hexOf(bytes), key ? 'client' : 'server');
        expect(read.payload).toEqual(payload);
        expect(read.form).toBe(form);
        expect(read.headBytes + length).toBe(bytes.length);
        expect(read.faults.map((fault) => fault.key)).toEqual(form === shortestForm(length) ? [] : ['notShortest']);
      }
    }
  },
);

test('agrees with what ws writes', () => {
  for (const length of [0, 125, 126, 65535, 65536]) {
    const payload = Buffer.alloc(length, 65);
    const options = { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: true };
    const written = Sender.frame(payload, options);
    const ours = Buffer.from(encodeFrame(frame({ payload })));
    expect(ours.equals(Buffer.concat(written))).toBe(true);
  }
});

describe('a broken rule is named', () => {
  test.each([
    ['83 00', 'server', ['opcode']],
    ['8f 00', 'server', ['opcode']],
    ['c1 00', 'server', ['rsv']],
    ['81 00', 'client', ['unmasked']],
    ['81 80 00 00 00 00', 'server', ['masked']],
    ['09 00', 'server', ['fragmented']],
    [`89 7e 00 7e ${'00 '.repeat(126)}`, 'server', ['long']],
    ['81 7e 00 01 41', 'server', ['notShortest']],
    ['81 7f 00 00 00 00 00 00 00 01 41', 'server', ['notShortest']],
    ['88 01 03', 'server', ['closeOne']],
    ['88 02 03 e8', 'server', []],
    ['88 00', 'server', []],
    ['88 02 03 e7', 'server', ['closeCode']],
    ['88 02 03 ee', 'server', ['closeCode']],
    ['88 02 13 88', 'server', ['closeCode']],
    ['88 03 03 e8 ff', 'server', ['utf8']],
    ['81 02 c3 28', 'server', ['utf8']],
    ['82 02 c3 28', 'server', []],
    // A letter may be cut in two by a fragment; the message as a whole has to be UTF-8.
    ['01 01 c3 80 01 bc', 'server', []],
    ['01 01 c3 80 01 28', 'server', ['utf8']],
    ['80 00', 'server', ['lonely']],
    ['01 00 81 00', 'server', ['interrupted']],
    ['01 00', 'server', ['unfinished']],
    ['81', 'server', ['missing']],
    ['81 7e 01', 'server', ['missing']],
    ['81 85 00 00', 'client', ['missing']],
    ['81 05 48 65', 'server', ['missing']],
    ['81 7f 80 00 00 00 00 00 00 00', 'server', ['highBit']],
    ['81 7f 00 ff ff ff ff ff ff ff', 'server', ['missing']],
  ] as const)('%s from the %s: %j', (hex, from, keys) => {
    expect(faultsOf(hex, from)).toEqual([...keys]);
  });

  test('and how many bytes are missing', () => {
    expect(readFrames(readHex('81 05 48 65'), 'server').faults).toEqual([{ key: 'missing', values: { count: 3 } }]);
  });
});

test('the bits of the fields are the bits of the head', () => {
  for (const hex of ['81 85 37 fa 21 3d 7f 9f 4d 51 58', '82 7e 00 7e', '82 ff 00 00 00 00 00 01 00 00 01 02 03 04']) {
    const head = readHex(hex);
    const length = { '81': 5, '82': 0 }[hex.slice(0, 2)] ?? 0;
    const padded = new Uint8Array(head.length + (length === 0 ? 65536 : 0));
    padded.set(head);
    const [read] = readFrames(padded, 'client').frames;
    const bits = read?.fields.map((field) => field.bits.replaceAll(' ', '')).join('');
    const expected = Array.from(padded.subarray(0, read?.headBytes), (byte) => byte.toString(2).padStart(8, '0')).join(
      '',
    );
    expect(bits).toBe(expected);
  }
});

test('the notes of the wire view fit the frame', () => {
  const [read] = readFrames(readHex('81 85 37 fa 21 3d 7f 9f 4d 51 58'), 'client').frames;
  const stretches = annotate(asExchange(read as Decoded, 'client')).flatMap((turn) => turn.stretches);
  expect(stretches.filter(({ kind }) => kind !== 'head').map(({ note }) => note.key)).toEqual([
    'frame.first.fin',
    'frame.length.masked7',
    'frame.mask',
    'frame.masked',
  ]);
  expect(Buffer.from(stretches.at(-1)?.unmasked ?? []).toString()).toBe('Hello');
});
