import { describe, expect, test } from 'vitest';
import { judge, type Seen } from '../../site/probes/check-verdict.ts';

const RUN_MS = 4000;
const every = (ms: number, count: number, from = 0) => Array.from({ length: count }, (_, n) => from + n * ms);
const seen = (more: Partial<Seen>): Seen => ({
  technique: 'sse',
  arrivals: every(250, 16),
  lost: 0,
  duplicated: 0,
  troubles: 0,
  failed: null,
  ...more,
});

describe('a technique on its way', () => {
  test.each([
    ['that comes one by one is unharmed', {}, 'unharmed', null],
    [
      'that is polled twice a second is unharmed, although two events come at once',
      { arrivals: [500, 500, 1000, 1000, 3500, 4000] },
      'unharmed',
      null,
    ],
    ['that comes at once at the end was held', { arrivals: every(1, 16, 4000) }, 'held', 'buffering'],
    ['that comes in its last second was held', { arrivals: every(60, 16, 3000) }, 'held', 'buffering'],
    ['that never comes does not get through', { arrivals: [] }, 'refused', 'other'],
    [
      'that never comes as WebSocket was not upgraded',
      { technique: 'websocket', arrivals: [], troubles: 3 },
      'refused',
      'upgrade',
    ],
    [
      'that is refused as a foreign page has another Host',
      { arrivals: [], failed: 'This request comes from a page of "http://a"; …' },
      'refused',
      'host',
    ],
    [
      'that is refused as a page of another scheme was asked by another one than the proxy says',
      {
        arrivals: [],
        failed: 'This request comes from a page of "https://a.example"; only pages of http://b, http://a.example may.',
      },
      'refused',
      'scheme',
    ],
    [
      'that is refused under a name that nobody gave to the server has no such name',
      { arrivals: [], failed: 'This server does not answer under the name "a.example". …' },
      'refused',
      'name',
    ],
    ['that lacks events loses them', { lost: 2 }, 'losing', 'other'],
    ['that was cut and has everything was mended', { troubles: 1 }, 'broken', 'other'],
  ] as const)('%s', (_, more, verdict, line) => {
    expect(judge(seen(more as Partial<Seen>), RUN_MS)).toMatchObject({ verdict, line });
  });
});
