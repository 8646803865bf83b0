/** What console and projector share: the teacher's token of this device, and the class as the server shows it. */
import type { ClassRefusal, ClassRun, TeacherPicture } from '../../demo-server/classroom/protocol.ts';
import type { TechniqueId } from '../../demo-server/protocol.ts';
import { type Format, formatter } from '../kit/format.ts';
import { h, show } from '../kit/html.ts';
import { partsOf } from '../kit/parts.ts';
import { svg } from '../kit/svg.ts';
import { readWords, say, setText, type Words } from '../kit/words.ts';
import { identity, keepIdentity } from './identity.ts';
import { type Link, openLink } from './link.ts';
import { techniqueNames } from './words.ts';

export interface TeacherPage {
  words: Words;
  format: Format;
  names: Readonly<Record<TechniqueId, string>>;
  token: string;
  link: Link;
  /** The class as it was shown last. */
  picture: TeacherPicture | null;
  /** The class was shown as ended. */
  ended: boolean;
  part<T extends HTMLElement = HTMLElement>(name: string): T;
}

/**
 * Connects a page of the teacher: takes the token from behind the # of the private link (and takes it out of the address),
 * or from this device. Without one the page says how to come by it. `draw` is called with each picture.
 */
export function connectTeacher(
  root: HTMLElement,
  draw: (picture: TeacherPicture, page: TeacherPage) => void,
): TeacherPage | null {
  const words = readWords(root);
  const part = partsOf(root);
  const [, given] = /^#([\w-]{20,})$/.exec(location.hash) ?? [];
  if (given) {
    // Where nothing is kept, the address is all that a reload has to go by.
    if (keepIdentity({ as: 'teacher', token: given })) history.replaceState(history.state, '', location.pathname);
  }
  const who = identity();
  const setState = (state: 'none' | 'connecting' | 'online' | 'lost' | 'refused', why: ClassRefusal | null = null) => {
    root.dataset.state = state;
    part('none').hidden = state !== 'none' && state !== 'refused';
    part('class').hidden = state === 'none' || state === 'refused' || !shown;
    setText(part('state'), state === 'none' ? '' : say(words, `class.bar.state.${state}`));
    part('state').hidden = state === 'none';
    if (why) setText(part('state'), say(words, `class.refused.${why}`));
  };
  let shown = false;
  if (who?.as !== 'teacher') {
    setState('none');
    return null;
  }
  const link = openLink({
    hello: () => ({ type: 'hello', as: 'teacher', token: who.token }),
    onMessage(message) {
      if (message.type !== 'console') return;
      shown = true;
      part('class').hidden = false;
      page.picture = message.picture;
      draw(message.picture, page);
    },
    onState: setState,
  });
  const language = words.language ?? 'en';
  const page: TeacherPage = {
    words,
    format: formatter(language),
    names: techniqueNames(words),
    token: who.token,
    link,
    picture: null,
    ended: false,
    part,
  };
  setState('connecting');
  return page;
}

/** How far the class's run is, in words; with `readiness`, how many devices are ready while it is called. */
export function runInWords(run: ClassRun | null, words: Words, readiness?: TeacherPicture['readiness']): string {
  if (!run) return say(words, 'class.run.none');
  const calledOff = run.state === 'over' && run.startsAt === null;
  return say(words, `class.run.state.${calledOff ? 'off' : run.state}`, readiness ?? undefined);
}

/** Shows the results of the class's run below `empty`; their code comes with the first of them. */
export async function showResults(
  picture: TeacherPicture,
  { words, format, names, part }: TeacherPage,
  empty: string,
): Promise<void> {
  const box = part('results');
  if (picture.results.length === 0) return show(box, null, () => (empty ? [h('p', { class: 'empty' }, empty)] : []));
  const { resultsView } = await import('./wall/results.ts');
  show(box, [picture.results, picture.costs], () => resultsView(picture, words, format, names));
}

/** A QR code as a picture: dark on white in both themes, as cameras want it, with the margin that the standard asks for. */
export function qrPicture(rows: readonly string[], label: string): SVGElement {
  const margin = 4;
  const size = rows.length + 2 * margin;
  let path = '';
  rows.forEach((row, y) => {
    for (const { index, 0: run } of row.matchAll(/1+/g))
      path += `M${index + margin} ${y + margin}h${run.length}v1h-${run.length}z`;
  });
  return svg(
    'svg',
    { viewBox: `0 0 ${size} ${size}`, class: 'qr', role: 'img', 'aria-label': label, 'shape-rendering': 'crispEdges' },
    svg('path', { class: 'paper', d: `M0 0h${size}v${size}H0z` }),
    svg('path', { class: 'ink', d: path }),
  );
}
