/** The settings of a run: their ranges, networks to choose from, and the check that both sides use. */
import { checkSchedule, type ScheduledFault } from './faults.ts';
import type { SettingFault } from './refusal.ts';
import { LADDER, TECHNIQUES, type TechniqueId } from './techniques.ts';
import { MAX_UPLINK_BYTES } from './uplink.ts';

export const ARRIVALS = ['steady', 'poisson', 'burst'] as const;
export type Arrivals = (typeof ARRIVALS)[number];

/** The settings of one run. Rates are per second, sizes in bytes, times in the unit that the name ends in. */
export interface RunSettings {
  /** The lanes; the ladder by default. */
  techniques: TechniqueId[];
  eventsPerSecond: number;
  arrivals: Arrivals;
  payloadBytes: number;
  durationSeconds: number;
  pollIntervalMs: number;
  longPollTimeoutMs: number;
  /** Added round-trip time: half of it each way, and once more for the handshake of a new connection. */
  rttMs: number;
  /** Each one-way trip takes longer by 0 to this, seeded. Bytes never overtake each other. */
  jitterMs: number;
  /** For each lane and each direction; 0 = unlimited. */
  kilobitsPerSecond: number;
  /** The interval at which all connections of every lane are reset, counted from the start; 0 = never. */
  cutEverySeconds: number;
  /** Messages that each client sends to the server. */
  uplinkPerSecond: number;
  /** Simulated clients of each lane, besides the reader's own. */
  subscribers: number;
  seed: number;
  /** What breaks by itself, and at which event. */
  faults: ScheduledFault[];
}

/** Default and range of every numeric setting. The default of `seed` is not used: it is drawn at random and shown. */
export const RANGES = {
  eventsPerSecond: { default: 2, min: 0.1, max: 100, integer: false },
  payloadBytes: { default: 64, min: 1, max: 16384, integer: true },
  durationSeconds: { default: 20, min: 1, max: 900, integer: true },
  pollIntervalMs: { default: 1000, min: 50, max: 60000, integer: true },
  longPollTimeoutMs: { default: 25000, min: 100, max: 60000, integer: true },
  rttMs: { default: 0, min: 0, max: 2000, integer: true },
  jitterMs: { default: 0, min: 0, max: 1000, integer: true },
  kilobitsPerSecond: { default: 0, min: 0, max: 1000000, integer: true },
  cutEverySeconds: { default: 0, min: 0, max: 600, integer: true },
  uplinkPerSecond: { default: 0, min: 0, max: 10, integer: false },
  subscribers: { default: 0, min: 0, max: 200, integer: true },
  seed: { default: 0, min: 0, max: 4294967295, integer: true },
} as const;
export type NumericSetting = keyof typeof RANGES;

/** The most payload bytes per second that the feed of one run may carry (rate × payload): eight lanes of it fit a class's wifi. */
export const MAX_FEED_BYTES_PER_SECOND = 262144;

/** The settings that simulate a network. */
export type NetworkSettings = Pick<RunSettings, 'rttMs' | 'jitterMs' | 'kilobitsPerSecond' | 'cutEverySeconds'>;

/**
 * Networks to choose from. Each is a plausible example, not a measurement. The satellite is geostationary: 4 × 35,786 km at
 * the speed of light take 477 ms, and the equipment the rest.
 */
export const NETWORKS = {
  'same-machine': { rttMs: 0, jitterMs: 0, kilobitsPerSecond: 0, cutEverySeconds: 0 },
  'office-lan': { rttMs: 2, jitterMs: 1, kilobitsPerSecond: 100000, cutEverySeconds: 0 },
  home: { rttMs: 20, jitterMs: 5, kilobitsPerSecond: 40000, cutEverySeconds: 0 },
  '4g': { rttMs: 50, jitterMs: 20, kilobitsPerSecond: 12000, cutEverySeconds: 0 },
  satellite: { rttMs: 600, jitterMs: 30, kilobitsPerSecond: 5000, cutEverySeconds: 0 },
} as const satisfies Record<string, NetworkSettings>;
export type NetworkId = keyof typeof NETWORKS;

/** What a numeric setting takes, in words: `a whole number from 1 to 16384`. */
export function rangeInWords(name: NumericSetting): string {
  const { min, max, integer } = RANGES[name];
  return `a ${integer ? 'whole ' : ''}number from ${min} to ${max}`;
}

/**
 * Checks run settings from outside (a request body, a URL) and fills in the defaults. Never throws: returns the settings, or
 * everything that is wrong with them. `seed` stays undefined if none was given.
 */
export function checkSettings(
  input: unknown,
): { settings: Omit<RunSettings, 'seed'> & { seed?: number } } | { faults: SettingFault[] } {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return { faults: [{ field: '(body)', got: input, takes: 'a JSON object of run settings' }] };
  }
  const given = input as Record<string, unknown>;
  const faults: SettingFault[] = [];
  const known = ['techniques', 'arrivals', ...Object.keys(RANGES), 'faults'];
  for (const field of Object.keys(given)) {
    if (!known.includes(field))
      faults.push({ field, got: given[field], takes: `no such setting; there are ${known.join(', ')}` });
  }

  const { techniques = [...LADDER], arrivals = 'steady', faults: scheduled = [] } = given;
  const techniquesFit =
    Array.isArray(techniques) &&
    techniques.length > 0 &&
    new Set(techniques).size === techniques.length &&
    techniques.every((id) => (TECHNIQUES as readonly unknown[]).includes(id));
  if (!techniquesFit) {
    faults.push({
      field: 'techniques',
      got: techniques,
      takes: `a list of one or more of ${TECHNIQUES.join(', ')}, each once`,
    });
  }

  if (!(ARRIVALS as readonly unknown[]).includes(arrivals)) {
    faults.push({ field: 'arrivals', got: arrivals, takes: `one of ${ARRIVALS.join(', ')}` });
  }

  const numbers = {} as Record<NumericSetting, number>;
  for (const name of Object.keys(RANGES) as NumericSetting[]) {
    const { min, max, integer } = RANGES[name];
    const { [name]: value = RANGES[name].default } = given;
    if (typeof value === 'number' && value >= min && value <= max && (!integer || Number.isInteger(value)))
      numbers[name] = value;
    else faults.push({ field: name, got: value, takes: rangeInWords(name) });
  }
  const { seed, ...rest } = numbers;
  if (rest.eventsPerSecond * rest.payloadBytes > MAX_FEED_BYTES_PER_SECOND) {
    faults.push({
      field: 'payloadBytes',
      got: rest.payloadBytes,
      takes: `at most ${MAX_FEED_BYTES_PER_SECOND} bytes a second in all; at ${rest.eventsPerSecond} events a second that is ${Math.floor(MAX_FEED_BYTES_PER_SECOND / rest.eventsPerSecond)} bytes each`,
    });
  }
  if (rest.uplinkPerSecond > 0 && rest.payloadBytes > MAX_UPLINK_BYTES) {
    faults.push({
      field: 'uplinkPerSecond',
      got: rest.uplinkPerSecond,
      takes: `0 where payloadBytes is above ${MAX_UPLINK_BYTES}: no message towards the server is longer than that`,
    });
  }
  const planned = checkSchedule(scheduled, techniquesFit ? (techniques as TechniqueId[]) : TECHNIQUES);
  if ('faults' in planned) faults.push(...planned.faults);
  if (faults.length > 0 || 'faults' in planned) return { faults };
  const settings = {
    techniques: techniques as TechniqueId[],
    arrivals: arrivals as Arrivals,
    ...rest,
    faults: planned.schedule,
  };
  return { settings: given.seed === undefined ? settings : { ...settings, seed } };
}
