/**
 * The class on every page of a device that has joined: whether it is connected, where the class is, the open question, the
 * common run. A teacher's device has the teacher's bar in its place.
 */
import type { ClassMessage, ClassPicture, ClassRefusal, OwnPart } from '../../../demo-server/classroom/protocol.ts';
import { queryFromSettings, type WantedSettings } from '../../../demo-server/measure/settings.ts';
import { say, setText, type Words } from '../../kit/words.ts';
import type { PushLab } from '../../lab/lab-element.ts';
import './bar.css';
import { h } from '../../kit/html.ts';
import { readFeed } from '../feed.ts';
import { standAtFoot } from '../foot.ts';
import { type Identity, identity, keepIdentity, RENAME, RENAMED, setStanding, tab } from '../identity.ts';
import { type Link, type LinkState, openLink } from '../link.ts';
import { openOutbox } from '../outbox.ts';
import { classWords } from '../words.ts';
import { type ClassRunPart, takePart } from './class-run.ts';
import { questionPanel } from './question-panel.ts';

/** Where the lab is, and where one joins. */
const LAB = '/lab/';
const JOIN = '/join/';
/** A page that has not come after so long is asked for again. */
const GO_AGAIN_MS = 30_000;

/** Opens the bar of whoever this device is in the class. Does nothing on the classroom's own pages for teachers, which show all of it. */
export async function openBar(): Promise<void> {
  const who = identity();
  if (!who || document.querySelector('push-class-console, push-class-projector')) return;
  const words = await wordsAtLast();
  if (who.as === 'teacher') (await import('../teacher/teacher-bar.ts')).openTeacherBar(who.token, words);
  else openStudentBar(who, words);
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

function openStudentBar(who: Extract<Identity, { as: 'seat' }>, words: Words): void {
  const state = h('span', { class: 'state', role: 'status' });
  const place = h('span', { class: 'place' });
  const now = h('p', { class: 'now', role: 'status' });
  const go = h('a', { class: 'go', hidden: true }, say(words, 'class.bar.go'));
  const leave = h('button', { type: 'button', class: 'leave' }, say(words, 'class.bar.leave'));
  const panel = questionPanel(words, (question, answer) => outbox.put({ type: 'answer', question, answer }));
  const bar = h(
    'aside',
    { class: 'class-bar not-content', 'data-state': 'connecting', 'aria-label': say(words, 'class.bar.label') },
    panel.element,
    h('div', { class: 'strip' }, state, place, now, go, leave),
  );
  standAtFoot(bar);

  let picture: ClassPicture | null = null;
  let own: OwnPart | null = null;
  let part: ClassRunPart | null = null;
  let busy = false;
  let reading: { key: string; stop: () => void } | null = null;
  let news = '';
  /** The reader's last answer came after its question was closed. */
  let tooLate = false;
  let nickname = who.nickname;
  /** The page that this one is giving way to, and since when. */
  let going = { address: '', since: 0 };
  const outbox = openOutbox(
    who.seat,
    () => link,
    () => draw(),
  );

  leave.addEventListener('click', () => {
    if (!confirm(say(words, 'class.bar.leaveReally', { name: picture?.name ?? '' }))) return;
    link.close();
    outbox.clear();
    keepIdentity(null);
    close();
    setStanding('left');
  });
  const over = new AbortController();
  const { signal } = over;
  /** Nothing goes to the class any more, and nothing of it is read. */
  function stop(): void {
    outbox.close();
    reading?.stop();
    reading = null;
  }
  function close(): void {
    over.abort();
    stop();
    bar.remove();
  }

  const here = () =>
    link.send({ type: 'here', path: location.pathname, hidden: document.visibilityState === 'hidden' });
  document.addEventListener('visibilitychange', here, { signal });
  const rename = (event: Event) => link.send({ type: 'nickname', nickname: (event as CustomEvent<string>).detail });
  document.addEventListener(RENAME, rename, { signal });
  // The reader came back to this page as it was left.
  const shown = () => {
    going = { address: '', since: 0 };
  };
  addEventListener('pageshow', shown, { signal });
  function renamed(now: string): void {
    nickname = now;
    keepIdentity({ ...who, nickname });
    document.dispatchEvent(new Event(RENAMED));
  }

  const link: Link = openLink({
    hello: () => {
      const kept = identity();
      return kept?.as === 'seat' ? { type: 'hello', as: 'seat', seat: kept.seat, secret: kept.secret } : null;
    },
    hear(message: ClassMessage) {
      if (message.type === 'seat') {
        if (message.nickname !== nickname) renamed(message.nickname);
        here();
        outbox.sayAgain();
        setStanding('in');
      }
      const late = outbox.hear(message);
      if (late) tooLate = late.type === 'answer';
      if (late || message.type === 'settled' || message.type === 'refused') draw();
      if (message.type !== 'class') return;
      if (message.class.question && message.class.question.id !== picture?.question?.id) tooLate = false;
      ({ class: picture, own } = message);
      if (own && own.nickname !== nickname) renamed(own.nickname);
      follow();
      followFeed();
      draw();
    },
    tell: (next: LinkState, why: ClassRefusal | null) => {
      bar.dataset.state = next;
      if (next === 'refused') refused(why);
      else draw();
    },
  });

  function draw(): void {
    // What a refusal has put there is the last word.
    if (link.state === 'refused') return;
    setText(state, say(words, `class.bar.state.${link.state}`));
    const name = picture?.name ?? '';
    setText(place, picture ? say(words, 'class.bar.place', { nickname, name, count: picture.online }) : nickname);
    const open = picture?.question ?? null;
    const held = open ? outbox.answer(open.id) : undefined;
    panel.show(open, held ?? own?.answer ?? null, held === undefined ? 'told' : outbox.waits ? 'waits' : 'leaving');
    const { together, run, ended } = picture ?? {};
    const elsewhere = together && !busy && !isHere(together.path);
    go.hidden = !elsewhere;
    if (elsewhere && together) go.href = together.path;
    let doing = '';
    if (ended) doing = say(words, 'class.bar.ended');
    else if (run?.state === 'called') doing = say(words, 'class.bar.run.called');
    else if (run?.state === 'running' && busy) doing = say(words, 'class.bar.run.running');
    else if (run && run.state === 'over' && run.startsAt === null && part?.id === run.id)
      doing = say(words, 'class.bar.run.off');
    else if (run && outbox.hasResult(run.id)) doing = outbox.waits ? say(words, 'class.bar.run.waits') : '';
    else if (run && own?.result === run.id) doing = say(words, 'class.bar.run.told');
    else if (elsewhere) doing = say(words, 'class.bar.elsewhere');
    if (news && !busy && !ended) doing = news;
    if (tooLate) doing = say(words, 'class.question.late');
    setText(now, doing);
  }

  /** Does what the class does: goes where it goes, once; takes part in its run, on the lab's page. */
  function follow(): void {
    if (!picture) return;
    const { run, together } = picture;
    if (run && part?.id === run.id) part.hear(run);
    else if (run && run.state !== 'over' && own?.result !== run.id && !outbox.hasResult(run.id))
      return void begin(run.settings as WantedSettings);
    if (!together || busy || tab.get('move') === String(together.move)) return;
    tab.set('move', String(together.move));
    if (!isHere(together.path)) goTo(together.path);
  }
  /** Once: the class is shown several times a second, and each call would begin the way anew, on a slow network for ever. */
  function goTo(address: string): void {
    if (going.address === address && performance.now() < going.since + GO_AGAIN_MS) return;
    going = { address, since: performance.now() };
    location.assign(address);
  }
  /** Reads the class feed; not during a run, whose lanes need the browser's six connections. */
  function followFeed(): void {
    const feed = busy || link.state === 'refused' ? null : (picture?.feed ?? null);
    const key = feed ? `${feed.technique} ${feed.run}` : '';
    if (reading?.key === key || (!feed && !reading)) return;
    reading?.stop();
    reading = null;
    news = '';
    if (!feed) return;
    const stop = readFeed(feed, link, (heard) => {
      const text = `class.news.${heard.kind}`;
      if (words[text] === undefined) return;
      news = say(words, text, heard as unknown as Record<string, string | number>);
      draw();
    });
    reading = { key, stop };
  }
  async function begin(settings: WantedSettings): Promise<void> {
    const lab = document.querySelector<PushLab>('push-lab');
    if (!lab) return goTo(LAB + queryFromSettings(settings));
    await customElements.whenDefined('push-lab');
    const run = picture?.run;
    if (!run || part?.id === run.id) return;
    busy = true;
    followFeed();
    const mine = takePart(lab, run, words, link, outbox, () => {
      // The run before this one, which the call of this one has ended.
      if (part !== mine) return;
      busy = false;
      followFeed();
      draw();
    });
    part = mine;
    mine.hear(run);
    draw();
  }
  function refused(why: ClassRefusal | null): void {
    // The seat is gone for good: this device belongs to no class any more. Its reader keeps the name.
    tab.set('nickname', nickname);
    if (why !== 'ended') keepIdentity(null);
    const unsent = outbox.waits ? say(words, 'class.bar.unsent') : '';
    outbox.clear();
    stop();
    setStanding('refused', why);
    // The page to join says it in its own place, with the form beside it.
    if (document.querySelector('push-class-join')) {
      close();
      return;
    }
    setText(state, say(words, 'class.bar.state.refused'));
    setText(now, `${say(words, `class.refused.${why ?? 'unknown-seat'}`)} ${unsent}`);
    panel.show(null, null, 'told');
    setText(go, say(words, 'class.bar.again'));
    go.href = JOIN;
    go.hidden = why === 'ended';
    leave.replaceWith(h('button', { type: 'button', class: 'leave', click: close }, say(words, 'class.bar.close')));
  }
}

function isHere(path: string): boolean {
  const { pathname, hash } = new URL(path, location.href);
  return pathname === location.pathname && (hash === '' || hash === location.hash);
}
