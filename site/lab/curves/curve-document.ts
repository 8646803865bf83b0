/**
 * A series of measured points as one JSON document and as tables, to keep, to hand on, and to draw again without a server. Pure.
 */

import { type Mismatch, mismatches, type Schema } from '../../../demo-server/measure/json-check.ts';
import type { Made } from '../../../demo-server/measure/run-document.ts';
import { RANGES, TECHNIQUES, type TechniqueId } from '../../../demo-server/protocol.ts';
import { type JsonFault, parseJson } from '../kept/file-text.ts';
import { type CurvePlan, curveTexts, planFromTexts, queryFromPlan } from './curve-plan.ts';
import type { CurvePoint, LanePoint } from './curve-run.ts';

const CURVES_SCHEMA = 'pushlab-curves/1';

/** A plan with the points that have been measured of it, and with what they were. */
export interface Series {
  plan: CurvePlan;
  points: CurvePoint[];
  made: Made;
}

/** The document. `query` behind the address of the page measures the series again; a run's bytes and ages are those of `LanePoint`. */
export interface CurvesDocument {
  schema: typeof CURVES_SCHEMA;
  made: Made;
  query: string;
  plan: CurvePlan;
  points: (Omit<CurvePoint, 'lanes' | 'uncertaintyMs'> & {
    /** Null where nobody knew how far the clocks were apart. */
    uncertaintyMs: number | null;
    lanes: Partial<Record<TechniqueId, LanePoint>>;
  })[];
}

/** Writes a series down. */
export function documentOfSeries({ plan, points, made }: Series): CurvesDocument {
  return {
    schema: CURVES_SCHEMA,
    made,
    query: queryFromPlan(plan),
    plan,
    points: points.map(({ lanes, uncertaintyMs, ...point }) => ({
      ...point,
      uncertaintyMs: Number.isNaN(uncertaintyMs) ? null : uncertaintyMs,
      lanes: Object.fromEntries(lanes),
    })),
  };
}

const text: Schema = { type: 'string' };
const fields = (properties: Record<string, Schema>): Schema => ({
  type: 'object',
  required: Object.keys(properties),
  properties,
});
const SHAPE: Schema = fields({
  schema: { const: CURVES_SCHEMA },
  made: fields({ at: text, agent: text, system: text, server: text, pushlab: text }),
  query: text,
  points: {
    type: 'array',
    maxItems: 12,
    items: fields({
      value: { type: 'number', minimum: 0 },
      run: text,
      uncertaintyMs: { type: ['number', 'null'], minimum: 0 },
      hidden: { type: 'boolean' },
      proxied: { type: 'boolean' },
      lanes: {
        type: 'object',
        additionalProperties: fields({
          bytes: { type: ['number', 'null'], minimum: 0 },
          age: { type: ['number', 'null'] },
          lost: { type: 'integer', minimum: 0 },
          failed: { type: ['string', 'null'] },
        }),
      },
    }),
  },
});

/** Reads such a document from text that may be anything. Never throws: the series, or why it is no JSON, or the first field that is wrong. */
export function readSeries(source: string): Series | { fault: Mismatch } | { noJson: JsonFault } {
  const parsed = parseJson(source);
  if ('fault' in parsed) return { noJson: parsed.fault };
  const { value } = parsed;
  const [wrong] = mismatches(value, SHAPE, 1);
  if (wrong) return { fault: wrong };
  const { query, points, made } = value as CurvesDocument;
  const read = planFromTexts(curveTexts(query));
  if ('faults' in read) {
    const [{ field, got, takes } = { field: '', got: query, takes: '' }] = read.faults;
    return { fault: { path: `query: ${field}`, got, takes } };
  }
  const { min, max } = RANGES[read.plan.vary];
  const beyond = points.findIndex(({ value: at }) => at < min || at > max);
  if (beyond >= 0)
    return { fault: { path: `points[${beyond}].value`, got: points[beyond]?.value, takes: `${min} … ${max}` } };
  return {
    plan: read.plan,
    made,
    points: points
      .map(({ lanes, uncertaintyMs, ...point }) => ({
        ...point,
        uncertaintyMs: uncertaintyMs ?? Number.NaN,
        lanes: new Map(TECHNIQUES.flatMap((id): [TechniqueId, LanePoint][] => (lanes[id] ? [[id, lanes[id]]] : []))),
      }))
      .sort((a, b) => a.value - b.value),
  };
}

/** The table of one plot, a head first: a line for each point, a column for each technique; an empty cell where there is nothing. */
export function seriesLines(
  { plan, points }: Pick<Series, 'plan' | 'points'>,
  plot: 'bytes' | 'age',
): (string | number)[][] {
  const { techniques } = plan.settings;
  const unit = plot === 'bytes' ? 'bytes_per_event' : 'mean_age_ms';
  const bare = (value: number | null | undefined) => (value == null ? '' : Math.round(value * 1000) / 1000);
  return [
    [plan.vary, ...techniques.map((id) => `${id}_${unit}`), 'run'],
    ...points.map(({ value, lanes, run }) => [value, ...techniques.map((id) => bare(lanes.get(id)?.[plot])), run]),
  ];
}

/** Name of a file of this series, by its settings, without an ending. */
export function seriesFile({ vary, from, to, settings }: CurvePlan): string {
  return `pushlab-curves-${vary}-${from}-${to}-${settings.techniques.join('+')}-seed-${settings.seed ?? 'drawn'}`;
}
