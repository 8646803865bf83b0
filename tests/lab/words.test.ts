import { expect, test } from 'vitest';
import { formatter, NOTHING } from '../../site/kit/format.ts';
import { say } from '../../site/kit/words.ts';

test('sentences are filled in, counted, and missing ones are seen', () => {
  const words = {
    language: 'en',
    hello: 'Hello {{name}}, {{ name }}!',
    lost_one: 'once',
    lost_other: '{{count}} times',
  };
  expect(say(words, 'hello', { name: 'Ada' })).toBe('Hello Ada, Ada!');
  expect(say(words, 'lost', { count: 1 })).toBe('once');
  expect(say(words, 'lost', { count: 3 })).toBe('3 times');
  expect(say({ ...words, language: 'zh-CN' }, 'lost', { count: 1 })).toBe('1 times');
  expect(say(words, 'nowhere')).toBe('nowhere');
});

test('numbers carry their unit and no digits that nobody measured', () => {
  const format = formatter('en');
  expect(format.bytes(831.4)).toBe('831\u00a0B');
  expect(format.bytes(999.6)).toBe('1\u00a0kB');
  expect(format.bytes(12_431)).toBe('12.4\u00a0kB');
  expect(format.bytes(2_500_000)).toBe('2.5\u00a0MB');
  expect(format.exactBytes(12_431)).toBe('12,431\u00a0B');
  expect([0.0432, 1.2345, 502.4, 1234.6].map(format.ms)).toEqual([
    '0.0432\u00a0ms',
    '1.23\u00a0ms',
    '502\u00a0ms',
    '1,235\u00a0ms',
  ]);
  expect(format.uncertainty(0.0449)).toBe('±\u00a00.045\u00a0ms');
  expect(format.seconds(12_340)).toBe('12.3\u00a0s');
  expect(format.moment(12_340.4)).toBe('12.340\u00a0s');
  expect([1.26, 14.7].map(format.times)).toEqual(['1.3\u00a0×', '15\u00a0×']);
  expect([format.ms(Number.NaN), format.count(Number.POSITIVE_INFINITY)]).toEqual([NOTHING, NOTHING]);
  expect(formatter('de').exactBytes(12_431)).toBe('12.431\u00a0B');
});
