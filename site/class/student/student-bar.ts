/** The bar of a device that has a seat. */
import type { ClassMessage, ClassPicture, ClassRefusal, OwnPart } from '../../../demo-server/classroom/protocol.ts';
import { h } from '../../kit/html.ts';
import { say, setText, type Words } from '../../kit/words.ts';
import { standAtFoot } from '../foot.ts';
import { type Identity, identity, keepIdentity, RENAME, RENAMED, setStanding, tab } from '../identity.ts';
import { type Link, openLink } from '../link.ts';
import { type Outbox, openOutbox } from '../outbox.ts';
import { Activity, isHere } from './activity.ts';
import { type QuestionPanel, questionPanel } from './question-panel.ts';

type SeatIdentity = Extract<Identity, { as: 'seat' }>;

/** The page where one joins. */
const JOIN = '/join/';

/** Stands on the page from its making until the reader leaves the class or closes it; all that it started ends with it. */
export class StudentBar {
  readonly #who: SeatIdentity;
  readonly #words: Words;
  readonly #life = new AbortController();
  readonly #state = h('span', { class: 'state', role: 'status' });
  readonly #place = h('span', { class: 'place' });
  readonly #now = h('p', { class: 'now', role: 'status' });
  readonly #go: HTMLAnchorElement;
  readonly #leave: HTMLElement;
  readonly #panel: QuestionPanel;
  readonly #bar: HTMLElement;
  readonly #outbox: Outbox;
  readonly #link: Link;
  readonly #activity: Activity;
  #picture: ClassPicture | null = null;
  #own: OwnPart | null = null;
  #nickname: string;
  /** The reader's last answer came after its question was closed. */
  #tooLate = false;

  constructor(who: SeatIdentity, words: Words) {
    this.#who = who;
    this.#words = words;
    this.#nickname = who.nickname;
    this.#go = h('a', { class: 'go', hidden: true }, say(words, 'class.bar.go'));
    this.#leave = h(
      'button',
      { type: 'button', class: 'leave', click: () => this.#leaveClass() },
      say(words, 'class.bar.leave'),
    );
    this.#panel = questionPanel(words, (question, answer) => this.#outbox.put({ type: 'answer', question, answer }));
    this.#bar = h(
      'aside',
      { class: 'class-bar not-content', 'data-state': 'connecting', 'aria-label': say(words, 'class.bar.label') },
      this.#panel.element,
      h('div', { class: 'strip' }, this.#state, this.#place, this.#now, this.#go, this.#leave),
    );
    standAtFoot(this.#bar);
    this.#outbox = openOutbox(
      who.seat,
      () => this.#link,
      () => this.#draw(),
    );
    this.#listen();
    this.#link = openLink({
      hello: () => {
        const kept = identity();
        return kept?.as === 'seat' ? { type: 'hello', as: 'seat', seat: kept.seat, secret: kept.secret } : null;
      },
      onMessage: (message) => this.#receive(message),
      onState: (state, why) => {
        this.#bar.dataset.state = state;
        if (state === 'refused') this.#refused(why);
        else this.#draw();
      },
    });
    const changed = () => this.#draw();
    this.#activity = new Activity({ words, link: this.#link, outbox: this.#outbox, changed });
  }

  #listen(): void {
    const { signal } = this.#life;
    document.addEventListener('visibilitychange', () => this.#reportPlace(), { signal });
    document.addEventListener(
      RENAME,
      (event) => this.#link.send({ type: 'nickname', nickname: (event as CustomEvent<string>).detail }),
      { signal },
    );
    addEventListener('pageshow', () => this.#activity.cameBack(), { signal });
  }

  #reportPlace(): void {
    this.#link.send({ type: 'here', path: location.pathname, hidden: document.visibilityState === 'hidden' });
  }

  #receive(message: ClassMessage): void {
    if (message.type === 'seat') {
      if (message.nickname !== this.#nickname) this.#renamed(message.nickname);
      this.#reportPlace();
      this.#outbox.resend();
      setStanding('in');
    }
    const late = this.#outbox.receive(message);
    if (late) this.#tooLate = late.type === 'answer';
    if (late || message.type === 'settled' || message.type === 'refused') this.#draw();
    if (message.type !== 'class') return;
    const { class: picture, own } = message;
    if (picture.question && picture.question.id !== this.#picture?.question?.id) this.#tooLate = false;
    this.#picture = picture;
    this.#own = own;
    if (own && own.nickname !== this.#nickname) this.#renamed(own.nickname);
    this.#activity.update(picture, own);
    this.#draw();
  }

  #renamed(nickname: string): void {
    this.#nickname = nickname;
    keepIdentity({ ...this.#who, nickname });
    document.dispatchEvent(new Event(RENAMED));
  }

  #draw(): void {
    // What a refusal has put there is the last word.
    if (this.#link.state === 'refused') return;
    const [words, picture, nickname] = [this.#words, this.#picture, this.#nickname];
    setText(this.#state, say(words, `class.bar.state.${this.#link.state}`));
    const name = picture?.name ?? '';
    setText(this.#place, picture ? say(words, 'class.bar.place', { nickname, name, count: picture.online }) : nickname);
    this.#drawQuestion();
    const elsewhere = this.#elsewhere();
    this.#go.hidden = elsewhere === null;
    if (elsewhere !== null) this.#go.href = elsewhere;
    setText(this.#now, this.#doing());
  }

  #drawQuestion(): void {
    const open = this.#picture?.question ?? null;
    const held = open ? this.#outbox.answer(open.id) : undefined;
    const delivery = held === undefined ? 'told' : this.#outbox.waits ? 'waits' : 'leaving';
    this.#panel.show(open, held ?? this.#own?.answer ?? null, delivery);
  }

  /** The page where the class is, if that is not this one. */
  #elsewhere(): string | null {
    const together = this.#picture?.together;
    return together && !this.#activity.busy && !isHere(together.path) ? together.path : null;
  }

  /** What goes on in the class, and this device's part in it. */
  #doing(): string {
    const inWords = (key: string): string => say(this.#words, key);
    const { run, ended } = this.#picture ?? {};
    const { busy, news } = this.#activity;
    if (this.#tooLate) return inWords('class.question.late');
    if (news && !busy && !ended) return news;
    if (ended) return inWords('class.bar.ended');
    if (run?.state === 'called') return inWords('class.bar.run.called');
    if (run?.state === 'running' && busy) return inWords('class.bar.run.running');
    if (run && this.#activity.wasCalledOff(run)) return inWords('class.bar.run.off');
    if (run && this.#outbox.hasResult(run.id)) return this.#outbox.waits ? inWords('class.bar.run.waits') : '';
    if (run && this.#own?.result === run.id) return inWords('class.bar.run.told');
    return this.#elsewhere() === null ? '' : inWords('class.bar.elsewhere');
  }

  #leaveClass(): void {
    if (!confirm(say(this.#words, 'class.bar.leaveReally', { name: this.#picture?.name ?? '' }))) return;
    this.#outbox.clear();
    keepIdentity(null);
    this.#close();
    setStanding('left');
  }

  #refused(why: ClassRefusal | null): void {
    const words = this.#words;
    // The seat is gone for good: this device belongs to no class any more. Its reader keeps the name.
    tab.set('nickname', this.#nickname);
    if (why !== 'ended') keepIdentity(null);
    const unsent = this.#outbox.waits ? say(words, 'class.bar.unsent') : '';
    this.#outbox.clear();
    this.#end();
    setStanding('refused', why);
    // The page to join says it in its own place, with the form beside it.
    if (document.querySelector('push-class-join')) {
      this.#bar.remove();
      return;
    }
    setText(this.#state, say(words, 'class.bar.state.refused'));
    setText(this.#now, `${say(words, `class.refused.${why ?? 'unknown-seat'}`)} ${unsent}`);
    this.#panel.show(null, null, 'told');
    setText(this.#go, say(words, 'class.bar.again'));
    this.#go.href = JOIN;
    this.#go.hidden = why === 'ended';
    const close = () => this.#close();
    this.#leave.replaceWith(
      h('button', { type: 'button', class: 'leave', click: close }, say(words, 'class.bar.close')),
    );
  }

  #close(): void {
    this.#end();
    this.#bar.remove();
  }

  /** Nothing goes to the class any more, nothing of it is read, and no listener is left. */
  #end(): void {
    this.#life.abort();
    this.#link.close();
    this.#outbox.close();
    this.#activity.stop();
  }
}
