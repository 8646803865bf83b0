import type { ClassRefusal } from './protocol.ts';

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

/** Where there are several servers, this one may know of it in a moment. */
export function unknownYet(what: string): ClassRefused {
  return new ClassRefused('store-lost', `This server knows no such ${what} yet. Send it again.`);
}

/** Refuses everything in a class that has ended. */
export function refuseIfEnded({ ended }: { ended: boolean }): void {
  if (ended) throw new ClassRefused('ended', 'This class has ended.');
}
