/**
 * What a cost curve is made of: the setting that varies, its values, and the run at each of them. Pure.
 */

import {
  queryFromSettings,
  settingsFromTexts,
  textsFromQuery,
  type WantedSettings,
} from '../../../demo-server/measure/settings.ts';
import { RANGES, type SettingFault, TECHNIQUES, type TechniqueId } from '../../../demo-server/protocol.ts';

/** The settings that can be varied. */
export const VARIED = ['eventsPerSecond', 'payloadBytes', 'pollIntervalMs', 'subscribers', 'rttMs'] as const;
export type Varied = (typeof VARIED)[number];

/** Range and number of points when the reader has chosen nothing else. */
export const SPANS: Readonly<Record<Varied, { from: number; to: number }>> = {
  eventsPerSecond: { from: 1, to: 100 },
  payloadBytes: { from: 16, to: 4096 },
  pollIntervalMs: { from: 200, to: 5000 },
  subscribers: { from: 0, to: 100 },
  rttMs: { from: 0, to: 400 },
};

/** Techniques that tell the story when the reader has chosen none: one that asks, one that waits, two that stay open. */
export const TOLD: readonly TechniqueId[] = ['polling', 'long-poll', 'sse', 'websocket'];

/** Points in a curve, and how long each runs unless told otherwise (s). */
export const POINTS = { default: 5, min: 2, max: 12 } as const;
export const POINT_SECONDS = 10;
/** A point runs on until the feed has had so many events: fewer would measure how the connections were opened, and little else. */
const LEAST_EVENTS = 10;

export interface CurvePlan {
  vary: Varied;
  from: number;
  to: number;
  points: number;
  /** Everything else; the varied setting in it is put in anew for each point. */
  settings: WantedSettings;
}

/** What the fields and the address hold: text by name. */
export type CurveTexts = ReturnType<typeof textsFromQuery> & {
  vary?: string;
  from?: string;
  to?: string;
  points?: string;
};

/** Whether the values lie by equal factors, on a logarithmic axis, or by equal steps, on a linear one. */
export function isLogarithmic({ from, to }: Pick<CurvePlan, 'from' | 'to'>): boolean {
  return from > 0 && to / from >= 5;
}

/** The values of the varied setting, ascending, each once: by equal factors or equal steps, rounded to what it takes. */
export function valuesOf(plan: Pick<CurvePlan, 'vary' | 'from' | 'to' | 'points'>): number[] {
  const { vary, from, to, points } = plan;
  const values = Array.from({ length: points }, (_, index) => {
    const share = index / (points - 1);
    const value = isLogarithmic(plan) ? from * (to / from) ** share : from + (to - from) * share;
    // The ends are what was asked for; two digits are enough in between.
    if (index === 0 || index === points - 1) return index === 0 ? from : to;
    return RANGES[vary].integer ? Math.round(value) : Number(value.toPrecision(2));
  });
  return [...new Set(values)];
}

/** The settings of the run at one value: as long as asked, and long enough for ten events. */
export function settingsAt({ vary, settings }: CurvePlan, value: number): WantedSettings {
  const now = { ...settings, [vary]: value };
  const least = Math.ceil(LEAST_EVENTS / now.eventsPerSecond);
  return { ...now, durationSeconds: Math.min(RANGES.durationSeconds.max, Math.max(now.durationSeconds, least)) };
}

/** What a run takes besides its events (s): connecting, settling, the clocks. */
export const EXTRA_SECONDS = 2;

/** Seconds that the points still to come will take. */
export function secondsFor(plan: CurvePlan, values: readonly number[]): number {
  return values.reduce((sum, value) => sum + settingsAt(plan, value).durationSeconds + EXTRA_SECONDS, 0);
}

/** The values that have not been measured yet. */
export function missing(plan: CurvePlan, done: readonly { value: number }[]): number[] {
  return valuesOf(plan).filter((value) => !done.some((point) => point.value === value));
}

/** The texts in a query string. */
export function curveTexts(query: string): CurveTexts {
  const parameters = new URLSearchParams(query);
  const texts: CurveTexts = textsFromQuery(query);
  for (const name of ['vary', 'from', 'to', 'points'] as const) {
    const text = parameters.get(name);
    if (text !== null) texts[name] = text;
  }
  return texts;
}

/** The plan that texts spell, or every fault in them. Each point's settings are checked, as a payload may fit at one rate only. */
export function planFromTexts(texts: CurveTexts): { plan: CurvePlan } | { faults: SettingFault[] } {
  const { vary = VARIED[0], from, to, points, ...rest } = texts;
  if (!(VARIED as readonly string[]).includes(vary)) {
    return { faults: [{ field: 'vary', got: vary, takes: `one of ${VARIED.join(', ')}` }] };
  }
  const varied = vary as Varied;
  const faults: SettingFault[] = [];
  const number = (field: 'from' | 'to' | 'points', text: string | undefined, otherwise: number) => {
    if (text === undefined) return otherwise;
    const { min, max, integer } = field === 'points' ? { ...POINTS, integer: true } : RANGES[varied];
    const value = Number(text);
    const fits = text.trim() !== '' && value >= min && value <= max && (!integer || Number.isInteger(value));
    if (!fits) faults.push({ field, got: text, takes: `a ${integer ? 'whole ' : ''}number from ${min} to ${max}` });
    return value;
  };
  const span = { from: number('from', from, SPANS[varied].from), to: number('to', to, SPANS[varied].to) };
  const count = number('points', points, POINTS.default);
  if (faults.length === 0 && span.from >= span.to) {
    faults.push({ field: 'to', got: span.to, takes: `more than ${span.from}` });
  }
  const base = settingsFromTexts({
    ...rest,
    techniques: rest.techniques ?? [...TOLD],
    durationSeconds: rest.durationSeconds ?? String(POINT_SECONDS),
    // What varies is not what it is elsewhere.
    [varied]: undefined,
  });
  if ('faults' in base) return { faults: [...faults, ...base.faults] };
  if (faults.length > 0) return { faults };
  const plan: CurvePlan = { vary: varied, ...span, points: count, settings: base.settings };
  for (const value of valuesOf(plan)) {
    const { seed, ...at } = settingsAt(plan, value);
    const checked = settingsFromTexts(textsFromQuery(queryFromSettings(seed === undefined ? at : { ...at, seed })));
    if ('faults' in checked) return { faults: checked.faults };
  }
  return { plan };
}

/** The query string that repeats these curves. */
export function queryFromPlan({ vary, from, to, points, settings }: CurvePlan): string {
  const rest = new URLSearchParams(queryFromSettings(settings));
  rest.delete(vary);
  // The default here is another than the lab's, so that it is written down always.
  rest.set('techniques', TECHNIQUES.filter((id) => settings.techniques.includes(id)).join(','));
  const own = `vary=${vary}&from=${from}&to=${to}&points=${points}`;
  return `?${own}&${[...rest].map(([name, value]) => `${name}=${value}`).join('&')}`;
}

/** The plan with a seed: one for all its points, and known, so that its link measures the same events again. */
export function withSeed(plan: CurvePlan): CurvePlan {
  const { max } = RANGES.seed;
  const seed = plan.settings.seed ?? Math.floor(Math.random() * (max + 1));
  return { ...plan, settings: { ...plan.settings, seed } };
}

/** Whether two plans measure the same, so that points of one are points of the other. */
export function samePlan(one: CurvePlan, other: CurvePlan): boolean {
  return queryFromPlan(one) === queryFromPlan(other);
}
