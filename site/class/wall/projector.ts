/** `<push-class-projector>`: the class on the wall. How to join, who is here, the question, the live numbers. */
import { spacedCode, type TeacherPicture } from '../../../demo-server/classroom/protocol.ts';
import { h, show } from '../../kit/html.ts';
import { say, setText } from '../../kit/words.ts';
import { measureLines } from '../measured.ts';
import { answerBars } from '../student/answers.ts';
import { connectTeacher, qrPicture, runInWords, showResults, type TeacherPage } from '../teacher-page.ts';
import { fitTables } from './fit.ts';

class ClassProjector extends HTMLElement {
  #page: TeacherPage | null = null;
  #unfit: (() => void) | null = null;

  connectedCallback(): void {
    this.#page = connectTeacher(this, draw);
    const results = this.querySelector<HTMLElement>('[data-part="results"]');
    if (results) this.#unfit = fitTables(results);
    this.querySelector('[data-part="full"]')?.addEventListener('click', () => {
      if (document.fullscreenElement) void document.exitFullscreen();
      else void this.requestFullscreen().catch(() => {});
    });
  }

  disconnectedCallback(): void {
    this.#page?.link.close();
    this.#unfit?.();
  }
}

/** An address as one types it. */
const bare = (url: string): string => url.replace(/^https?:\/\//, '');

function draw(picture: TeacherPicture, page: TeacherPage): void {
  const { words, part } = page;
  const { class: now, join, people, tally } = picture;
  setText(part('name'), now.name);
  const [first, ...more] = join.addresses;
  const others = more.filter(({ virtual }) => !virtual);
  const joinCode = () =>
    h(
      'p',
      { class: 'code' },
      h('span', { class: 'label' }, say(words, 'class.projector.code')),
      ' ',
      h('b', { class: 'join-code' }, spacedCode(join.code)),
    );
  show(part('join'), [join, now.locked, now.ended], () => {
    if (now.ended) return [h('p', { class: 'big' }, say(words, 'class.refused.ended'))];
    if (now.locked) return [h('p', { class: 'big' }, say(words, 'class.projector.locked'))];
    if (!first?.qr) {
      const here = join.trouble === 'this-machine' && first;
      return [
        h('p', { class: 'big' }, join.trouble && say(words, `class.place.${join.trouble}`)),
        h('div', {}, here && h('p', { class: 'url' }, bare(first.url)), joinCode()),
      ];
    }
    return [
      qrPicture(first.qr, say(words, 'class.projector.qr', { url: first.url })),
      h(
        'div',
        {},
        h('p', { class: 'how' }, say(words, 'class.projector.how')),
        h('p', { class: 'url' }, bare(first.url)),
        joinCode(),
        others.length > 0 &&
          h(
            'p',
            { class: 'others' },
            say(words, 'class.projector.others', { urls: others.map(({ url }) => url).join(' · ') }),
          ),
      ),
    ];
  });
  const count = { count: now.online, seats: now.seats };
  setText(
    part('count'),
    say(words, now.seats === 0 && !now.ended ? 'class.people.none' : 'class.projector.here', count),
  );
  show(
    part('people'),
    people.map(({ nickname, presence }) => [nickname, presence]),
    () =>
      people.map(({ nickname, presence }) =>
        h(
          'li',
          { 'data-presence': presence },
          nickname,
          h('span', { class: 'sr-only' }, ` (${say(words, `class.presence.${presence}`)})`),
        ),
      ),
  );

  const { question, run } = now;
  part('class').toggleAttribute('data-busy', question !== null || run !== null);
  part('question').hidden = question === null;
  show(part('question'), [question, question?.revealed ? tally : null], () => {
    if (!question) return [];
    const { revealed } = question;
    const answered = say(words, 'class.question.answered', { answered: question.answered, seats: now.seats });
    return [
      h('h2', {}, question.question.text),
      revealed
        ? answerBars(question.question, revealed.tally, revealed.key, words)
        : h(
            'div',
            {},
            h('ul', { class: 'choices-shown' }, ...question.question.choices.map((text) => h('li', {}, text))),
            h('p', { class: 'big' }, answered),
          ),
      ...(revealed ? measureLines(question.question, revealed.key, revealed.measured, words, false) : []),
      ...(revealed?.key.why ?? []).map((why) => h('p', { class: 'why' }, why)),
    ];
  });
  part('run').hidden = run === null;
  setText(part('run-state'), runInWords(run, words));
  void showResults(picture, page, '');
}

customElements.define('push-class-projector', ClassProjector);
