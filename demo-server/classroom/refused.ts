import type { ClassRefusal } from './protocol.ts';

/** Something that the class does not take. `why` is for the page, which has its own sentence for each; `message` for programs. */
export class ClassRefused extends Error {
  why: ClassRefusal;

  constructor(why: ClassRefusal, message: string) {
    super(message);
    this.why = why;
  }
}
