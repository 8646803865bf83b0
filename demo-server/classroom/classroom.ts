/**
 * A class that goes on: what devices and the teacher may do, and what follows from it. Decides, and writes each decision
 * into the log; what is true is only what the log gives back. Knows no socket.
 */
import { randomInt } from 'node:crypto';
import { now } from '../feed.ts';
import { checkSettings, RANGES } from '../protocol.ts';
import type { Runs } from '../runs.ts';
import type { Ledger } from '../wire/ledger.ts';
import { type Bucket, bucket } from './bucket.ts';
import {
  type DeviceRuns,
  deviceRuns,
  LAST_RESULTS_MS,
  LONGEST_PATIENCE_MS,
  PATIENCE_MS,
  START_LEAD_MS,
  seatResult,
} from './class-run.ts';
import type { ClassLog } from './log.ts';
import { measuredOf } from './measured.ts';
import { questionOf, runOf, seatsOf } from './pictures.ts';
import { type Answer, checkNickname, isClassPath, SAID_LENGTH, type TeacherAction } from './protocol.ts';
import { isTechnique, readQuestion, readResult } from './read.ts';
import { ClassRefused } from './refused.ts';
import { drawId, drawSecret, fits, hashOf, isSecret } from './secrets.ts';
import { type Change, type ClassState, type LoggedChange, NO_CLASS, reduce, type Seat } from './state.ts';
import { isAnswer } from './tally.ts';

/** Seats of one class; a school's largest lecture and some more. */
const SEATS = 400;
/** Class runs and questions of one class. */
const RUNS = 100;
const QUESTIONS = 300;
/** Answers, results and names of one seat that are kept: so many at once, then so many a second. Nobody has more to say in earnest. */
const KEPT_AT_ONCE = 20;
const KEPT_PER_SECOND = 0.5;
/** What could not be done because nobody is ready, or nothing can be kept, is tried again so often (ms). */
const AGAIN_MS = 1000;

export interface Classroom {
  readonly id: string;
  readonly state: ClassState;
  readonly log: ClassLog;
  /** Whether a change can be kept now, as far as is known. */
  readonly keeps: boolean;
  /** Whether it was deleted: then nothing can be added to it any more. */
  readonly erased: boolean;
  /** The runs of this server's devices in the newest class run; null where there is none. */
  readonly devices: DeviceRuns | null;
  /**
   * A new seat for who knows the code. Resolves with the secret by which the device gets it back: `own` where it is one,
   * and then whoever has said it before gets the seat of that time.
   */
  join(code: unknown, nickname: unknown, own?: unknown): Promise<{ seat: string; secret: string }>;
  /** The seat of that id, for who has its secret; else refused. */
  resume(seat: unknown, secret: unknown): Seat;
  isTeacher(token: unknown): boolean;
  rename(seat: string, nickname: unknown): Promise<void>;
  /** Resolves once the answer is kept, or with false where it came after the question was closed. */
  answer(seat: string, question: unknown, answer: unknown): Promise<boolean>;
  /** The device of this seat is ready for a class run, with the run `run` of its own. */
  ready(seat: string, classRun: unknown, run: unknown): void;
  /** What this seat measured with its run `run` in a class run, this one or one before. Resolves once a final result is kept. */
  result(seat: string, classRun: unknown, run: unknown, result: unknown, final: boolean): Promise<boolean>;
  /** What only a teacher may do. `online`: the seats that are here. */
  act(action: TeacherAction): Promise<void>;
  /** Which seats are connected and which are ready for the class run, here or on another server: the socket's room tells it. */
  online: () => ReadonlySet<string>;
  readyFor: (run: string) => ReadonlySet<string>;
  /** The run of each device in a class run. */
  runsFor: (run: string) => ReadonlyMap<string, string>;
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
  let seenReady = 0;
  const watchers = new Set<(change: LoggedChange | undefined) => void>();
  const buckets = new Map<string, Bucket>();
  let failing = false;
  let erased = false;

  async function write(change: Change): Promise<void> {
    if (erased) throw new ClassRefused('ended', 'This class was deleted.');
    const failed = await log.append(id, change).then(
      () => null,
      (error: Error) => error,
    );
    // Told once: a class that waits asks every other second.
    if (failed && !failing) process.stderr.write(`pushlab: the class cannot be kept: ${failed.message}\n`);
    if (failing !== (failed !== null)) {
      failing = failed !== null;
      tell();
    }
    if (failed) throw new ClassRefused('store-lost', 'The class cannot be kept at the moment. Try again soon.');
  }

  /** What a seat adds to what is kept for good is bounded, or one device could fill the disk. */
  function writeFor(seat: string, change: Change): Promise<void> {
    const own = buckets.get(seat) ?? bucket(KEPT_AT_ONCE, KEPT_PER_SECOND);
    buckets.set(seat, own);
    if (own.take()) return write(change);
    throw new ClassRefused('too-fast', `A seat may change what is kept ${KEPT_AT_ONCE} times at once.`);
  }

  for (const change of await log.read(id)) state = reduce(state, change);
  const unfollow = log.follow(
    id,
    (change) => {
      if (erased) return;
      state = reduce(state, change);
      follow(change.change);
      for (const changed of [...watchers]) changed(change);
    },
    forget,
  );
  const unwatch = log.watch?.(() => {
    if (log.up) failing = false;
    tell();
  });

  /** What is left of a class that was deleted, here or on another server: that it has ended, and who may see so. */
  function forget(): void {
    const { name, openedAt, seq, tokenHashes } = state;
    state = { ...NO_CLASS, name, openedAt, seq, tokenHashes, ended: true };
    erased = true;
    devices = null;
    tell();
  }
  function tell(): void {
    for (const changed of [...watchers]) changed(undefined);
  }
  /** What a change means for the devices' runs, on each server that hears it. */
  function follow(change: Change): void {
    if (change.type === 'run-called') {
      stopDevices();
      devices = deviceRuns(change.run, runs, ledger);
      seenReady = 0;
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
      stopDevices();
    }
  }
  function stopDevices(): void {
    devices?.stop(room.runsFor(devices.id));
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
      if (anyway) wait(AGAIN_MS, () => startIfReady(true));
      return undefined;
    }
    const missing = [...room.online()].some((seat) => !ready.has(seat));
    if (missing && !anyway) {
      // While they come, one after the other as a bad wifi lets them, the others are worth the wait.
      const patience = Math.min(PATIENCE_MS, run.calledAt + LONGEST_PATIENCE_MS - now());
      if (ready.size > seenReady) wait(patience, () => startIfReady(true));
      seenReady = ready.size;
      return undefined;
    }
    clearTimeout(timer);
    const startsAt = now() + START_LEAD_MS;
    const { durationSeconds } = settingsOf(run.settings);
    return write({ type: 'run-started', run: run.id, startsAt, endsAt: startsAt + durationSeconds * 1000 }).catch(() =>
      wait(AGAIN_MS, () => startIfReady(true)),
    );
  }
  function endRun(): Promise<void> | undefined {
    const run = runOf(state);
    if (!run || run.state === 'over') return undefined;
    return write({ type: 'run-over', run: run.id }).catch(() => wait(AGAIN_MS, endRun));
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
    reveal() {
      const { id: question, question: asked } = openQuestion();
      return write({ type: 'revealed', question, measured: measuredOf(state, asked) });
    },
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
    get keeps() {
      return log.up !== false && !failing;
    },
    get erased() {
      return erased;
    },
    get devices() {
      return devices;
    },
    online: () => new Set(),
    readyFor: () => new Set(),
    runsFor: () => new Map(),
    othersChanged() {
      tell();
      void startIfReady(false);
    },
    async join(code, nickname, own) {
      refuseIfEnded();
      if (code !== state.code) throw new ClassRefused('wrong-code', 'This is not the code of this class.');
      const secret = isSecret(own) ? own : drawSecret();
      const hash = hashOf(secret);
      const known = [...state.seats.values()].find(({ secretHash }) => secretHash === hash);
      if (known) {
        if (known.nickname !== takeNickname(nickname)) await room.rename(known.id, nickname);
        return { seat: known.id, secret };
      }
      if (state.locked) throw new ClassRefused('locked', 'The teacher has locked the class: nobody can join now.');
      if (seatsOf(state).length >= SEATS) throw new ClassRefused('full', `A class has at most ${SEATS} seats.`);
      const seat = drawId();
      await write({ type: 'joined', seat, secretHash: hash, nickname: takeNickname(nickname) });
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
    async rename(seat, nickname) {
      const wanted = takeNickname(nickname);
      if (state.seats.get(seat)?.nickname !== wanted)
        await writeFor(seat, { type: 'nicknamed', seat, nickname: wanted });
    },
    async answer(seat, id, answer) {
      const question = state.questions.find((one) => one.id === id);
      if (!question) throw unknownYet('question');
      if (!isAnswer(question.question, answer))
        throw new ClassRefused('bad-message', 'This is no answer to the question.');
      // Said again because the device did not hear that it is kept.
      const isKept = () =>
        JSON.stringify(state.questions.find((one) => one.id === id)?.answers.get(seat)?.answer) ===
        JSON.stringify(answer);
      if (isKept()) return true;
      if (question.closed || question.revealed) return false;
      await writeFor(seat, { type: 'answered', question: question.id, seat, answer: answer as Answer });
      // What another server has written before may have closed it.
      return isKept();
    },
    ready(seat, classRun, run) {
      if (!devices || devices.id !== classRun || runOf(state)?.state === 'over') return;
      devices.ready(seat, String(run), room.runsFor(devices.id));
      tell();
      void startIfReady(false);
    },
    async result(seat, classRun, run, result, final) {
      const kept = state.runs.find((one) => one.id === classRun);
      if (!kept) throw unknownYet('run');
      const known = room.runsFor(kept.id);
      const own = typeof run === 'string' && run.length <= 40 ? run : known.get(seat);
      if (own === undefined || kept.startsAt === null)
        throw new ClassRefused(
          'bad-message',
          'A result takes a class run that has started and the run of this device.',
        );
      if (kept.results.has(seat)) return true;
      const told = { seat, run: own, result: readResult(result), final };
      const read = seatResult(told, settingsOf(kept.settings).techniques, known, { runs, ledger });
      if (devices?.id === kept.id) devices.interim.set(seat, read);
      if (final) await writeFor(seat, { type: 'result', run: kept.id, seat, result: read });
      else tell();
      endRunIfAllTold();
      return true;
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
  else if (newest) {
    const { id: run, settings, state: now, startsAt, endsAt } = newest;
    follow({ type: 'run-called', run, settings });
    if (startsAt !== null && endsAt !== null) follow({ type: 'run-started', run, startsAt, endsAt });
    if (now === 'over') follow({ type: 'run-over', run });
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

/** Where there are several servers, this one may know of it in a moment. */
function unknownYet(what: string): ClassRefused {
  return new ClassRefused('store-lost', `This server knows no such ${what} yet. Send it again.`);
}
