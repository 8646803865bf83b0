/** Reads what devices send. Everything from outside is bounded and rebuilt field by field; what is not known is not kept. */
import { checkSettings, TECHNIQUES, type TechniqueId } from '../../protocol.ts';
import {
  type ClassRequest,
  checkNickname,
  type DeviceResult,
  isClassPath,
  LATENCY_BINS,
  type LaneMeasure,
  type Prediction,
  QUESTION_LIMITS,
  type Question,
  type QuestionKey,
} from '../protocol.ts';
import { badAction, ClassRefused } from './refused.ts';

const KINDS: readonly unknown[] = ['one', 'several', 'order', 'number'];
type Fields = Record<string, unknown>;

/** The message in a text frame; refuses what is no JSON object with a type. Its fields are still to be checked. */
export function readRequest(text: string): ClassRequest {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    throw bad(text);
  }
  if (typeof message !== 'object' || message === null || typeof (message as Fields).type !== 'string') throw bad(text);
  return message as ClassRequest;
}

function bad(got: string): ClassRefused {
  return new ClassRefused('bad-message', `Got ${JSON.stringify(got.slice(0, 80))}; takes a JSON object with a type.`);
}

const isText = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= most;
const isMs = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= -10_000 && value < 3_600_000;
const count = (value: unknown): number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 1e9 ? value : 0;

/** A nickname as it is shown; refuses what cannot be one. */
export function readNickname(input: unknown): string {
  const checked = checkNickname(input);
  if ('nickname' in checked) return checked.nickname;
  throw new ClassRefused(checked.fault, 'A nickname has 1 to 24 letters, digits or signs, on one line.');
}

/** The settings of a class run, complete but for the seed where none is given; refuses what no run takes, and says why. */
export function readSettings(input: unknown) {
  const checked = checkSettings(input);
  if ('settings' in checked) return checked.settings;
  const faults = checked.faults.map(({ field, got, takes }) => `${field}: got ${JSON.stringify(got)}, takes ${takes}`);
  throw badAction(faults.join('; '));
}

/** What a device measured, with nothing in it that a device could not have measured. Refuses what has no lanes. */
export function readResult(input: unknown): DeviceResult {
  const { lanes, conditions, startedAt } = (input ?? {}) as Fields;
  if (typeof lanes !== 'object' || lanes === null) throw bad(JSON.stringify(input) ?? '');
  const read: DeviceResult['lanes'] = {};
  for (const id of TECHNIQUES) {
    const lane = (lanes as Fields)[id];
    if (typeof lane === 'object' && lane !== null) read[id] = readLane(lane as Fields);
  }
  const { isolated, resolutionMs, uncertaintyMs, hidden, eventLoopDelayMs } = ((conditions as Fields | undefined) ??
    {}) as Fields;
  return {
    lanes: read,
    conditions: {
      isolated: isolated === true,
      resolutionMs: isMs(resolutionMs) ? resolutionMs : 0,
      uncertaintyMs: isMs(uncertaintyMs) ? uncertaintyMs : null,
      hidden: hidden === true,
      eventLoopDelayMs: isMs(eventLoopDelayMs) ? eventLoopDelayMs : null,
    },
    startedAt: typeof startedAt === 'number' && Number.isFinite(startedAt) ? startedAt : null,
  };
}

function readLane({ received, lost, p50, p95, max, bins }: Fields): LaneMeasure {
  const given = Array.isArray(bins) ? bins : [];
  return {
    received: count(received),
    lost: count(lost),
    p50: isMs(p50) ? p50 : null,
    p95: isMs(p95) ? p95 : null,
    max: isMs(max) ? max : null,
    bins: Array.from({ length: LATENCY_BINS.length + 1 }, (_, bin) => count(given[bin])),
  };
}

/** A question with its key as a teacher's page sends them; refuses what could not be shown. */
export function readQuestion(question: unknown, key: unknown): { question: Question; key: QuestionKey } {
  const { kind, text, choices, unit, path, predicts } = (question ?? {}) as Fields;
  const { right, value, tolerance, why, recorded } = (key ?? {}) as Fields;
  const limits = QUESTION_LIMITS;
  const fits =
    KINDS.includes(kind) &&
    isText(text, limits.text) &&
    isClassPath(path) &&
    Array.isArray(choices) &&
    (kind === 'number' ? choices.length === 0 : choices.length >= 2 && choices.length <= limits.choices) &&
    choices.every((choice) => isText(choice, limits.choice));
  const known = Array.isArray(right) && right.every((n) => Number.isInteger(n) && n >= 0 && n < (choices as []).length);
  if (!fits || !known) {
    throw new ClassRefused(
      'bad-action',
      `This is no question to ask: it takes a kind, a text of at most ${limits.text} characters, and for a choice 2 to ${limits.choices} answers.`,
    );
  }
  const prediction = readPrediction(predicts, choices.length);
  return {
    question: {
      kind: kind as Question['kind'],
      text,
      choices,
      unit: isText(unit, 20) ? unit : '',
      path,
      ...(prediction ? { predicts: prediction } : {}),
    },
    key: {
      right: right as number[],
      value: typeof value === 'number' && Number.isFinite(value) ? value : null,
      tolerance: typeof tolerance === 'number' && tolerance >= 0 ? tolerance : 0,
      why: (Array.isArray(why) ? why : [])
        .filter((one): one is string => isText(one, limits.text))
        .slice(0, limits.why),
      ...(isText(recorded, limits.text) ? { recorded } : {}),
    },
  };
}

/** What a prediction is about; undefined for other questions, and where no run could answer it. */
function readPrediction(input: unknown, choices: number): Prediction | undefined {
  const { technique, figure, settings, numbers } = (input ?? {}) as Fields;
  const checked = checkSettings(settings);
  const list = Array.isArray(numbers) ? numbers : [];
  if (!isTechnique(technique) || !isText(figure, 40) || 'faults' in checked) return undefined;
  if (list.length !== choices || !list.every(Number.isFinite)) return undefined;
  return { technique, figure, settings: { ...checked.settings }, numbers: list };
}

/** Latencies in ms, those that can be some; 200 at the most. */
export function readLatencies(input: unknown): number[] {
  return Array.isArray(input) ? input.slice(0, 200).filter(isMs) : [];
}

/** Whether it names a technique. */
export function isTechnique(value: unknown): value is TechniqueId {
  return (TECHNIQUES as readonly unknown[]).includes(value);
}
