/** The results as files, and the classes that are kept. The token goes in a header, so it stands in no address. */

import { h } from '../../kit/html.ts';
import { say, setText } from '../../kit/words.ts';
import type { TeacherPage } from '../teacher-page.ts';

interface Kept {
  current: string;
  keepDays: number | null;
  classes: { id: string; name: string; openedAt: number; keptUntil: number | null; ended: boolean; changes: number }[];
}

/** Connects the list of kept classes with its buttons. */
export function connectFiles({ words, token, part }: TeacherPage): void {
  const list = part('classes');
  const headers = { authorization: `Bearer ${token}` };
  const ask = async (path: string, method = 'GET'): Promise<Response> => {
    const answer = await fetch(`/classroom/classes${path}`, { method, headers, cache: 'no-store' });
    if (!answer.ok)
      throw new Error(((await answer.json().catch(() => null)) as { message?: string } | null)?.message ?? '');
    return answer;
  };
  const attempt = (action: () => Promise<void>) => () =>
    action().catch((error: Error) =>
      setText(part('files-state'), `${say(words, 'class.files.failed')} ${error.message}`.trim()),
    );

  const save = (id: string, name: string, format: 'csv' | 'json') =>
    attempt(async () => {
      const address = URL.createObjectURL(await (await ask(`/${id}/${format}`)).blob());
      h('a', { href: address, download: `${name.replace(/[^\p{L}\p{N}]+/gu, '-') || 'class'}.${format}` }).click();
      // The browser reads it after this task.
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
      setText(part('files-state'), say(words, 'class.files.saved', { name, format: format.toUpperCase() }));
    });
  const load = attempt(async () => {
    const { classes, current, keepDays } = (await (await ask('')).json()) as Kept;
    const date = new Intl.DateTimeFormat(words.language ?? 'en', { dateStyle: 'medium', timeStyle: 'short' });
    const day = new Intl.DateTimeFormat(words.language ?? 'en', { dateStyle: 'medium' });
    const until = (at: number | null) => {
      if (keepDays === null) return '';
      return at === null
        ? say(words, 'class.files.keptDays', { count: keepDays })
        : say(words, 'class.files.keptUntil', { date: day.format(at) });
    };
    const button = (key: string, name: string, click: () => void) =>
      h(
        'button',
        { type: 'button', class: 'quiet', click },
        say(words, key),
        h('span', { class: 'sr-only' }, ` ${name}`),
      );
    list.replaceChildren(
      ...[...classes].reverse().map(({ id, name, openedAt, keptUntil, ended }) => {
        const remove = attempt(async () => {
          if (!confirm(say(words, 'class.files.deleteReally', { name }))) return;
          await ask(`/${id}`, 'DELETE');
          setText(part('files-state'), say(words, 'class.files.deleted', { name }));
          await load();
        });
        return h(
          'li',
          {},
          h(
            'span',
            {},
            h('b', {}, name),
            ' ',
            h('time', {}, date.format(openedAt)),
            id === current ? ` ${say(words, 'class.files.current')}` : '',
            ' ',
            h('small', {}, until(keptUntil)),
          ),
          button('class.files.csv', name, save(id, name, 'csv')),
          button('class.files.json', name, save(id, name, 'json')),
          id === current && !ended ? null : button('class.files.delete', name, remove),
        );
      }),
    );
  });
  part('files').addEventListener('toggle', () => void load());
  void load();
}
