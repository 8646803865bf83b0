/** The class's own numbers: a dot for each device's median latency by technique, and what the class costs its server. */
import { LATENCY_BINS, type SeatLine, type TeacherPicture } from '../../../demo-server/classroom/protocol.ts';
import { percentile } from '../../../demo-server/measure/statistics.ts';
import { BUSY_MS, TECHNIQUES, type TechniqueId } from '../../../demo-server/protocol.ts';
import type { Format } from '../../kit/format.ts';
import { h } from '../../kit/html.ts';
import { technique as mark } from '../../kit/mark.ts';
import { svg } from '../../kit/svg.ts';
import { say, type Words } from '../../kit/words.ts';
import { type CostPerSecond, costRows, SIZES } from '../teacher/costs.ts';

type Names = Readonly<Record<TechniqueId, string>>;

/** Medians of the devices of one lane, ascending (ms), and how many latencies all devices have measured there. */
interface LaneSummary {
  technique: TechniqueId;
  medians: number[];
  events: number;
  lost: number;
}

/** One summary for each lane that a device has told of, in ladder order. */
function laneSummaries(results: readonly SeatLine[]): LaneSummary[] {
  return TECHNIQUES.flatMap((technique) => {
    const lanes = results.flatMap(({ lanes }) => lanes[technique] ?? []);
    if (lanes.length === 0) return [];
    const medians = lanes.flatMap(({ p50 }) => (p50 === null ? [] : [p50])).sort((a, b) => a - b);
    const sum = (name: 'received' | 'lost') => lanes.reduce((total, lane) => total + lane[name], 0);
    return [{ technique, medians, events: sum('received'), lost: sum('lost') }];
  });
}

/** A device that saw the start so much later came into a run that went on (ms). */
const LATE_MS = 1000;

const WIDTH = 360;
const HEIGHT = 28;
const LOW = LATENCY_BINS[0] as number;
const HIGH = LATENCY_BINS.at(-1) as number;
const GRID = [1, 10, 100, 1000, 10_000];
/** Where a latency stands on the logarithmic axis, in units of the drawing. */
const xOf = (ms: number): number => (WIDTH * Math.log(Math.min(HIGH, Math.max(LOW, ms)) / LOW)) / Math.log(HIGH / LOW);

/** The results as a section of their own; nothing while there are none. */
export function resultsView(picture: TeacherPicture, words: Words, format: Format, names: Names): HTMLElement[] {
  const { results, class: now } = picture;
  if (!now.run || results.length === 0) return [];
  const summaries = laneSummaries(results);
  const finals = results.filter(({ final }) => final).length;
  return [
    h('p', { class: 'count' }, say(words, 'class.results.count', { count: results.length, final: finals })),
    strips(summaries, picture, words, format, names),
    ...conditions(results, now.run.startsAt, words, format),
    ...costs(picture, words, format, names),
  ];
}

/** One strip for each lane, with its figures beside it: a picture and a table in one. */
function strips(
  summaries: readonly LaneSummary[],
  { pooled }: TeacherPicture,
  words: Words,
  format: Format,
  names: Names,
): HTMLElement {
  const head = ['technique', 'devices', 'median', 'range', 'events', 'lost'].map((name) =>
    h('th', { scope: 'col', class: name === 'technique' ? undefined : 'number' }, say(words, `class.results.${name}`)),
  );
  const rows = summaries.map(({ technique, medians, events, lost }) => {
    const [low, high] = [medians[0] ?? Number.NaN, medians.at(-1) ?? Number.NaN];
    const figures = [
      format.count(medians.length),
      format.ms(percentile(medians, 50)),
      medians.length > 0 ? `${format.ms(low)} – ${format.ms(high)}` : format.ms(Number.NaN),
      format.count(events),
      format.count(lost),
    ];
    return h(
      'tr',
      { 'data-technique': technique },
      h('th', { scope: 'row' }, mark(technique), ` ${names[technique]}`),
      ...figures.map((figure) => h('td', {}, figure)),
      h('td', { class: 'strip-cell' }, strip(technique, medians, pooled[technique] ?? [], words, names)),
    );
  });
  return h(
    'div',
    { class: 'scroll', role: 'region', tabindex: '0', 'aria-label': say(words, 'class.results.caption') },
    h(
      'table',
      { class: 'class-strips' },
      h('caption', {}, say(words, 'class.results.caption')),
      h('thead', {}, h('tr', {}, ...head, h('th', { scope: 'col' }, axis(words, format)))),
      h('tbody', {}, ...rows),
    ),
  );
}

function axis(words: Words, format: Format): HTMLElement {
  // The last one stands at the edge of what scrolls, which would cut it.
  const anchor = (ms: number) => (ms === GRID.at(-1) ? 'end' : 'middle');
  const ticks = GRID.map((ms) =>
    svg('text', { x: anchor(ms) === 'end' ? WIDTH : xOf(ms), y: 12, 'text-anchor': anchor(ms) }, format.ms(ms)),
  );
  const picture = svg('svg', { viewBox: `0 0 ${WIDTH} 16`, class: 'class-axis', 'aria-hidden': 'true' }, ...ticks);
  return h('span', {}, h('span', { class: 'sr-only' }, say(words, 'class.results.picture')), picture);
}

/** A dot for each device's median over the spread of all latencies. */
function strip(
  technique: TechniqueId,
  medians: readonly number[],
  pooled: readonly number[],
  words: Words,
  names: Names,
): SVGElement {
  const most = Math.max(1, ...pooled);
  const bars = pooled.flatMap((count, bin) => {
    if (count === 0) return [];
    const right = xOf(LATENCY_BINS[bin] ?? HIGH);
    const left = bin === 0 ? 0 : xOf(LATENCY_BINS[bin - 1] as number);
    const height = (HEIGHT * count) / most;
    return [svg('rect', { x: left, y: HEIGHT - height, width: Math.max(1, right - left), height })];
  });
  const dots = medians.map((ms, n) => svg('circle', { cx: xOf(ms), cy: HEIGHT / 2 + ((n % 5) - 2) * 3, r: 3 }));
  const lines = GRID.map((ms) => svg('line', { x1: xOf(ms), x2: xOf(ms), y1: 0, y2: HEIGHT }));
  const label = say(words, 'class.results.strip', { name: names[technique], count: medians.length });
  return svg(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'class-strip', role: 'img', 'aria-label': label },
    ...lines,
    ...bars,
    ...dots,
  );
}

/** What stands beside every latency of a class: how far devices may be off, and what their pages lacked. */
function conditions(
  results: readonly SeatLine[],
  startsAt: number | null,
  words: Words,
  format: Format,
): HTMLElement[] {
  const notes: string[] = [];
  const coarse = results.filter(({ conditions }) => !conditions.isolated);
  const steps = results.map(({ conditions }) => conditions.resolutionMs);
  // A device's clock is known no better than it steps.
  const unsure = results.flatMap(({ conditions: { uncertaintyMs, resolutionMs } }) =>
    uncertaintyMs === null ? [] : Math.max(uncertaintyMs, resolutionMs),
  );
  if (unsure.length > 0) notes.push(say(words, 'class.results.uncertainty', { most: format.ms(Math.max(...unsure)) }));
  if (coarse.length > 0)
    notes.push(say(words, 'class.results.notIsolated', { count: coarse.length, step: format.ms(Math.max(...steps)) }));
  const waits = results.flatMap(({ conditions }) => conditions.eventLoopDelayMs ?? []).filter((ms) => ms > BUSY_MS);
  if (waits.length > 0)
    notes.push(say(words, 'class.results.busy', { count: waits.length, most: format.ms(Math.max(...waits)) }));
  const { inSight, hidden, late } = startsOf(results, startsAt ?? 0);
  if (inSight.length > 1)
    notes.push(
      say(words, 'class.results.started', {
        count: inSight.length,
        spread: format.ms(Math.max(...inSight) - Math.min(...inSight)),
      }),
    );
  if (hidden.length > 0)
    notes.push(say(words, 'class.results.hidden', { count: hidden.length, most: format.ms(Math.max(...hidden)) }));
  if (late.length > 0) notes.push(say(words, 'class.results.late', { count: late.length }));
  return notes.length > 0 ? [h('ul', { class: 'class-notes' }, ...notes.map((note) => h('li', {}, note)))] : [];
}

/** How long after the common start the devices saw it (ms): those whose page was in sight, those whose page was hidden, latecomers. */
export function startsOf(
  results: readonly Pick<SeatLine, 'startedAt' | 'conditions'>[],
  startsAt: number,
): { inSight: number[]; hidden: number[]; late: number[] } {
  const starts = results.flatMap(({ startedAt, conditions }) =>
    startedAt === null ? [] : [{ after: startedAt - startsAt, hidden: conditions.hidden }],
  );
  // Who came into a run that went on has not missed the start by its clock.
  const inTime = starts.filter(({ after }) => after < LATE_MS);
  const after = (which: typeof starts) => which.map((one) => one.after);
  return {
    inSight: after(inTime.filter(({ hidden }) => !hidden)),
    hidden: after(inTime.filter(({ hidden }) => hidden)),
    late: after(starts.filter((one) => one.after >= LATE_MS)),
  };
}

function costs({ costs: sums }: TeacherPicture, words: Words, format: Format, names: Names): HTMLElement[] {
  const rows = sums ? costRows(sums) : [];
  if (!sums || rows.length === 0) return [];
  // A figure's four sizes stand side by side, as they are what is compared, and as short heads let the table fit a wall.
  const figures = [
    { name: 'requests', write: (cost: CostPerSecond) => rate(cost.requests, format) },
    { name: 'headBytes', write: (cost: CostPerSecond) => format.bytes(cost.headBytes) },
    { name: 'connections', write: (cost: CostPerSecond) => rate(cost.connections, format) },
    { name: 'held', write: (cost: CostPerSecond) => format.count(cost.held) },
  ];
  const head = (text: string, attributes: Record<string, string | number>) =>
    h('th', { scope: 'colgroup', ...attributes }, text);
  const size = (count: number, calculated: boolean) =>
    h('th', { scope: 'col', class: calculated ? 'number calculated' : 'number first' }, format.count(count));
  const table = h(
    'table',
    { class: 'class-costs' },
    h('caption', {}, say(words, 'class.costs.caption', { seconds: format.seconds(sums.seconds * 1000) })),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('th', { scope: 'col', rowspan: 2 }, say(words, 'class.results.technique')),
        ...figures.map(({ name }) => head(say(words, `class.costs.${name}`), { colspan: 4, class: 'first' })),
      ),
      h(
        'tr',
        {},
        ...figures.flatMap(() => [
          head(say(words, 'class.costs.measured'), { class: 'first' }),
          head(say(words, 'class.costs.calculated'), { colspan: SIZES.length, class: 'calculated' }),
        ]),
      ),
      h(
        'tr',
        {},
        h('th', { scope: 'row' }, say(words, 'class.results.devices')),
        ...figures.flatMap(() => [size(sums.devices, false), ...SIZES.map((count) => size(count, true))]),
      ),
    ),
    h(
      'tbody',
      {},
      ...rows.map(({ technique, measured, calculated }) =>
        h(
          'tr',
          { 'data-technique': technique },
          h('th', { scope: 'row' }, mark(technique), ` ${names[technique]}`),
          ...figures.flatMap(({ write }) => [
            h('td', { class: 'first' }, write(measured)),
            ...calculated.map((cost) => h('td', { class: 'calculated' }, write(cost))),
          ]),
        ),
      ),
    ),
  );
  return [
    h('h3', {}, say(words, 'class.costs.title')),
    h('div', { class: 'scroll', role: 'region', tabindex: '0', 'aria-label': say(words, 'class.costs.title') }, table),
    h('p', { class: 'foot' }, say(words, 'class.costs.foot')),
  ];
}

/** Things a second: with a decimal where there are few. */
function rate(value: number, format: Format): string {
  return value < 10 ? format.times(value).replace(/\s*×$/, '') : format.count(value);
}
