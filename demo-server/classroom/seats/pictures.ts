/** What devices and teachers are shown of a class, made of its state and of who is here. Pure. */
import type { TechniqueId } from '../../protocol.ts';
import type { ClassState, KeptQuestion, KeptRun } from '../log/state.ts';
import type {
  Answer,
  ClassPicture,
  ClassRun,
  OwnPart,
  Presence,
  SeatLine,
  SeatPicture,
  SeatResult,
} from '../protocol.ts';
import { tally } from '../run/tally.ts';

/** Where one seat is: known while a device of it is connected, and remembered after. */
export interface Whereabouts {
  presence: Presence;
  path: string;
}

export const runOf = (state: ClassState): KeptRun | undefined => state.runs.at(-1);

/** The question that is open; undefined where none is. */
export function questionOf(state: ClassState): KeptQuestion | undefined {
  const newest = state.questions.at(-1);
  return newest?.closed ? undefined : newest;
}

export const seatsOf = (state: ClassState) => [...state.seats.values()].filter(({ removed }) => !removed);

/** The class as every device sees it; the answers and the key only once they are revealed. */
export function classPicture(state: ClassState, online: number, id: string): ClassPicture {
  const run = runOf(state);
  const open = questionOf(state);
  return {
    name: state.name,
    locked: state.locked,
    ended: state.ended,
    online,
    seats: seatsOf(state).length,
    together: state.together,
    run: run ? withoutResults(run) : null,
    question: open
      ? {
          id: open.id,
          question: open.question,
          answered: open.answers.size,
          revealed: open.revealed ? { key: open.key, tally: tally(open), measured: open.measured } : null,
        }
      : null,
    feed: state.feed === null ? null : { technique: state.feed, run: id, after: state.seq },
  };
}

function withoutResults({ results: _, ...run }: KeptRun): ClassRun {
  return run;
}

/** What one seat has done itself. */
export function ownPart(state: ClassState, seat: string): OwnPart | null {
  const { nickname } = state.seats.get(seat) ?? {};
  if (nickname === undefined) return null;
  const answer: Answer | null = questionOf(state)?.answers.get(seat)?.answer ?? null;
  const run = runOf(state);
  return { nickname, answer, result: run?.results.has(seat) ? run.id : null };
}

/** One line for each seat that was not removed, in the order of joining. `ready`: the seats that take part in the class's run. */
export function seatPictures(
  state: ClassState,
  whereabouts: ReadonlyMap<string, Whereabouts>,
  ready: ReadonlySet<string>,
  interim: ReadonlyMap<string, SeatResult>,
): SeatPicture[] {
  const run = runOf(state);
  const open = questionOf(state);
  return seatsOf(state).map(({ id, nickname, holds }) => {
    const { presence, path } = whereabouts.get(id) ?? { presence: 'offline', path: '' };
    const result = run?.results.get(id);
    const within = ready.has(id) && run && run.state !== 'over';
    const part = result ? 'done' : !within ? 'none' : run.state === 'running' ? 'running' : 'ready';
    let awaited: SeatPicture['awaited'] = null;
    if (state.together && pageOf(path) !== pageOf(state.together.path)) awaited = 'page';
    if (open && !open.revealed && !open.answers.has(id)) awaited = 'answer';
    // Last, as the others wait for it.
    if (run && run.state !== 'over' && part === 'none') awaited = 'run';
    const { isolated = null } = (result ?? interim.get(id))?.conditions ?? {};
    return { id, nickname, presence, path, awaited, run: part, isolated, empty: !holds && !ready.has(id) };
  });
}

/** How many of the devices that a called run waits for are ready; a device that has got ready counts, even if it has gone since. Null unless a run is called. */
export function readiness(
  state: ClassState,
  ready: ReadonlySet<string>,
  awaited: ReadonlySet<string>,
): { ready: number; count: number } | null {
  if (runOf(state)?.state !== 'called') return null;
  const present = new Set([...ready].filter((seat) => !state.seats.get(seat)?.removed));
  return { ready: present.size, count: new Set([...awaited, ...present]).size };
}

/** A page without its query and anchor: who has scrolled on is still there. */
const pageOf = (path: string): string => path.replace(/[?#].*$/, '').replace(/\/*$/, '/');

/** The results of a run without their bins: final ones, and of the other seats what is known so far. */
export function seatLines(state: ClassState, results: ReadonlyMap<string, SeatResult>): SeatLine[] {
  return [...results].flatMap(([seat, { final, startedAt, conditions, lanes }]) => {
    const { nickname, removed = true } = state.seats.get(seat) ?? {};
    if (nickname === undefined || removed) return [];
    const slim: SeatLine['lanes'] = {};
    for (const [id, { bins: _, ...rest }] of Object.entries(lanes)) slim[id as TechniqueId] = rest;
    return [{ seat, nickname, final, startedAt, conditions, lanes: slim }];
  });
}
