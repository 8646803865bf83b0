/** The teacher's bar: bring the class to this page, run the lab's settings with the class, ask it a question of this page. */
import type { ClassRefusal, TeacherAction, TeacherPicture } from '../../../demo-server/classroom/protocol.ts';
import { settingsFromTexts, textsFromQuery } from '../../../demo-server/measure/settings.ts';
import { type Format, formatter } from '../../kit/format.ts';
import { h } from '../../kit/html.ts';
import { say, setText, type Words } from '../../kit/words.ts';
import { standAtFoot } from '../foot.ts';
import { setStanding } from '../identity.ts';
import { type Link, type LinkState, openLink } from '../link.ts';
import { willBeMeasured } from '../measured.ts';
import { questionsOf } from './ask.ts';

/** Opens it; it stays until the page is left. */
export function openTeacherBar(token: string, words: Words): void {
  new TeacherBar(token, words);
}

class TeacherBar {
  readonly #words: Words;
  readonly #format: Format;
  readonly #state = h('span', { class: 'state', role: 'status' });
  readonly #place = h('span', { class: 'place' });
  /** How the last action went. */
  readonly #outcome = h('p', { class: 'now', role: 'status' });
  // The open question: a teacher at the lesson need not go to the console for it.
  readonly #answered = h('span', { class: 'answered', role: 'status' });
  readonly #willMeasure = h('span', {});
  readonly #measure: HTMLElement;
  readonly #reveal: HTMLElement;
  readonly #asking: HTMLElement;
  readonly #bar: HTMLElement;
  readonly #link: Link;
  #picture: TeacherPicture | null = null;

  constructor(token: string, words: Words) {
    this.#words = words;
    this.#format = formatter(words.language ?? 'en');
    this.#measure = this.#button('class.teach.measure', () => this.#callPredictedRun());
    this.#reveal = this.#button('class.teach.reveal', () => this.#act({ do: 'reveal' }, 'class.teach.revealed'));
    const close = this.#button('class.teach.closeQuestion', () =>
      this.#act({ do: 'close-question' }, 'class.teach.closed'),
    );
    this.#asking = h(
      'div',
      { class: 'strip asking', hidden: true },
      this.#answered,
      this.#willMeasure,
      this.#measure,
      this.#reveal,
      close,
    );
    this.#bar = h(
      'aside',
      {
        class: 'class-bar teacher not-content',
        'data-state': 'connecting',
        'aria-label': say(words, 'class.teach.bar'),
      },
      this.#asking,
      h(
        'div',
        { class: 'strip' },
        this.#state,
        this.#place,
        this.#outcome,
        ...this.#buttonsOfPage(),
        h('a', { href: '/teach/' }, say(words, 'class.teach.console')),
      ),
    );
    standAtFoot(this.#bar);
    this.#link = openLink({
      hello: () => ({ type: 'hello', as: 'teacher', token }),
      onMessage: (message) => {
        if (message.type === 'console') this.#draw(message.picture);
      },
      onState: (state, why) => this.#showState(state, why),
    });
    this.#addAskButtons();
  }

  #button(key: string, click: () => void): HTMLElement {
    return h('button', { type: 'button', click }, say(this.#words, key));
  }

  /** What can be done with the class on any page, and with its run on the lab's. */
  #buttonsOfPage(): HTMLElement[] {
    const bring = this.#button('class.teach.bring', () =>
      this.#act({ do: 'go', path: location.pathname + location.hash }, 'class.teach.brought'),
    );
    if (!document.querySelector('push-lab')) return [bring];
    return [bring, this.#button('class.teach.runThese', () => this.#callRunOfLab())];
  }

  /** Puts a button below each question of the page that a class can be asked. */
  #addAskButtons(): void {
    for (const { element, asked } of questionsOf(document, location.pathname)) {
      const { question, key } = asked;
      const ask = () => this.#act({ do: 'ask', question, key }, 'class.teach.asked');
      element.append(h('p', { class: 'class-ask' }, this.#button('class.teach.ask', ask)));
    }
  }

  async #act(action: TeacherAction, done: string): Promise<void> {
    const words = this.#words;
    const { refused, message } = await this.#link.act(action);
    setText(
      this.#outcome,
      refused ? `${say(words, `class.refused.${refused}`)} ${message ?? ''}`.trim() : say(words, done),
    );
  }

  #callRunOfLab(): void {
    const read = settingsFromTexts(textsFromQuery(location.search));
    if ('settings' in read) void this.#act({ do: 'call-run', settings: { ...read.settings } }, 'class.teach.called');
    else setText(this.#outcome, say(this.#words, 'class.teach.badSettings'));
  }

  #callPredictedRun(): void {
    const predicts = this.#picture?.class.question?.question.predicts;
    if (predicts) void this.#act({ do: 'call-run', settings: predicts.settings }, 'class.teach.called');
  }

  #draw(picture: TeacherPicture): void {
    this.#picture = picture;
    const { name, online, seats, question, run } = picture.class;
    setText(this.#place, say(this.#words, 'class.teach.place', { name, count: online, seats }));
    this.#asking.hidden = question === null;
    if (!question) return;
    setText(this.#answered, say(this.#words, 'class.question.answered', { answered: question.answered, seats }));
    const sentence = willBeMeasured(picture, this.#words, this.#format);
    setText(this.#willMeasure, sentence);
    this.#measure.hidden = sentence === '' || (run !== null && run.state !== 'over');
    this.#reveal.hidden = question.revealed !== null;
  }

  #showState(state: LinkState, why: ClassRefusal | null): void {
    this.#bar.dataset.state = state;
    setText(this.#state, say(this.#words, `class.bar.state.${state}`));
    if (why) setText(this.#outcome, say(this.#words, `class.refused.${why}`));
    if (state === 'online') setStanding('in');
    if (state !== 'refused') return;
    setStanding('refused', why);
    // The page to join says it in its own place, and takes this device as a student.
    if (document.querySelector('push-class-join')) this.#bar.remove();
  }
}
