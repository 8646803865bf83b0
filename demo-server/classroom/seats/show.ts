/**
 * Sends each device the class as it is now. At once where the class has to do something, and bundled where only counts
 * have changed: sixty who join within a second must not make sixty times sixty messages.
 */
import type { WebSocket } from 'ws';
import { now } from '../../feed.ts';
import type { Classroom } from '../classroom.ts';
import type { WatchedPlace } from '../join-place.ts';
import type { Change, LoggedChange } from '../log/state.ts';
import { CLOSED_FOR_GOOD, type ClassMessage, type TeacherPicture } from '../protocol.ts';
import type { ClassFeed } from '../run/feed.ts';
import { measuredOf } from '../run/measured.ts';
import { pool, tally } from '../run/tally.ts';
import type { Member } from './members.ts';
import type { Everybody } from './peers.ts';
import { classPicture, ownPart, questionOf, readiness, runOf, seatLines, seatPictures } from './pictures.ts';
import { type ClassRefused, noSuchSeat, seatRemoved } from './refused.ts';

/** Counts are shown so often at the most. */
const SOON_MS = 250;
/** What a run costs is shown so often while it goes on. */
const COSTS_MS = 500;
/** A device that has so many bytes waiting is shown the next picture when it has read them. */
const WAITING_BYTES = 64 * 1024;

/** What the class's pictures need besides the class. */
export interface Sight {
  everybody: Everybody;
  /** Where to join; known once the server listens. */
  place: WatchedPlace;
  feed: ClassFeed;
}

/** Changes that every device has to act on. */
const URGENT: readonly Change['type'][] = [
  'removed',
  'went',
  'run-called',
  'run-started',
  'run-over',
  'asked',
  'revealed',
  'question-closed',
  'feed',
  'ended',
];

/** A seat that gives way has nobody to act: its place is taken again and again where somebody takes seats in a loop. */
const isUrgent = (change: Change): boolean =>
  URGENT.includes(change.type) && !(change.type === 'removed' && change.empty === true);

export interface Show {
  addMember(socket: WebSocket, member: Member): void;
  addTeacher(socket: WebSocket): void;
  remove(socket: WebSocket): void;
  socketOf(member: Member): WebSocket | undefined;
  /** Shows everybody the class within a quarter of a second. */
  soon(): void;
  close(): void;
}

/** Follows the class and shows it. */
export function showClass(room: Classroom, sight: Sight): Show {
  const students = new Map<WebSocket, Member>();
  const teachers = new Set<WebSocket>();
  let urgent: NodeJS.Immediate | undefined;
  let timer: NodeJS.Timeout | undefined;

  const unwatch = room.watch((logged: LoggedChange | undefined) => {
    if (logged?.change.type === 'removed' && room.state.seats.get(logged.change.seat)?.removed !== false)
      letGo(logged.change.seat, logged.change.empty ? noSuchSeat() : seatRemoved());
    if (logged && isUrgent(logged.change)) urgent ??= setImmediate(everybody);
    else soon();
  });
  const costs = setInterval(() => {
    if (runOf(room.state)?.state === 'running' || room.state.feed) teach();
  }, COSTS_MS);

  function soon(): void {
    timer ??= setTimeout(everybody, SOON_MS);
  }
  function everybody(): void {
    if (urgent) clearImmediate(urgent);
    urgent = undefined;
    clearTimeout(timer);
    timer = undefined;
    const picture = JSON.stringify(classPicture(room.state, sight.everybody.online.size, room.id));
    for (const [socket, member] of students) {
      if (behind(socket)) continue;
      const own = JSON.stringify(ownPart(room.state, member.seat));
      socket.send(`{"type":"class","at":${now()},"class":${picture},"own":${own}}`);
    }
    teach();
  }
  /** Whether a device still has to read the last picture; then it gets the next one later. */
  function behind(socket: WebSocket): boolean {
    if (socket.readyState !== socket.OPEN) return true;
    if (socket.bufferedAmount < WAITING_BYTES) return false;
    soon();
    return true;
  }
  function teach(): void {
    if (teachers.size === 0) return;
    const text = JSON.stringify({
      type: 'console',
      at: now(),
      picture: teacherPicture(room, sight),
    } satisfies ClassMessage);
    for (const socket of teachers) if (!behind(socket)) socket.send(text);
  }
  function letGo(seat: string, { why, message }: ClassRefused): void {
    for (const [socket, member] of students) {
      if (member.seat !== seat) continue;
      const refused: ClassMessage = { type: 'refused', why, message };
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(refused));
      socket.close(CLOSED_FOR_GOOD, why);
    }
  }

  return {
    addMember: (socket, member) => void students.set(socket, member),
    addTeacher(socket) {
      teachers.add(socket);
      teach();
    },
    remove(socket) {
      students.delete(socket);
      teachers.delete(socket);
    },
    socketOf: (member) => [...students].find(([, other]) => other === member)?.[0],
    soon,
    close() {
      unwatch();
      clearTimeout(timer);
      clearInterval(costs);
      if (urgent) clearImmediate(urgent);
    },
  };
}

/** Everything that a console or a projector shows. */
function teacherPicture({ id, state, log, devices, keeps, awaited }: Classroom, sight: Sight): TeacherPicture {
  const open = questionOf(state);
  const run = runOf(state);
  const { everybody } = sight;
  const interim = everybody.interim(run?.id);
  const ready = everybody.ready(run?.id);
  const results = new Map([...interim, ...(run?.results ?? [])]);
  return {
    class: classPicture(state, sight.everybody.online.size, id),
    join: sight.place.picture(),
    people: seatPictures(state, everybody.whereabouts(), ready, interim),
    readiness: readiness(state, ready, awaited),
    results: seatLines(state, results),
    pooled: pool(results.values()),
    costs: devices && devices.id === run?.id ? devices.costs(everybody.runs(run.id)) : null,
    tally: open ? tally(open) : null,
    key: open?.key ?? null,
    measured: open ? measuredOf(state, open.question) : null,
    feed: sight.feed.picture(everybody.feeds()),
    history: { runs: state.runs.length, questions: state.questions.length },
    kept: log.kind,
    trouble: keeps ? null : 'store',
  };
}
