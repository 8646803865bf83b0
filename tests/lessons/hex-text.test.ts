/** Bytes as people copy them: what each program prints is read as the bytes that it printed, and what has two readings as none. */
import { execFileSync } from 'node:child_process';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { hexOf } from '../../site/components/workbench/frame-codec.ts';
import { HexError, readHexText } from '../../site/components/workbench/hex-text.ts';

/** Two frames whose text looks like hexadecimal, like a dump's own signs and like blanks. */
const BYTES = Buffer.concat([
  Buffer.from('818537fa213d7f9f4d51588105', 'hex'),
  Buffer.from('Hello beef 12|ab>c  '),
  Buffer.alloc(2),
]);
const LONG = Buffer.concat([Buffer.alloc(48), Buffer.from('end')]);

test.each([
  '8105',
  '81 05',
  '0x81,0x05',
  '81:05\n',
  ' 81\t05 ',
  '81-05',
  '81_05',
  '\\x81\\x05',
  '"\\x81\\x05"',
  "b'\\x81\\x05'",
  'const char *frame = "\\x81" "\\x05";',
  '{0x81, 0x05}',
  '{0x81, 0x5}',
  'unsigned char frame[2] = { /* Frame (2 bytes) */ 0x81, 0x05 };',
  '[]byte{0x81, 0x5}',
  '<Buffer 81 05>',
  'Uint8Array(2) [ 129, 5 ]',
  'new Uint8Array([129, 5])',
  '{"type":"Buffer","data":[129,5]}',
  '0000   81 05                                             ..',
  '00000000: 8105                                     ..',
  '00000000  81 05                                             |..|\n00000002',
  '000000 81 05                                            >..<\n000002',
  '\t0x0000:  8105                                     ..',
])('%j is 81 05', (text) => {
  expect(hexOf(readHexText(text).bytes)).toBe('81 05');
});

/** As `xxd`, Wireshark (and `tshark -x`) and tcpdump print them, which not every machine has. */
const XXD = `00000000: 8185 37fa 213d 7f9f 4d51 5881 0548 656c  ..7.!=..MQX..Hel
00000010: 6c6f 2062 6565 6620 3132 7c61 623e 6320  lo beef 12|ab>c 
00000020: 2000 00                                   ..`;
const WIRESHARK = `0000   81 85 37 fa 21 3d 7f 9f 4d 51 58 81 05 48 65 6c   ..7.!=..MQX..Hel
0010   6c 6f 20 62 65 65 66 20 31 32 7c 61 62 3e 63 20   lo beef 12|ab>c 
0020   20 00 00                                           ..`;
const HEXDUMP = `00000000  81 85 37 fa 21 3d 7f 9f  4d 51 58 81 05 48 65 6c  |..7.!=..MQX..Hel|
00000010  6c 6f 20 62 65 65 66 20  31 32 7c 61 62 3e 63 20  |lo beef 12|ab>c |
00000020  20 00 00                                          | ..|
00000023`;

test.each([
  ['xxd', XXD],
  ['xxd, its blanks at the ends of lines lost', XXD.replace(/ +$/gm, '')],
  ['Wireshark', WIRESHARK],
  ['Wireshark, from the fifth byte of a file on', WIRESHARK.replace(/^00/gm, '01')],
  ['tcpdump', XXD.replace(/^0000/gm, '\t0x').replace(/: /g, ':  ')],
  ['hexdump -C', HEXDUMP],
  ['hexdump -C with Windows’ line ends', HEXDUMP.replaceAll('\n', '\r\n')],
  ['offsets and bytes without the text', HEXDUMP.replace(/ +\|.*$/gm, '')],
])('a dump of %s', (_, text) => {
  expect(readHexText(text)).toEqual({ bytes: Uint8Array.from(BYTES), form: 'dump' });
});

test.each([
  ['with letters', BYTES],
  ['with lines left out', LONG],
])('od of this machine %s', (_, bytes) => {
  const od = (...args: string[]) => execFileSync('od', args, { input: bytes, encoding: 'utf8' });
  for (const args of [
    ['-A', 'x', '-t', 'x1z'],
    ['-t', 'x1'],
    ['-A', 'x', '-t', 'x1'],
  ])
    expect(readHexText(od(...args)), args.join(' ')).toEqual({ bytes: Uint8Array.from(bytes), form: 'dump' });
  for (const args of [[], ['-x']]) expect(() => readHexText(od(...args)), args.join(' ')).toThrow('hexWords');
});

test('what Node prints', () => {
  expect([...readHexText(inspect(BYTES)).bytes]).toEqual([...BYTES]);
  expect([...readHexText(inspect(Uint8Array.from(BYTES))).bytes]).toEqual([...BYTES]);
  expect([...readHexText(JSON.stringify(BYTES)).bytes]).toEqual([...BYTES]);
  expect(() => readHexText(inspect(LONG))).toThrow('hexMore');
});

test('what Python prints: letters are bytes too', () => {
  expect(readHexText(String.raw`b'\x81\x03abc\n'`)).toEqual({
    bytes: Uint8Array.from([0x81, 3, 0x61, 0x62, 0x63, 10]),
    form: 'escaped',
  });
});

test('lines of plain hexadecimal are no dump, also where they begin with zeros', () => {
  for (const text of ['8105 4865\n6c6c 6f81', '0000 8105', '0000 0000\n0000 0000', '00 00 81 05\n48 65'])
    expect(readHexText(text)).toEqual({
      bytes: Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex')),
      form: 'plain',
    });
});

test.each([
  ['81 0', 'hexOdd'],
  ['8g', 'hexSign'],
  ['Hello', 'hexSign'],
  [String.raw`\x81\x05Hello`, 'hexSign'],
  ['[129 5 72]', 'hexDecimal'],
  ['129, 5, 72, 101', 'hexDecimal'],
  ['1 2 3 4', 'hexDecimal'],
  ['Uint8Array(1) [ 300 ]', 'hexSign'],
  ['0000000 0581 6548', 'hexWords'],
  [WIRESHARK.replace('65 66', '65 67'), 'hexDump'],
  [WIRESHARK.replace('0010', '0020'), 'hexDump'],
])('is refused: %j', (text, key) => {
  expect(() => readHexText(text)).toThrow(HexError);
  expect(() => readHexText(text)).toThrow(key);
});
