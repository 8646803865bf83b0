/** Garbage at every door, a small count of it: `npm run fuzz` has more. */
import { expect, test } from 'vitest';
import { fuzz } from './fuzz.ts';

test('a server that is sent garbage stands, accounts for every byte, refuses in words and keeps nothing', async () => {
  const { findings, conversations, connections } = await fuzz({ seed: 1, from: 0, to: 240 });
  expect(findings).toEqual([]);
  expect(conversations).toBe(240);
  expect(connections).toBeGreaterThan(100);
});
