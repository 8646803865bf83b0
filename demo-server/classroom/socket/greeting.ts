/** The first message of a device: who it is, or that it would like to have a seat. */
import type { WebSocket } from 'ws';
import { CLOSED_ELSEWHERE, type ClassRequest } from '../protocol.ts';
import type { Member } from '../seats/members.ts';
import { ClassRefused } from '../seats/refused.ts';
import type { Hall, Tell } from './hall.ts';

/** Who a device is, once it has said so. */
export type Who = { member: Member } | { teacher: true };

/** Why a device that waits for its turn has lost it. */
export const NO_ROOM = 'Too many from this network come at once. Come again in a moment with the same.';

/** A device that has not been greeted yet. */
export interface Newcomer {
  socket: WebSocket;
  network: string;
  tell: Tell;
  become: (who: Who) => void;
  /** Aborted when its socket has closed. */
  gone: AbortSignal;
}

/** Lets a device in. Refused where it is not who it says, and where the class has no place for it. */
export async function greet(
  hello: ClassRequest & { type: 'hello' },
  newcomer: Newcomer,
  { room, members, show, all, doors, greetedFrom }: Hall,
): Promise<void> {
  const { socket, tell, become } = newcomer;
  if (hello.as === 'teacher') {
    if (!room.isTeacher(hello.token))
      throw new ClassRefused('wrong-token', 'This is not a teacher’s link of this class.');
    become({ teacher: true });
    tell({ type: 'teacher' });
    return show.addTeacher(socket);
  }
  let { seat, secret } = hello as { seat?: string; secret?: string };
  const isNew = hello.as === 'new';
  if (isNew) {
    await passDoors(hello.code, hello.secret);
    ({ seat, secret } = await room.join(hello.code, hello.nickname, hello.secret));
  }
  const { id, nickname } = room.resume(seat, secret);
  if (socket.readyState !== socket.OPEN) return;
  const member: Member = { seat: id, path: '', hidden: false };
  become({ member });
  tell({ type: 'seat', seat: id, nickname, ...(isNew && secret ? { secret } : {}) });
  const tooMany = members.add(member);
  show.addMember(socket, member);
  if (tooMany) show.socketOf(tooMany)?.close(CLOSED_ELSEWHERE, 'elsewhere');
  all.changed();
  show.soon();

  /**
   * Waits until the code may be looked at, and in a full class until a place may be taken. The secrets of seats and teachers
   * go by no door: they are 32 random bytes.
   */
  async function passDoors(code: unknown, own: unknown): Promise<void> {
    room.refuseIfShut(own);
    // What can be no code of this class is no guess.
    if (typeof code !== 'string' || code.length !== room.state.code.length) return;
    await pass(doors.code, () => room.isCode(code));
    if (room.isCode(code) && room.takesPlace(own)) await pass(doors.place, () => !room.takesPlace(own));
  }
  async function pass(door: Hall['doors']['code'], right: () => boolean): Promise<void> {
    const { network, gone } = newcomer;
    const verdict = await door.knock(network, greetedFrom.has(network), right, () => tell({ type: 'wait' }), gone);
    if (verdict === 'again') throw new ClassRefused('too-many-tries', NO_ROOM);
  }
}
