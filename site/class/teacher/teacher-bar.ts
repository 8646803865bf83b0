/** The teacher's bar: bring the class to this page, run the lab's settings with the class, ask it a question of this page. */
import type { TeacherAction, TeacherPicture } from '../../../demo-server/classroom/protocol.ts';
import { settingsFromTexts, textsFromQuery } from '../../../demo-server/measure/settings.ts';
import { formatter } from '../../kit/format.ts';
import { h } from '../../kit/html.ts';
import { say, setText, type Words } from '../../kit/words.ts';
import { standAtFoot } from '../foot.ts';
import { setStanding } from '../identity.ts';
import { openLink } from '../link.ts';
import { willBeMeasured } from '../measured.ts';
import { questionsOf } from './ask.ts';

/** Opens it; it stays until the page is left. */
export function openTeacherBar(token: string, words: Words): void {
  const format = formatter(words.language ?? 'en');
  const state = h('span', { class: 'state', role: 'status' });
  const place = h('span', { class: 'place' });
  const said = h('p', { class: 'now', role: 'status' });
  const act = async (action: TeacherAction, done: string) => {
    const { refused, message } = await link.act(action);
    setText(said, refused ? `${say(words, `class.refused.${refused}`)} ${message ?? ''}`.trim() : say(words, done));
  };
  const button = (key: string, click: () => void) => h('button', { type: 'button', click }, say(words, key));
  const buttons: Node[] = [
    button('class.teach.bring', () =>
      act({ do: 'go', path: location.pathname + location.hash }, 'class.teach.brought'),
    ),
  ];
  if (document.querySelector('push-lab')) {
    const run = () => {
      const read = settingsFromTexts(textsFromQuery(location.search));
      if ('settings' in read) void act({ do: 'call-run', settings: { ...read.settings } }, 'class.teach.called');
      else setText(said, say(words, 'class.teach.badSettings'));
    };
    buttons.push(button('class.teach.runThese', run));
  }
  // The question that is open: a teacher who stands at the lesson need not go to the console for it.
  const answered = h('span', { class: 'answered', role: 'status' });
  const will = h('span', {});
  const measure = button('class.teach.measure', () => {
    const predicts = picture?.class.question?.question.predicts;
    if (predicts) void act({ do: 'call-run', settings: predicts.settings }, 'class.teach.called');
  });
  const reveal = button('class.teach.reveal', () => void act({ do: 'reveal' }, 'class.teach.revealed'));
  const close = button('class.teach.closeQuestion', () => void act({ do: 'close-question' }, 'class.teach.closed'));
  const asking = h('div', { class: 'strip asking', hidden: true }, answered, will, measure, reveal, close);

  const bar = h(
    'aside',
    { class: 'class-bar teacher not-content', 'data-state': 'connecting', 'aria-label': say(words, 'class.teach.bar') },
    asking,
    h(
      'div',
      { class: 'strip' },
      state,
      place,
      said,
      ...buttons,
      h('a', { href: '/teach/' }, say(words, 'class.teach.console')),
    ),
  );
  standAtFoot(bar);

  let picture: TeacherPicture | null = null;
  const link = openLink({
    hello: () => ({ type: 'hello', as: 'teacher', token }),
    hear(message) {
      if (message.type !== 'console') return;
      ({ picture } = message);
      const { class: now } = picture;
      setText(place, say(words, 'class.teach.place', { name: now.name, count: now.online, seats: now.seats }));
      const { question, run } = now;
      asking.hidden = question === null;
      if (!question) return;
      setText(answered, say(words, 'class.question.answered', { answered: question.answered, seats: now.seats }));
      const sentence = willBeMeasured(picture, words, format);
      setText(will, sentence);
      measure.hidden = sentence === '' || (run !== null && run.state !== 'over');
      reveal.hidden = question.revealed !== null;
    },
    tell(next, why) {
      bar.dataset.state = next;
      setText(state, say(words, `class.bar.state.${next}`));
      if (why) setText(said, say(words, `class.refused.${why}`));
      if (next === 'online') setStanding('in');
      if (next !== 'refused') return;
      setStanding('refused', why);
      // The page to join says it in its own place, and takes this device as a student.
      if (document.querySelector('push-class-join')) bar.remove();
    },
  });

  for (const { element, asked } of questionsOf(document, location.pathname)) {
    const ask = () => act({ do: 'ask', question: asked.question, key: asked.key }, 'class.teach.asked');
    element.append(h('p', { class: 'class-ask' }, button('class.teach.ask', ask)));
  }
}
