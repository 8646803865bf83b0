/** The faults that a run can have, and the checks of requests for them. */
import type { SettingFault } from './refusal.ts';
import type { TechniqueId } from './techniques.ts';

/** What can be broken in a run, at once or at an event. */
export const FAULTS = [
  'cut',
  'stall',
  'status-500',
  'status-204',
  'wrong-type',
  'refuse',
  'drop-history',
  'proxy-buffer',
  'idle-limit',
  'compressor',
] as const;
export type FaultId = (typeof FAULTS)[number];

/** Faults that last: they hold or cut what passes until they are removed. */
export const OBSTACLES = [
  'stall',
  'refuse',
  'proxy-buffer',
  'idle-limit',
  'compressor',
] as const satisfies readonly FaultId[];
export type Obstacle = (typeof OBSTACLES)[number];

/** Whether a fault holds or cuts what passes until it is removed. */
export function isObstacle(fault: FaultId): fault is Obstacle {
  return (OBSTACLES as readonly FaultId[]).includes(fault);
}

/** Whether a fault begins by cutting the open connections, so that there is a next request to meet it. */
export function beginsWithCut(fault: FaultId): boolean {
  return fault === 'refuse' || !isObstacle(fault);
}

/** How many bytes of a response a buffering proxy, or a compressor that is never flushed, gathers before it passes them on. */
export const GATHERED_BYTES = { 'proxy-buffer': 4096, compressor: 1024 } as const;
/** How long a proxy with an idle limit waits for the next byte of a response (ms). nginx waits 60 s; a lesson cannot. */
export const IDLE_LIMIT_MS = 5000;

/** How long each fault lasts by default (s). null = until the run ends; 0 = it happens once, and takes no `seconds`. */
export const FAULT_SECONDS: Record<FaultId, number | null> = {
  cut: 0,
  stall: 5,
  'status-500': 0,
  'status-204': 0,
  'wrong-type': 0,
  refuse: 5,
  'drop-history': 0,
  'proxy-buffer': null,
  'idle-limit': null,
  compressor: null,
};

/** The longest that a fault may last (s), and how many a run may plan. */
export const MAX_FAULT_SECONDS = 600;
export const MAX_SCHEDULED_FAULTS = 50;

/** A fault as it is requested: in all lanes of the run unless `techniques` names some. */
export interface FaultOrder {
  fault: FaultId;
  techniques?: TechniqueId[];
  /** How long it lasts; FAULT_SECONDS by default. */
  seconds?: number;
}

/** A fault in the settings of a run. It begins just before this event is sent, which is the first that it affects. */
export interface ScheduledFault extends FaultOrder {
  atEvent: number;
}

/** A fault that has begun. `seconds`: 0 = it happened once, null = it lasts until the run ends. */
export interface BegunFault {
  /** ms since the epoch by the server's clock. */
  at: number;
  fault: FaultId;
  techniques: TechniqueId[];
  seconds: number | null;
  /** The event that it was planned for; null if it was requested during the run. */
  atEvent: number | null;
}

/** Checks one requested fault for a run of these lanes. Never throws. `where` is the name of the field in what it reports. */
export function checkFault(
  input: unknown,
  lanes: readonly TechniqueId[],
  where = '(body)',
): { order: FaultOrder } | { faults: SettingFault[] } {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return { faults: [{ field: where, got: input, takes: 'an object such as {"fault":"cut"}' }] };
  const given = input as Record<string, unknown>;
  const { fault, techniques, seconds } = given;
  const faults: SettingFault[] = [];
  const name = (field: string): string => (where === '(body)' ? field : `${where}.${field}`);
  const known = ['fault', 'techniques', 'seconds', ...(where === '(body)' ? [] : ['atEvent'])];
  for (const field of Object.keys(given)) {
    if (!known.includes(field))
      faults.push({ field: name(field), got: given[field], takes: `no such field; there are ${known.join(', ')}` });
  }
  if (!(FAULTS as readonly unknown[]).includes(fault))
    faults.push({ field: name('fault'), got: fault, takes: `one of ${FAULTS.join(', ')}` });
  const lanesFit =
    techniques === undefined ||
    (Array.isArray(techniques) &&
      techniques.length > 0 &&
      new Set(techniques).size === techniques.length &&
      techniques.every((id) => (lanes as readonly unknown[]).includes(id)));
  if (!lanesFit) {
    const takes = `a list of one or more of ${lanes.join(', ')}, each once; left out, it is all of them`;
    faults.push({ field: name('techniques'), got: techniques, takes });
  }
  const once = FAULT_SECONDS[fault as FaultId] === 0;
  if (seconds !== undefined && once)
    faults.push({ field: name('seconds'), got: seconds, takes: `nothing: ${fault} happens once` });
  else if (seconds !== undefined && !(typeof seconds === 'number' && seconds > 0 && seconds <= MAX_FAULT_SECONDS))
    faults.push({ field: name('seconds'), got: seconds, takes: `a number above 0, up to ${MAX_FAULT_SECONDS}` });
  if (faults.length > 0) return { faults };
  const order: FaultOrder = { fault: fault as FaultId };
  if (techniques !== undefined) order.techniques = techniques as TechniqueId[];
  if (seconds !== undefined) order.seconds = seconds as number;
  return { order };
}

/** Checks the setting `faults` for a run of these lanes. Returns the schedule, or everything that is wrong with it. */
export function checkSchedule(
  input: unknown,
  lanes: readonly TechniqueId[],
): { schedule: ScheduledFault[] } | { faults: SettingFault[] } {
  if (!Array.isArray(input) || input.length > MAX_SCHEDULED_FAULTS) {
    const takes = `a list of at most ${MAX_SCHEDULED_FAULTS} faults such as {"fault":"cut","atEvent":10}`;
    return { faults: [{ field: 'faults', got: input, takes }] };
  }
  const schedule: ScheduledFault[] = [];
  const faults: SettingFault[] = [];
  for (const [n, one] of input.entries()) {
    const where = `faults[${n}]`;
    const checked = checkFault(one, lanes, where);
    if ('faults' in checked) faults.push(...checked.faults);
    const atEvent = (one as { atEvent?: unknown } | null | undefined)?.atEvent;
    if (typeof atEvent !== 'number' || !Number.isSafeInteger(atEvent) || atEvent < 1)
      faults.push({ field: `${where}.atEvent`, got: atEvent, takes: 'the seq of an event: a whole number from 1' });
    else if ('order' in checked) schedule.push({ ...checked.order, atEvent });
  }
  return faults.length > 0 ? { faults } : { schedule };
}
