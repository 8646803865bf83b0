/**
 * A class that goes on: what devices and the teacher may do, and what follows from it. Decides, and writes each decision
 * into the log; what is true is only what the log gives back. Knows no socket.
 */
import { randomInt } from 'node:crypto';
import { now } from '../feed.ts';
import { checkSettings, RANGES } from '../protocol.ts';
import type { Runs } from '../runs.ts';
import type { Ledger } from '../wire/ledger.ts';
import { type DeviceRuns, deviceRuns, LAST_RESULTS_MS, PATIENCE_MS, START_LEAD_MS } from './class-run.ts';
import type { ClassLog } from './log.ts';
import { questionOf, runOf, seatsOf } from './pictures.ts';
import { type Answer, checkNickname, isClassPath, SAID_LENGTH, type TeacherAction } from './protocol.ts';
import { isTechnique, readQuestion, readResult } from './read.ts';
import { ClassRefused } from './refused.ts';
import { drawId, drawSecret, fits, hashOf } from './secrets.ts';
import { type Change, type ClassState, type LoggedChange, NO_CLASS, reduce, type Seat } from './state.ts';
import { isAnswer } from './tally.ts';

/** Seats of one class; a school's largest lecture and some more. */
const SEATS = 400;
/** Class runs and questions of one class. */
const RUNS = 100;
const QUESTIONS = 300;

export interface Classroom {
  readonly id: string;
  readonly state: ClassState;
  readonly log: ClassLog;
  /** The runs of this server's devices in the newest class run; null where there is none. */
  readonly devices: DeviceRuns | null;
  /** A new seat for who knows the code. Resolves with the secret by which the device gets it back. */
  join(code: unknown, nickname: unknown): Promise<{ seat: string; secret: string }>;
  /** The seat of that id, for who has its secret; else refused. */
  resume(seat: unknown, secret: unknown): Seat;
  isTeacher(token: unknown): boolean;
  rename(seat: string, nickname: unknown): Promise<void>;
  answer(seat: string, question: unknown, answer: unknown): Promise<void>;
  /** The device of this seat is ready for a class run, with the run `run` of its own. */
  ready(seat: string, classRun: unknown, run: unknown): void;
  result(seat: string, classRun: unknown, result: unknown, final: boolean): Promise<void>;
  /** What only a teacher may do. `online`: the seats that are here. */
  act(action: TeacherAction): Promise<void>;
  /** Which seats are connected and which are ready for the class run, here or on another server: the socket's room tells it. */
  online: () => ReadonlySet<string>;
  readyFor: (run: string) => ReadonlySet<string>;
  /** Another server's devices are ready, or gone. */
  othersChanged(): void;
  /** Calls back after each change, with the change; undefined where only something that is not kept has changed. */
  watch(changed: (change: LoggedChange | undefined) => void): () => void;
  close(): void;
}

/** Opens the class `id` of the log and goes on where it stands. */
export async function openClassroom(log: ClassLog, id: string, runs: Runs, ledger: Ledger): Promise<Classroom> {
  let state = NO_CLASS;
  let devices: DeviceRuns | null = null;
  let timer: NodeJS.Timeout | undefined;
  const watchers = new Set<(change: LoggedChange | undefined) => void>();
  const write = (change: Change) => log.append(id, change).then(() => {}, lost);

  for (const change of await log.read(id)) state = reduce(state, change);
  const unfollow = log.follow(id, (change) => {
    state = reduce(state, change);
    follow(change.change);
    for (const changed of [...watchers]) changed(change);
  });

  const unwatch = log.watch?.(tell);

  function lost(error: Error): never {
    process.stderr.write(`pushlab: the class could not be kept: ${error.message}\n`);
    throw new ClassRefused('store-lost', 'The class cannot be kept at the moment. Try again soon.');
  }
  function tell(): void {
    for (const changed of [...watchers]) changed(undefined);
  }
  /** What a change means for the devices' runs, on each server that hears it. */
  function follow(change: Change): void {
    if (change.type === 'run-called') {
      devices?.stop();
      devices = deviceRuns(change.run, runs, ledger);
      wait(PATIENCE_MS, () => startIfReady(true));
    }
    // Of two servers that start it at once, the one that the log has first is right for both.
    const { startsAt, endsAt } = runOf(state) ?? {};
    if (change.type === 'run-started' && devices?.id === change.run && startsAt && endsAt) {
      devices.start(startsAt);
      wait(endsAt - now() + LAST_RESULTS_MS, () => endRun());
    }
    if ((change.type === 'run-over' && devices?.id === change.run) || change.type === 'ended') {
      clearTimeout(timer);
      devices?.stop();
    }
  }
  function wait(ms: number, then: () => void): void {
    clearTimeout(timer);
    timer = setTimeout(then, Math.max(0, ms));
  }
  /** Starts the class run once all who are here are ready; with `anyway`, with those who are. Without any it waits on. */
  function startIfReady(anyway: boolean): Promise<void> | undefined {
    const run = runOf(state);
    if (run?.state !== 'called' || !devices) return undefined;
    const ready = room.readyFor(run.id);
    if (ready.size === 0) {
      if (anyway) wait(1000, () => startIfReady(true));
      return undefined;
    }
    const missing = [...room.online()].some((seat) => !ready.has(seat));
    if (missing && !anyway) return undefined;
    clearTimeout(timer);
    const startsAt = now() + START_LEAD_MS;
    const { durationSeconds } = settingsOf(run.settings);
    return write({ type: 'run-started', run: run.id, startsAt, endsAt: startsAt + durationSeconds * 1000 }).catch(
      () => {},
    );
  }
  function endRun(): Promise<void> | undefined {
    const run = runOf(state);
    if (!run || run.state === 'over') return undefined;
    return write({ type: 'run-over', run: run.id }).catch(() => {});
  }
  function endRunIfAllTold(): void {
    const run = runOf(state);
    if (run?.state !== 'running' || !devices || now() < (run.endsAt ?? 0)) return;
    if ([...room.readyFor(run.id)].every((seat) => run.results.has(seat))) void endRun();
  }

  const actions: { [Do in TeacherAction['do']]: (action: Extract<TeacherAction, { do: Do }>) => Promise<void> } = {
    lock: ({ locked }) => write({ type: 'locked', locked: locked === true }),
    remove({ seat }) {
      if (!seatsOf(state).some(({ id: known }) => known === seat)) throw badAction('there is no such seat');
      return write({ type: 'removed', seat });
    },
    go({ path }) {
      if (path !== null && !isClassPath(path)) throw badAction('a class goes to a page of this site, such as "/lab/"');
      return write({ type: 'went', path });
    },
    'call-run': ({ settings }) => {
      if (state.runs.length >= RUNS) throw badAction(`a class makes at most ${RUNS} runs; open another class`);
      // One seed for all: every device gets the same events at the same times.
      const common = { seed: randomInt(RANGES.seed.max + 1), ...settingsOf(settings) };
      return write({ type: 'run-called', run: drawId(), settings: common });
    },
    'start-run': async () => void (await startIfReady(true)),
    'stop-run': async () => void (await endRun()),
    ask: ({ question, key }) => {
      if (state.questions.length >= QUESTIONS) throw badAction(`a class asks at most ${QUESTIONS} questions`);
      const read = readQuestion(question, key);
      return write({ type: 'asked', question: drawId(), text: read.question, key: read.key });
    },
    reveal: () => write({ type: 'revealed', question: openQuestion().id }),
    'close-question': () => write({ type: 'question-closed', question: openQuestion().id }),
    feed({ technique }) {
      if (technique !== null && !isTechnique(technique)) throw badAction('there is no such technique');
      return write({ type: 'feed', technique });
    },
    say({ text }) {
      if (state.feed === null) throw badAction('the class feed has to be on: pick a technique for it');
      if (typeof text !== 'string' || text.trim() === '' || text.length > SAID_LENGTH)
        throw badAction(`a text of 1 to ${SAID_LENGTH} characters`);
      return write({ type: 'said', text: text.trim() });
    },
    end: () => write({ type: 'ended' }),
  };
  function openQuestion() {
    const open = questionOf(state);
    if (!open) throw badAction('no question is open');
    return open;
  }
  function refuseIfEnded(): void {
    if (state.ended) throw new ClassRefused('ended', 'This class has ended.');
  }

  const room: Classroom = {
    id,
    log,
    get state() {
      return state;
    },
    get devices() {
      return devices;
    },
    online: () => new Set(),
    readyFor: () => new Set(),
    othersChanged() {
      tell();
      void startIfReady(false);
    },
    async join(code, nickname) {
      refuseIfEnded();
      if (code !== state.code) throw new ClassRefused('wrong-code', 'This is not the code of this class.');
      if (state.locked) throw new ClassRefused('locked', 'The teacher has locked the class: nobody can join now.');
      if (seatsOf(state).length >= SEATS) throw new ClassRefused('full', `A class has at most ${SEATS} seats.`);
      const [seat, secret] = [drawId(), drawSecret()];
      await write({ type: 'joined', seat, secretHash: hashOf(secret), nickname: takeNickname(nickname) });
      return { seat, secret };
    },
    resume(id, secret) {
      const seat = typeof id === 'string' ? state.seats.get(id) : undefined;
      if (!seat || !fits(secret, seat.secretHash)) {
        throw new ClassRefused('unknown-seat', 'This class has no such seat. Join with the code.');
      }
      if (seat.removed) throw new ClassRefused('removed', 'The teacher has removed this seat.');
      refuseIfEnded();
      return seat;
    },
    isTeacher: (token) => state.tokenHashes.filter((hash) => fits(token, hash)).length > 0,
    rename: (seat, nickname) => write({ type: 'nicknamed', seat, nickname: takeNickname(nickname) }),
    async answer(seat, id, answer) {
      const open = questionOf(state);
      if (open?.id !== id || !open || open.revealed) return;
      if (!isAnswer(open.question, answer)) throw new ClassRefused('bad-message', 'This is no answer to the question.');
      await write({ type: 'answered', question: open.id, seat, answer: answer as Answer });
    },
    ready(seat, classRun, run) {
      if (!devices || devices.id !== classRun || runOf(state)?.state === 'over') return;
      devices.ready(seat, String(run));
      tell();
      void startIfReady(false);
    },
    async result(seat, classRun, result, final) {
      if (!devices || devices.id !== classRun) return;
      const read = devices.result(seat, readResult(result), final);
      const known = runOf(state)?.results.has(seat);
      if (final && !known) await write({ type: 'result', run: devices.id, seat, result: read });
      else tell();
      endRunIfAllTold();
    },
    async act(action) {
      const name = (action as TeacherAction | undefined)?.do;
      const known = name !== undefined && Object.hasOwn(actions, name) ? actions[name] : undefined;
      if (!known) throw badAction(`it is one of ${Object.keys(actions).join(', ')}`);
      refuseIfEnded();
      await known(action as never);
    },
    watch(changed) {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
    close() {
      clearTimeout(timer);
      unfollow();
      unwatch?.();
      watchers.clear();
    },
  };
  // The devices' runs went with the server that carried them; where there are several, another one may carry them still.
  const newest = runOf(state);
  if (newest && log.kind !== 'redis') await endRun();
  else if (newest && newest.state !== 'over') {
    devices = deviceRuns(newest.id, runs, ledger);
    if (newest.startsAt !== null) devices.start(newest.startsAt);
  }
  return room;
}

function takeNickname(input: unknown): string {
  const checked = checkNickname(input);
  if ('nickname' in checked) return checked.nickname;
  throw new ClassRefused(checked.fault, 'A nickname has 1 to 24 letters, digits or signs, on one line.');
}

function settingsOf(input: unknown) {
  const checked = checkSettings(input);
  if ('settings' in checked) return checked.settings;
  const faults = checked.faults.map(({ field, got, takes }) => `${field}: got ${JSON.stringify(got)}, takes ${takes}`);
  throw badAction(faults.join('; '));
}

function badAction(takes: string): ClassRefused {
  return new ClassRefused('bad-action', `This cannot be done: ${takes}.`);
}
