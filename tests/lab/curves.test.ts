import { describe, expect, test } from 'vitest';
import { crossings } from '../../site/lab/curves/crossings.ts';
import {
  documentOfSeries,
  readSeries,
  type Series,
  seriesFile,
  seriesLines,
} from '../../site/lab/curves/curve-document.ts';
import {
  type CurvePlan,
  curveTexts,
  planFromTexts,
  queryFromPlan,
  settingsAt,
  TOLD,
  VARIED,
  valuesOf,
  withSeed,
} from '../../site/lab/curves/curve-plan.ts';
import { csvOf } from '../../site/lab/take-away/csv-lines.ts';

const linear = { logarithmicX: false, logarithmicY: false };
const logarithmic = { logarithmicX: true, logarithmicY: true };

describe('crossings', () => {
  test('lie where the straight lines between measured points meet, and say who is cheaper on each side', () => {
    const found = crossings(
      [0, 10, 20],
      [
        { id: 'polling', values: [100, 60, 20] },
        { id: 'sse', values: [40, 40, 40] },
      ],
      linear,
    );
    expect(found).toEqual([{ cheaperBefore: 'sse', cheaperAfter: 'polling', x: 15, y: 40, between: [10, 20] }]);
  });

  test('are straight on the axes that are drawn: a cost that halves with each doubling is a line there', () => {
    const xs = [1, 10, 100];
    const [crossing, ...more] = crossings(
      xs,
      [
        { id: 'polling', values: xs.map((x) => 840 / x) },
        { id: 'sse', values: xs.map(() => 21) },
      ],
      logarithmic,
    );
    expect(more).toEqual([]);
    expect(crossing?.x).toBeCloseTo(40, 9);
    expect(crossing?.y).toBeCloseTo(21, 9);
    expect(crossing?.between).toEqual([10, 100]);
  });

  test('at a measured point count once, and touching without changing sides does not count', () => {
    const level = { id: 'sse', values: [5, 5, 5] };
    const through = crossings([1, 2, 3], [{ id: 'polling', values: [9, 5, 1] }, level], linear);
    expect(through).toEqual([{ cheaperBefore: 'sse', cheaperAfter: 'polling', x: 2, y: 5, between: [1, 3] }]);
    expect(crossings([1, 2, 3], [{ id: 'polling', values: [9, 5, 9] }, level], linear)).toEqual([]);
    expect(crossings([1, 2, 3], [{ id: 'polling', values: [5, 5, 5] }, level], linear)).toEqual([]);
  });

  test('need a difference that can be told: within the margin two curves are one', () => {
    const level = { id: 'sse', values: [5, 5, 5, 5] };
    const noisy = { id: 'websocket', values: [5.1, 4.9, 5.1, 4.9] };
    expect(crossings([1, 2, 3, 4], [level, noisy], linear)).toHaveLength(3);
    expect(crossings([1, 2, 3, 4], [level, noisy], { ...linear, margin: 0.2 })).toEqual([]);
    expect(crossings([1, 2, 3, 4], [level, noisy], { ...linear, share: 0.05 })).toEqual([]);
    expect(crossings([1, 2, 3, 4], [level, noisy], { ...linear, share: 0.01 })).toHaveLength(3);
    const real = { id: 'polling', values: [9, 5.1, 4.9, 1] };
    const [only, ...more] = crossings([1, 2, 3, 4], [level, real], { ...linear, margin: 0.2 });
    expect(more).toEqual([]);
    expect(only).toMatchObject({ cheaperBefore: 'sse', cheaperAfter: 'polling', between: [1, 4] });
    expect(only?.x).toBeCloseTo(2.5, 9);
  });

  test('of three curves are found for each pair, by x; a point that one of them lacks is passed over', () => {
    const found = crossings(
      [0, 1, 2],
      [
        { id: 'a', values: [0, 10, 20] },
        { id: 'b', values: [15, 15, 15] },
        { id: 'c', values: [5, null, 5] },
      ],
      linear,
    );
    expect(found.map(({ cheaperBefore, cheaperAfter, x, y }) => [cheaperBefore, cheaperAfter, x, y])).toEqual([
      ['a', 'c', 0.5, 5],
      ['a', 'b', 1.5, 15],
    ]);
  });
});

describe('the plan of a curve', () => {
  const planned = (query: string): CurvePlan => {
    const read = planFromTexts(curveTexts(query));
    if ('faults' in read) throw new Error(JSON.stringify(read.faults));
    return read.plan;
  };
  const faults = (query: string) => {
    const read = planFromTexts(curveTexts(query));
    return 'faults' in read ? read.faults.map(({ field }) => field) : [];
  };

  test('without a word is a curve that tells something', () => {
    const plan = planned('');
    expect(plan).toMatchObject({ vary: 'eventsPerSecond', from: 1, to: 100, points: 5 });
    expect(plan.settings.techniques).toEqual(TOLD);
    expect(valuesOf(plan)).toEqual([1, 3.2, 10, 32, 100]);
    for (const vary of VARIED) expect(valuesOf(planned(`vary=${vary}`)).length, vary).toBe(5);
  });

  test('goes by equal factors over a wide range, by equal steps over a narrow one or from zero, each value once', () => {
    expect(valuesOf(planned('vary=payloadBytes&from=10&to=1000&points=3'))).toEqual([10, 100, 1000]);
    expect(valuesOf(planned('vary=rttMs&from=0&to=400&points=5'))).toEqual([0, 100, 200, 300, 400]);
    expect(valuesOf(planned('vary=eventsPerSecond&from=1&to=2&points=3'))).toEqual([1, 1.5, 2]);
    expect(valuesOf(planned('vary=subscribers&from=1&to=3&points=9'))).toEqual([1, 2, 3]);
  });

  test('runs each point as long as asked, and until there were ten events', () => {
    const plan = planned('from=0.1&to=10&durationSeconds=15');
    expect(settingsAt(plan, 0.1)).toMatchObject({ eventsPerSecond: 0.1, durationSeconds: 100 });
    expect(settingsAt(plan, 10)).toMatchObject({ eventsPerSecond: 10, durationSeconds: 15 });
  });

  test('comes back from its own address, and keeps the settings that have no field', () => {
    const plan = planned(
      'vary=payloadBytes&from=8&to=800&points=4&techniques=sse,http10&arrivals=poisson&jitterMs=7&seed=9',
    );
    expect(plan.settings).toMatchObject({ arrivals: 'poisson', jitterMs: 7, seed: 9 });
    expect(planned(queryFromPlan(plan))).toEqual({
      ...plan,
      settings: { ...plan.settings, techniques: ['http10', 'sse'] },
    });
    expect(queryFromPlan(plan)).not.toContain('payloadBytes=');
  });

  test('that does not fit is told by its field', () => {
    expect(faults('vary=seed')).toEqual(['vary']);
    expect(faults('from=0&to=x&points=1')).toEqual(['from', 'to', 'points']);
    expect(faults('from=5&to=5')).toEqual(['to']);
    expect(faults('techniques=')).toEqual(['techniques']);
    // 16 kB fit at a few events a second, at a hundred they do not.
    expect(faults('from=1&to=100&payloadBytes=16000')).toEqual(['payloadBytes']);
  });
});

describe('a series that is kept', () => {
  function series(): Series {
    const read = planFromTexts(curveTexts('?from=2&to=8&points=2&techniques=polling,sse&seed=4&rttMs=40'));
    if ('faults' in read) throw new Error(JSON.stringify(read.faults));
    const lane = (bytes: number | null, age: number | null) => ({ bytes, age, lost: 0, failed: null });
    const more = { hidden: false, proxied: false };
    return {
      plan: read.plan,
      made: {
        at: '2026-11-20T12:00:00.000Z',
        client: 'browser',
        agent: 'Firefox 153',
        system: 'X',
        server: 's',
        pushlab: '1',
      },
      points: [
        {
          value: 2,
          run: 'a',
          lanes: new Map([
            ['polling', lane(900.5, 1200)],
            ['sse', lane(80, 251.25)],
          ]),
          uncertaintyMs: 0.04,
          ...more,
        },
        {
          value: 8,
          run: 'b',
          lanes: new Map([
            ['polling', lane(null, null)],
            ['sse', lane(70, 63)],
          ]),
          uncertaintyMs: Number.NaN,
          ...more,
        },
      ],
    };
  }

  test('is the same series when it is read again, settings, seed and unknown clocks included', () => {
    const made = series();
    const read = readSeries(JSON.stringify(documentOfSeries(made)));
    expect(read).toEqual(made);
    expect('plan' in read && queryFromPlan(read.plan)).toBe(queryFromPlan(made.plan));
  });

  test('as a table has a line for each point, and an empty cell where nothing was measured', () => {
    expect(csvOf(seriesLines(series(), 'bytes'))).toBe(
      'eventsPerSecond,polling_bytes_per_event,sse_bytes_per_event,run\r\n2,900.5,80,a\r\n8,,70,b\r\n',
    );
    expect(csvOf(seriesLines(series(), 'age'))).toContain('\r\n2,1200,251.25,a\r\n');
    expect(seriesFile(series().plan)).toBe('pushlab-curves-eventsPerSecond-2-8-polling+sse-seed-4');
  });

  test.each([
    ['another document', (good: object) => JSON.stringify({ ...good, schema: 'pushlab-run/1' }), 'schema'],
    ['a setting that is none', (good: object) => JSON.stringify({ ...good, query: '?from=9&to=3' }), 'query: to'],
    ['points that are words', (good: object) => JSON.stringify({ ...good, points: [{ value: 'x' }] }), 'points[0].run'],
  ])('%s is refused with the place that is wrong', (_, spoil, path) => {
    const read = readSeries(spoil(documentOfSeries(series())));
    expect('fault' in read && read.fault.path).toBe(path);
  });

  test('that is no JSON says so', () => {
    expect(readSeries('hello')).toMatchObject({ noJson: { kind: 'json', got: 'hello' } });
  });

  test('has one seed for all points, drawn where none was given', () => {
    const { plan } = series();
    expect(withSeed(plan).settings.seed).toBe(4);
    const { seed: _, ...settings } = plan.settings;
    const drawn = withSeed({ ...plan, settings }).settings.seed;
    expect(planFromTexts(curveTexts(queryFromPlan(withSeed({ ...plan, settings }))))).toHaveProperty('plan');
    expect(Number.isInteger(drawn)).toBe(true);
  });
});
