/** What a device says after its greeting: a seat of its own part, a teacher what the class shall do. */

import { type ClassRequest, isClassPath } from '../protocol.ts';
import type { Member } from '../seats/members.ts';
import { readLatencies } from '../seats/read.ts';
import { ClassRefused, noSuchSeat, seatRemoved } from '../seats/refused.ts';
import type { Hall, Tell } from './hall.ts';

/** Takes a message of a seat's device. Refused in words where it says what a seat cannot. */
export async function part(
  member: Member,
  message: ClassRequest,
  tell: Tell,
  { room, all, show, sight }: Hall,
): Promise<void> {
  const { seat } = member;
  // A seat that is gone since a moment ago may still have messages on their way.
  const known = room.state.seats.get(seat);
  if (known?.removed !== false) throw known ? seatRemoved() : noSuchSeat();
  if (message.type === 'here') {
    if (isClassPath(message.path)) member.path = message.path;
    member.hidden = message.hidden === true;
    all.changed();
    show.soon();
  } else if (message.type === 'nickname') await room.rename(seat, message.nickname);
  else if (message.type === 'answer')
    await settle(message.n, tell, () => room.answer(seat, message.question, message.answer));
  else if (message.type === 'ready') {
    room.ready(seat, message.classRun, message.run);
    all.changed();
  } else if (message.type === 'heard') sight.feed.heard(seat, readLatencies(message.latencies));
  else if (message.type === 'result') {
    const { classRun, run, result, n } = message;
    const final = message.final === true;
    // Others hear of it from the log, or in a second: told at once, sixty results so far would be told sixty times.
    await settle(final ? n : undefined, tell, () => room.result(seat, classRun, run, result, final));
  } else
    throw new ClassRefused(
      'bad-message',
      `A device of a seat cannot say ${JSON.stringify(String(message.type).slice(0, 20))}.`,
    );
}

/** Says what has become of something that the device holds until it knows: kept, or not to be said again. */
async function settle(n: unknown, tell: Tell, keep: () => Promise<boolean>): Promise<void> {
  const say = (kept: boolean) => Number.isSafeInteger(n) && tell({ type: 'settled', n: n as number, kept });
  try {
    say(await keep());
  } catch (error) {
    if (error instanceof ClassRefused && error.why === 'bad-message') say(false);
    throw error;
  }
}

/** Does what a teacher's page asks for, and says how it went. */
export async function act(
  { id, action }: ClassRequest & { type: 'act' },
  tell: Tell,
  { room, show, sight }: Hall,
): Promise<void> {
  try {
    // Of this server alone, and of this start: no part of what is kept.
    if (action?.do === 'join-at') {
      sight.place.choose(action.address);
      show.soon();
    } else await room.act(action);
    tell({ type: 'done', id });
  } catch (error) {
    if (!(error instanceof ClassRefused)) throw error;
    tell({ type: 'done', id, refused: error.why, message: error.message });
  }
}
