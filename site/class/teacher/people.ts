/** Who is in the class, where they are, and what is still awaited of them. */
import { SEATS, type SeatPicture, type TeacherAction } from '../../../demo-server/classroom/protocol.ts';
import { h } from '../../kit/html.ts';
import { say, setText } from '../../kit/words.ts';
import type { TeacherPage } from '../teacher-page.ts';
import { titleOf } from './pages.ts';

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

/** The seats that can be removed together: those without answers, with `connected` also where a device is connected. */
const removable = (people: readonly SeatPicture[], connected: boolean): number =>
  people.filter(({ empty, presence }) => empty && (connected || presence === 'offline')).length;

/** The two buttons that remove many seats at once; `act` is asked after the teacher has confirmed how many. */
export function connectRemoval(page: TeacherPage, act: (action: TeacherAction) => void): void {
  const { words, part } = page;
  for (const [name, connected] of [
    ['remove-away', false],
    ['remove-empty', true],
  ] as const)
    part(name).addEventListener('click', () => {
      const count = removable(page.picture?.people ?? [], connected);
      if (confirm(say(words, 'class.people.removeSeatsReally', { count }))) act({ do: 'remove-empty', connected });
    });
}

/** Says how many each would remove. Connected ones are offered only where they keep others out. */
export function drawRemoval(people: readonly SeatPicture[], { words, part }: TeacherPage): void {
  const away = removable(people, false);
  const all = removable(people, true);
  setText(part('remove-away'), say(words, 'class.people.removeAway', { count: away }));
  part('remove-away').hidden = away === 0;
  setText(part('remove-empty'), say(words, 'class.people.removeEmpty', { count: all }));
  part('remove-empty').hidden = people.length < SEATS || all === away;
}
