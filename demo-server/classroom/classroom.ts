/**
 * A class that goes on: what its devices may do, and what of it is kept. Who leads it does so by actions.ts, the time of
 * a class run is run-clock.ts's, and what is true is in record.ts. Knows no socket.
 */
import type { Runs } from '../runs/runs.ts';
import type { Ledger } from '../wire/ledger.ts';
import type { ClassLog } from './log/log.ts';
import { type ClassRecord, openRecord } from './log/record.ts';
import type { ClassState, Seat } from './log/state.ts';
import type { Answer } from './protocol.ts';
import { type DeviceRuns, seatResult } from './run/class-run.ts';
import { type Present, runClock } from './run/run-clock.ts';
import { isAnswer } from './run/tally.ts';
import { type KeptAction, teacherActions } from './seats/actions.ts';
import { runOf } from './seats/pictures.ts';
import { readNickname, readResult, readSettings } from './seats/read.ts';
import { ClassRefused, noSuchSeat, refuseIfEnded, seatRemoved, unknownYet } from './seats/refused.ts';
import { countSeats, type Seated } from './seats/seats.ts';
import { drawId, drawSecret, fits, hashOf, isSecret } from './seats/secrets.ts';

export interface Classroom extends Present, Seated {
  readonly id: string;
  readonly state: ClassState;
  readonly log: ClassLog;
  /** Whether a change can be kept now, as far as is known. */
  readonly keeps: boolean;
  /** Whether it was deleted: then nothing can be added to it any more. */
  readonly erased: boolean;
  /** The runs of this server's devices in the newest class run; null where there is none. */
  readonly devices: DeviceRuns | null;
  /** The seats that a class run waits for: those that are here, or were when it was called. */
  readonly awaited: ReadonlySet<string>;
  /** Whether this is the code to join with. */
  isCode(code: unknown): boolean;
  /** Refuses who cannot get a seat now, whatever the code: the class has ended, or takes nobody new and has no seat with this secret. */
  refuseIfShut(own: unknown): void;
  /** Whether a device that joins with the secret `own` would take the place of another seat, as the class is full. */
  takesPlace(own: unknown): boolean;
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
  /** What only a teacher may do. Resolves once it is kept. */
  act(action: KeptAction): Promise<void>;
  /** Another server's devices are ready, or gone. */
  othersChanged(): void;
  watch: ClassRecord['watch'];
  close(): void;
}

/** Opens the class `id` of the log and goes on where it stands. `clock` in ms, for the time that seats have been there. */
export async function openClassroom(
  log: ClassLog,
  id: string,
  { runs, ledger, clock: steady }: { runs: Runs; ledger: Ledger; clock?: (() => number) | undefined },
): Promise<Classroom> {
  const record = await openRecord(log, id);
  function seatWith(secret: string): Seat | undefined {
    const hash = hashOf(secret);
    return [...record.state.seats.values()].find(({ secretHash }) => secretHash === hash);
  }
  const room: Classroom = {
    id,
    log,
    get state() {
      return record.state;
    },
    get keeps() {
      return record.keeps;
    },
    get erased() {
      return record.erased;
    },
    get devices() {
      return clock.devices;
    },
    get awaited() {
      return clock.awaited;
    },
    online: () => new Set(),
    readyFor: () => new Set(),
    connectedMs: () => 0,
    runsFor: () => new Map(),
    othersChanged() {
      record.tell();
      void clock.startIfReady(false);
    },
    isCode: (code) => code === record.state.code,
    refuseIfShut(own) {
      refuseIfEnded(record.state);
      if (isSecret(own) && seatWith(own)) return;
      if (record.state.locked)
        throw new ClassRefused('locked', 'The teacher has locked the class: nobody can join now.');
      seats.refuseIfFull();
    },
    takesPlace: (own) => !(isSecret(own) && seatWith(own)) && !seats.free,
    async join(code, nickname, own) {
      room.refuseIfShut(own);
      if (!room.isCode(code)) throw new ClassRefused('wrong-code', 'This is not the code of this class.');
      const secret = isSecret(own) ? own : drawSecret();
      const known = seatWith(secret);
      if (known) {
        if (known.nickname !== readNickname(nickname)) await room.rename(known.id, nickname);
        return { seat: known.id, secret };
      }
      const name = readNickname(nickname);
      const seat = await seats.take(async () => {
        // A device that asks twice at once gets one seat.
        const twice = seatWith(secret)?.id;
        const id = twice ?? drawId();
        if (!twice) await record.write({ type: 'joined', seat: id, secretHash: hashOf(secret), nickname: name });
        return id;
      });
      return { seat, secret };
    },
    resume(id, secret) {
      const seat = typeof id === 'string' ? record.state.seats.get(id) : undefined;
      if (!seat || !fits(secret, seat.secretHash)) throw noSuchSeat();
      if (seat.removed) throw seatRemoved();
      refuseIfEnded(record.state);
      return seat;
    },
    isTeacher: (token) => record.state.tokenHashes.filter((hash) => fits(token, hash)).length > 0,
    async rename(seat, nickname) {
      const wanted = readNickname(nickname);
      if (record.state.seats.get(seat)?.nickname !== wanted)
        await record.writeFor(seat, { type: 'nicknamed', seat, nickname: wanted });
    },
    async answer(seat, id, answer) {
      const question = record.state.questions.find((one) => one.id === id);
      if (!question) throw unknownYet('question');
      if (!isAnswer(question.question, answer))
        throw new ClassRefused('bad-message', 'This is no answer to the question.');
      // Said again because the device did not hear that it is kept.
      const isKept = () =>
        JSON.stringify(record.state.questions.find((one) => one.id === id)?.answers.get(seat)?.answer) ===
        JSON.stringify(answer);
      if (isKept()) return true;
      if (question.closed || question.revealed) return false;
      await record.writeFor(seat, { type: 'answered', question: question.id, seat, answer: answer as Answer });
      // What another server has written before may have closed it.
      return isKept();
    },
    ready(seat, classRun, run) {
      const { devices } = clock;
      if (!devices || devices.id !== classRun || runOf(record.state)?.state === 'over') return;
      devices.ready(seat, String(run), room.runsFor(devices.id));
      record.tell();
      void clock.startIfReady(false);
    },
    async result(seat, classRun, run, result, final) {
      const kept = record.state.runs.find((one) => one.id === classRun);
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
      const read = seatResult(told, readSettings(kept.settings).techniques, known, { runs, ledger });
      if (clock.devices?.id === kept.id) clock.devices.interim.set(seat, read);
      if (final) await record.writeFor(seat, { type: 'result', run: kept.id, seat, result: read });
      else record.tell();
      clock.endRunIfAllTold();
      return true;
    },
    act: (action) => act(action),
    watch: record.watch,
    close() {
      clock.close();
      record.close();
    },
  };
  const clock = runClock(record, room, runs, ledger);
  const seats = countSeats(record, room, steady);
  const act = teacherActions(record, clock, room);
  await clock.goOn();
  return room;
}
