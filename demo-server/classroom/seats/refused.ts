import type { ClassRefusal } from '../protocol.ts';

/** Something that the class does not take. `why` is for the page, which has its own sentence for each; `message` for programs. */
export class ClassRefused extends Error {
  why: ClassRefusal;

  constructor(why: ClassRefusal, message: string) {
    super(message);
    this.why = why;
  }
}

/** A teacher's action that cannot be done. */
export function badAction(takes: string): ClassRefused {
  return new ClassRefused('bad-action', `This cannot be done: ${takes}.`);
}

/** To the device of a seat that the teacher has removed. */
export const seatRemoved = (): ClassRefused => new ClassRefused('removed', 'The teacher has removed this seat.');

/** To the device of a seat that is not, or no longer, one of this class: it may have given way to another. */
export const noSuchSeat = (): ClassRefused =>
  new ClassRefused('unknown-seat', 'This class has no such seat. Join with the code.');

/** Where there are several servers, this one may know of it in a moment. */
export function unknownYet(what: string): ClassRefused {
  return new ClassRefused('store-lost', `This server knows no such ${what} yet. Send it again.`);
}

/** Refuses everything in a class that has ended. */
export function refuseIfEnded({ ended }: { ended: boolean }): void {
  if (ended) throw new ClassRefused('ended', 'This class has ended.');
}
