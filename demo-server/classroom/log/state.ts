/**
 * A class as the sum of what has happened in it. Pure: the same changes in the same order make the same class, on every
 * server that reads them and after every restart. Which seats are connected at the moment is not part of it.
 */
import type { TechniqueId } from '../../protocol.ts';
import {
  type Answer,
  type ClassMeasure,
  type ClassRun,
  looksLike,
  type Question,
  type QuestionKey,
  type SeatResult,
} from '../protocol.ts';
import { keyBy } from '../run/key.ts';

/** Everything that is kept of a class, in the order in which it happened. Secrets only as their SHA-256. */
export type Change =
  | { type: 'opened'; name: string; code: string }
  | { type: 'teacher-link'; tokenHash: string }
  | { type: 'joined'; seat: string; secretHash: string; nickname: string }
  | { type: 'nicknamed'; seat: string; nickname: string }
  /** `empty`: a seat that held nothing and is forgotten, so that another device can have its place. */
  | { type: 'removed'; seat: string; empty?: true }
  | { type: 'locked'; locked: boolean }
  | { type: 'went'; path: string | null }
  | { type: 'run-called'; run: string; settings: Record<string, unknown> }
  | { type: 'run-started'; run: string; startsAt: number; endsAt: number }
  | { type: 'run-over'; run: string }
  | { type: 'result'; run: string; seat: string; result: SeatResult }
  | { type: 'asked'; question: string; text: Question; key: QuestionKey }
  | { type: 'answered'; question: string; seat: string; answer: Answer }
  | { type: 'revealed'; question: string; measured?: ClassMeasure | null }
  | { type: 'question-closed'; question: string }
  | { type: 'feed'; technique: TechniqueId | null }
  | { type: 'said'; text: string }
  | { type: 'ended' };

/** A change as the log gives it back: numbered from 1, with the time (ms since the epoch) at which it was taken. */
export interface LoggedChange {
  seq: number;
  at: number;
  change: Change;
}

export interface Seat {
  id: string;
  nickname: string;
  secretHash: string;
  joinedAt: number;
  removed: boolean;
  /** Whether an answer or a result of it is kept. */
  holds: boolean;
}

export interface KeptRun extends ClassRun {
  results: ReadonlyMap<string, SeatResult>;
}

export interface KeptQuestion {
  id: string;
  question: Question;
  key: QuestionKey;
  askedAt: number;
  revealed: boolean;
  /** The class's own measure that it was revealed with. */
  measured: ClassMeasure | null;
  closed: boolean;
  answers: ReadonlyMap<string, { answer: Answer; at: number }>;
}

export interface ClassState {
  /** The seq of the newest change in it. */
  seq: number;
  name: string;
  code: string;
  openedAt: number;
  tokenHashes: readonly string[];
  locked: boolean;
  ended: boolean;
  seats: ReadonlyMap<string, Seat>;
  together: { path: string; move: number } | null;
  runs: readonly KeptRun[];
  questions: readonly KeptQuestion[];
  feed: TechniqueId | null;
}

/** A class in which nothing has happened yet. */
export const NO_CLASS: ClassState = {
  seq: 0,
  name: '',
  code: '',
  openedAt: 0,
  tokenHashes: [],
  locked: false,
  ended: false,
  seats: new Map(),
  together: null,
  runs: [],
  questions: [],
  feed: null,
};

/** Teacher's links that are valid at once; each start of the server adds one, and the oldest goes. */
const TEACHER_LINKS = 20;

/** The class after one more change. What no longer fits (an answer to a closed question, a second result) changes nothing. */
export function reduce(state: ClassState, logged: LoggedChange): ClassState {
  // A log that is read from two places may bring a change twice.
  if (logged.seq <= state.seq) return state;
  return { ...changed(state, logged), seq: logged.seq };
}

type ChangeOf<T extends Change['type']> = Extract<Change, { type: T }>;
/** When a change was taken (ms since the epoch), and its number in the log. */
interface Logged {
  at: number;
  seq: number;
}

function changed(state: ClassState, { at, seq, change }: LoggedChange): ClassState {
  const step = STEPS[change.type] as (state: ClassState, change: Change, logged: Logged) => ClassState;
  return step(state, change, { at, seq });
}

/** What each change makes of a class. */
const STEPS: { [T in Change['type']]: (state: ClassState, change: ChangeOf<T>, logged: Logged) => ClassState } = {
  // Of two servers that open it at once, the later one finds it open.
  opened: (state, { name, code }, { at }) => (state.openedAt > 0 ? state : { ...state, name, code, openedAt: at }),
  'teacher-link': (state, { tokenHash }) => ({
    ...state,
    tokenHashes: [...state.tokenHashes, tokenHash].slice(-TEACHER_LINKS),
  }),
  joined(state, { seat: id, secretHash, nickname: wanted }, { at }) {
    if (state.seats.has(id)) return state;
    const nickname = freeName(state, wanted);
    const seat: Seat = { id, nickname, secretHash, joinedAt: at, removed: false, holds: false };
    return { ...state, seats: new Map(state.seats).set(id, seat) };
  },
  nicknamed: (state, { seat: id, nickname }) =>
    withSeat(state, id, (seat) => ({ ...seat, nickname: freeName(state, nickname, seat.id) })),
  removed(state, { seat: id, empty }) {
    if (!empty) return withSeat(state, id, (seat) => ({ ...seat, removed: true }));
    // What another server has written of it meanwhile stays.
    return state.seats.get(id)?.holds ? state : withoutSeat(state, id);
  },
  locked: (state, { locked }) => ({ ...state, locked }),
  went: (state, { path }, { seq }) => ({ ...state, together: path === null ? null : { path, move: seq } }),
  'run-called'(state, { run: id, settings }, { at }) {
    const times = { calledAt: at, startsAt: null, endsAt: null };
    const called: KeptRun = { id, state: 'called', settings, ...times, results: new Map() };
    // A run is on the lab's page, wherever the class was before.
    return { ...state, together: null, runs: [...state.runs.map((run) => over(run, at)), called] };
  },
  'run-started': (state, { run: id, startsAt, endsAt }) =>
    withRun(state, id, (run) => (run.state === 'called' ? { ...run, state: 'running', startsAt, endsAt } : run)),
  'run-over': (state, { run: id }, { at }) => withRun(state, id, (run) => over(run, at)),
  // Counted once: a device that was cut off sends its result again when it is back.
  result: (state, { run: id, seat, result }) =>
    withRun(holding(state, seat), id, (run) =>
      run.results.has(seat) || !state.seats.has(seat)
        ? run
        : { ...run, results: new Map(run.results).set(seat, result) },
    ),
  asked(state, { question: id, text: question, key }, { at }) {
    const answers = new Map();
    const asked = { id, question, key, askedAt: at, revealed: false, measured: null, closed: false, answers };
    return { ...state, questions: [...state.questions.map(closed), asked] };
  },
  answered: (state, { question: id, seat, answer }, { at }) =>
    withQuestion(holding(state, seat), id, (one) =>
      one.revealed || one.closed || !state.seats.has(seat)
        ? one
        : { ...one, answers: new Map(one.answers).set(seat, { answer, at }) },
    ),
  revealed: (state, { question: id, measured = null }) =>
    withQuestion(state, id, (one) => ({
      ...one,
      revealed: true,
      measured,
      key: keyBy(one.question, one.key, measured),
    })),
  'question-closed': (state, { question: id }) => withQuestion(state, id, closed),
  said: (state) => state,
  feed: (state, { technique }) => ({ ...state, feed: technique }),
  ended: (state, _, { at }) => ({
    ...state,
    ended: true,
    together: null,
    feed: null,
    runs: state.runs.map((run) => over(run, at)),
    questions: state.questions.map(closed),
  }),
};

function closed(question: KeptQuestion): KeptQuestion {
  return { ...question, closed: true };
}

function over(run: KeptRun, at: number): KeptRun {
  if (run.state === 'over') return run;
  // A clock that was set back during the run must not end it before it began.
  const end = Math.max(at, run.startsAt ?? at);
  return { ...run, state: 'over', endsAt: Math.min(run.endsAt ?? end, end) };
}

function withSeat(state: ClassState, id: string, next: (seat: Seat) => Seat): ClassState {
  const seat = state.seats.get(id);
  return seat ? { ...state, seats: new Map(state.seats).set(id, next(seat)) } : state;
}
function withoutSeat(state: ClassState, id: string): ClassState {
  const seats = new Map(state.seats);
  seats.delete(id);
  return { ...state, seats };
}
/** A seat that has answered or measured keeps its place, also where it came too late to count. */
function holding(state: ClassState, id: string): ClassState {
  return state.seats.get(id)?.holds === false ? withSeat(state, id, (seat) => ({ ...seat, holds: true })) : state;
}
function withRun(state: ClassState, id: string, next: (run: KeptRun) => KeptRun): ClassState {
  return { ...state, runs: state.runs.map((run) => (run.id === id ? next(run) : run)) };
}
function withQuestion(state: ClassState, id: string, next: (one: KeptQuestion) => KeptQuestion): ClassState {
  return { ...state, questions: state.questions.map((one) => (one.id === id ? next(one) : one)) };
}

/** Two Annas are told apart: the second is "Anna 2". Names that look alike are the same here. */
function freeName(state: ClassState, wanted: string, own?: string): string {
  const taken = new Set(
    [...state.seats.values()]
      .filter(({ id, removed }) => id !== own && !removed)
      .map(({ nickname }) => looksLike(nickname)),
  );
  let name = wanted;
  for (let n = 2; taken.has(looksLike(name)); n += 1) name = `${wanted} ${n}`;
  return name;
}
