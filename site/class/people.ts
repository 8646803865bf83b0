/** Who is in the class, where they are, and what is still awaited of them. */
import type { SeatPicture } from '../../demo-server/classroom/protocol.ts';
import { say } from '../lab/words.ts';
import { h } from './html.ts';
import { titleOf } from './pages.ts';
import type { TeacherPage } from './picture.ts';

/** The table of these seats, of `all` in the class; `remove` is asked for after the teacher has confirmed it. */
export function peopleTable(
  people: readonly SeatPicture[],
  all: number,
  { words }: TeacherPage,
  remove: (seat: string) => void,
): HTMLElement {
  if (people.length === 0)
    return h('p', { class: 'empty' }, say(words, all === 0 ? 'class.people.none' : 'class.people.nobodyBehind'));
  const column = (name: string) => h('th', { scope: 'col' }, say(words, `class.people.${name}`));
  const rows = people.map(({ id, nickname, presence, path, awaited, run, isolated }) => {
    const really = () => {
      if (confirm(say(words, 'class.people.removeReally', { nickname }))) remove(id);
    };
    const label = say(words, 'class.people.removeOne', { nickname });
    const doing = [
      run === 'none' ? '' : say(words, `class.people.run.${run}`),
      isolated === null ? '' : say(words, isolated ? 'class.people.fine' : 'class.people.coarse'),
    ].filter((text) => text !== '');
    return h(
      'tr',
      { 'data-presence': presence, 'data-awaited': awaited ?? undefined },
      h('th', { scope: 'row' }, nickname, h('small', {}, titleOf(path))),
      h(
        'td',
        {},
        h('span', { class: 'presence' }, say(words, `class.presence.${presence}`)),
        awaited && h('b', {}, say(words, `class.people.awaited.${awaited}`)),
        doing.length > 0 && h('small', {}, doing.join(', ')),
      ),
      h(
        'td',
        {},
        h(
          'button',
          { type: 'button', class: 'quiet', 'data-key': id, 'aria-label': label, click: really },
          say(words, 'class.people.remove'),
        ),
      ),
    );
  });
  return h(
    'table',
    { class: 'class-people' },
    h('caption', { class: 'sr-only' }, say(words, 'class.people.caption')),
    h('thead', {}, h('tr', {}, column('nickname'), column('presence'), h('td', {}))),
    h('tbody', {}, ...rows),
  );
}
