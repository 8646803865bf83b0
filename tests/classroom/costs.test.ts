/** What a class costs, in each second: measured, and for other sizes calculated. */
import { expect, test } from 'vitest';
import type { LaneCounts } from '../../demo-server/classroom/protocol.ts';
import { costRows, SIZES } from '../../site/class/teacher/costs.ts';

const counts = { requests: 100, headBytes: 40_000, connectionsOpened: 5, wireBytes: 60_000 } as LaneCounts;

test('measured is a second of this class, calculated the same for each device times the size', () => {
  const [row] = costRows({ run: 'r', devices: 4, seconds: 20, lanes: { sse: counts }, held: { sse: 4 } });
  const measured = { requests: 5, headBytes: 2000, connections: 0.25, wireBytes: 3000, held: 4 };
  expect(row).toMatchObject({ technique: 'sse', measured });
  for (const [n, size] of SIZES.entries()) {
    for (const [name, value] of Object.entries(measured))
      expect(row?.calculated[n]?.[name as 'held'], `${name} for ${size}`).toBeCloseTo((value / 4) * size, 6);
  }
});

test('nothing is calculated before there is a second and a device to divide by', () => {
  expect(costRows({ run: 'r', devices: 0, seconds: 20, lanes: { sse: counts }, held: {} })).toEqual([]);
  expect(costRows({ run: 'r', devices: 4, seconds: 0.5, lanes: { sse: counts }, held: {} })).toEqual([]);
});
