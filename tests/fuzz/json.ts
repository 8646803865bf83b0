/** Bodies and messages: what the server takes, with something wrong in it. */
import type { Conversation, Known } from './conversation.ts';
import type { Dice } from './dice.ts';

type Json = unknown;

const ODD: readonly Json[] = [
  null,
  true,
  0,
  -1,
  0.5,
  1e308,
  Number.MAX_SAFE_INTEGER,
  '',
  'x',
  '\u0000',
  '\ud800',
  'x'.repeat(5000),
  [],
  [null],
  [[[[[[]]]]]],
  {},
  { '': {} },
  { toString: 1, constructor: { prototype: {} } },
  { length: 1e9 },
];

/** A value with one of its parts, or all of it, put in the place of something else. */
export function spoil(dice: Dice, value: Json): Json {
  if (dice.once(3) || typeof value !== 'object' || value === null) return dice.once(5) ? value : dice.pick(ODD);
  if (Array.isArray(value)) return dice.once(2) ? [...value, dice.pick(ODD)] : value.map((one) => spoil(dice, one));
  const entries = Object.entries(value);
  const [name] = entries.length > 0 ? dice.pick(entries) : [dice.word()];
  if (dice.once(4)) return Object.fromEntries(entries.filter(([other]) => other !== name));
  if (dice.once(6)) return { ...value, [dice.word()]: dice.pick(ODD) };
  return { ...value, [name]: spoil(dice, (value as Record<string, Json>)[name]) };
}

/** Text of a value, sometimes with a part of it missing or doubled. */
export function text(dice: Dice, value: Json): string {
  const whole = JSON.stringify(value) ?? '';
  if (dice.once(8)) return whole.slice(0, dice.below(whole.length + 1));
  if (dice.once(12)) return `${whole}${whole}`;
  if (dice.once(20)) return '['.repeat(3000);
  return whole;
}

const SETTINGS = {
  techniques: ['sse', 'polling', 'websocket'],
  eventsPerSecond: 20,
  arrivals: 'steady',
  payloadBytes: 16,
  durationSeconds: 1,
  pollIntervalMs: 100,
  longPollTimeoutMs: 1000,
  rttMs: 0,
  jitterMs: 0,
  kilobitsPerSecond: 0,
  cutEverySeconds: 0,
  uplinkPerSecond: 0,
  subscribers: 0,
  faults: [{ fault: 'cut', atEvent: 2, techniques: ['sse'] }],
  seed: 1,
};

/** The body that a route takes, or something like it. */
export function bodyFor(dice: Dice, route: string): Json {
  if (route.endsWith('/faults'))
    return { fault: dice.pick(['cut', 'stall', 'refuse', 'reset']), techniques: ['sse'], seconds: 1 };
  if (route.includes('/push/')) return { n: 1, sentAt: 1, data: 'up' };
  return SETTINGS;
}

const QUESTION = { kind: 'one', text: 'Who asks?', choices: ['a', 'b'], unit: '', path: '/lessons/sse/' };
const KEY = { right: [0], value: null, tolerance: 0, why: [] };
const RESULT = {
  lanes: { sse: { received: 1, lost: 0, p50: 1, p95: 2, max: 3, bins: [1, 2] } },
  conditions: { isolated: true, resolutionMs: 0.005, uncertaintyMs: 0.2, hidden: false },
  startedAt: null,
};
const ACTIONS = [
  { do: 'lock', locked: false },
  { do: 'remove-empty', connected: false },
  { do: 'go', path: '/lessons/sse/' },
  { do: 'call-run', settings: { techniques: ['sse'], durationSeconds: 1, eventsPerSecond: 10 } },
  { do: 'start-run' },
  { do: 'stop-run' },
  { do: 'ask', question: QUESTION, key: KEY },
  { do: 'reveal' },
  { do: 'close-question' },
  { do: 'feed', technique: 'sse' },
  { do: 'say', text: 'hello' },
];

/** What a device or a teacher may say in a class, in no sensible order. */
function classMessages(dice: Dice, { runs, seats, question, classRun }: Known): Json[] {
  const run = runs.length > 0 ? dice.pick(runs) : 'x';
  const removed = { do: 'remove', seat: seats.length > 0 ? dice.pick(seats).seat : 'nobody' };
  const all = [
    { type: 'ping', id: 1 },
    { type: 'here', path: '/lessons/sse/', hidden: false },
    { type: 'nickname', nickname: 'Zoë' },
    { type: 'answer', question, answer: [0], n: 1 },
    { type: 'ready', classRun, run },
    { type: 'result', classRun, run, result: RESULT, final: dice.once(2), n: 2 },
    { type: 'heard', latencies: [1, 2, 3] },
    { type: 'act', id: 1, action: dice.once(12) ? removed : dice.pick(ACTIONS) },
  ];
  return Array.from({ length: 1 + dice.below(6) }, () => dice.pick(all));
}

/** The greetings of a class: none, as a student, as a seat, as a teacher. */
function greeting(dice: Dice, { code, token, seats }: Known): Json[] {
  return dice.pick<Json[]>([
    [],
    [{ type: 'hello', as: 'new', code, nickname: dice.word() }],
    [{ type: 'hello', as: 'teacher', token }],
    [
      {
        type: 'hello',
        as: 'seat',
        ...(seats.length > 0 ? dice.pick(seats) : { seat: dice.word(), secret: dice.word() }),
      },
    ],
    [{ type: 'hello', as: 'seat', seat: dice.word(), secret: dice.word() }],
    [{ type: 'hello', as: 'new', code: '000000', nickname: 'Anna' }],
  ]);
}

/** The messages for a socket at this path, some of them spoiled. */
export function messagesFor(dice: Dice, path: string, known: Known): string[] {
  const plain = (): Json[] => {
    if (path.startsWith('/classroom')) return [...greeting(dice, known), ...classMessages(dice, known)];
    if (path.startsWith('/control'))
      return [
        { type: 'ping', id: 1 },
        { type: 'start' },
        { type: 'fault', fault: 'cut', techniques: ['sse'] },
        ...(dice.once(3) ? [{ type: 'stop' }] : []),
      ];
    if (path.startsWith('/push')) return [{ n: 1, sentAt: 1, data: 'up' }];
    return [{ type: 'asked', n: 1 }, { type: 'ping', id: 1 }, dice.word()];
  };
  const greeted = path.startsWith('/classroom') && !dice.once(3) ? 1 : 0;
  return plain().map((message, n) =>
    n < greeted || dice.once(3) ? JSON.stringify(message) : text(dice, spoil(dice, message)),
  );
}

export type { Conversation };
