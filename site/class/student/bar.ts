/**
 * The class on every page of a device that has joined: whether it is connected, where the class is, the open question, the
 * common run. A teacher's device has the teacher's bar in its place.
 */
import type { Words } from '../../kit/words.ts';
import './bar.css';
import { identity } from '../identity.ts';
import { classWords } from '../words.ts';
import { StudentBar } from './student-bar.ts';

/** Opens the bar that fits this device's identity. Does nothing on the classroom's own pages for teachers, which show all of it. */
export async function openBar(): Promise<void> {
  const who = identity();
  if (!who || document.querySelector('push-class-console, push-class-projector')) return;
  const words = await wordsAtLast();
  if (who.as === 'teacher') (await import('../teacher/teacher-bar.ts')).openTeacherBar(who.token, words);
  else new StudentBar(who, words);
}

/** A wifi that loses the class's words must not leave a page without its bar. */
async function wordsAtLast(): Promise<Words> {
  for (let wait = 1000; ; wait = Math.min(2 * wait, 8000)) {
    try {
      return await classWords();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}
