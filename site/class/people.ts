/** Who is in the class, where they are, and what is still awaited of them. */
import type { SeatPicture } from '../../demo-server/classroom/protocol.ts';
import { say } from '../lab/words.ts';
import { h } from './html.ts';
import type { TeacherPage } from './picture.ts';

/** The table of seats, those first of whom something is awaited; `remove` is asked for after the teacher has confirmed it. */
export function peopleTable(
  people: readonly SeatPicture[],
  { words }: TeacherPage,
  remove: (seat: string) => void,
): HTMLElement {
  if (people.length === 0) return h('p', { class: 'empty' }, say(words, 'class.people.none'));
  const column = (name: string) => h('th', { scope: 'col' }, say(words, `class.people.${name}`));
  const rows = people.map(({ id, nickname, presence, path, awaited, run, isolated }) => {
    const really = () => {
      if (confirm(say(words, 'class.people.removeReally', { nickname }))) remove(id);
    };
    const label = say(words, 'class.people.removeOne', { nickname });
    const run_ = run === 'none' ? '' : say(words, `class.people.run.${run}`);
    const precise = isolated === null ? '' : say(words, isolated ? 'class.people.fine' : 'class.people.coarse');
    return h(
      'tr',
      { 'data-presence': presence, 'data-awaited': awaited ?? undefined },
      h('th', { scope: 'row' }, nickname),
      h('td', {}, h('span', { class: 'presence' }, say(words, `class.presence.${presence}`))),
      h('td', { class: 'path' }, path),
      h('td', {}, awaited ? say(words, `class.people.awaited.${awaited}`) : ''),
      h('td', {}, [run_, precise].filter((text) => text !== '').join(', ')),
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
    {},
    h('caption', { class: 'sr-only' }, say(words, 'class.people.caption')),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        column('nickname'),
        column('presence'),
        column('path'),
        column('awaited'),
        column('run'),
        h('td', {}),
      ),
    ),
    h('tbody', {}, ...rows),
  );
}
