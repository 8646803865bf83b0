/** The Accept workbench: the vector of RFC 6455 1.3, what Node computes, and every text that is no key. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { acceptSteps, GUID, randomKey, readKey, SAMPLE } from '../../site/components/workbench/accept-steps.ts';

test('the example of RFC 6455 1.3', async () => {
  const { joined, digest, accept } = await acceptSteps(SAMPLE);
  expect(joined).toBe('dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11');
  expect(Buffer.from(digest).toString('hex')).toBe('b37a4f2cc0624f1690f64606cf385945b2bec4ea');
  expect(accept).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
});

test('any key gives what Node gives', async () => {
  for (let i = 0; i < 20; i += 1) {
    const key = randomKey();
    expect(readKey(key)).toHaveProperty('bytes.length', 16);
    const expected = createHash('sha1')
      .update(key + GUID)
      .digest('base64');
    expect((await acceptSteps(` ${key}\t`)).accept).toBe(expected);
  }
});

describe('is no key', () => {
  test.each([
    ['', { fault: 'empty' }],
    ['dGhlIHNhbXBsZSBub25jZQ', { fault: 'length', values: { count: 22 } }],
    ['dGhl_HNhbXBsZSBub25jZQ==', { fault: 'signs', values: { got: '_' } }],
    ['dGhl=HNhbXBsZSBub25jZQ==', { fault: 'padding' }],
    ['dGhlIHNhbXBsZSBub25j', { fault: 'bytes', values: { count: 15 } }],
    [randomKey(13), { fault: 'bytes', values: { count: 13 } }],
    [randomKey(17), { fault: 'bytes', values: { count: 17 } }],
  ])('%j', (text, fault) => {
    expect(readKey(text)).toMatchObject(fault);
  });
});
