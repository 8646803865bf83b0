/** `<push-class-console>`: everything that a teacher can do with a class. */
import {
  type JoinPlace,
  SEATS,
  spacedCode,
  type TeacherAction,
  type TeacherPicture,
} from '../../../demo-server/classroom/protocol.ts';
import { settingsFromTexts } from '../../../demo-server/measure/settings.ts';
import { h, show } from '../../kit/html.ts';
import { say, setText } from '../../kit/words.ts';
import { connectTeacher, runInWords, showResults, type TeacherPage } from '../teacher-page.ts';
import type { AskedQuestion } from './ask.ts';
import { sitePages, titleOf } from './pages.ts';
import { connectRemoval, drawRemoval, peopleTable } from './people.ts';

class ClassConsole extends HTMLElement {
  #page: TeacherPage | null = null;

  connectedCallback(): void {
    let act: Act = async () => {};
    this.#page = connectTeacher(this, (picture, page) => draw(picture, page, act));
    if (!this.#page) return;
    fillPages(this.#page);
    act = connectActions(this.#page);
    connectRun(this.#page, act);
    connectQuestions(this.#page, act);
    const page = this.#page;
    page.part('files').addEventListener(
      'toggle',
      () => {
        void import('./files.ts').then(({ connectFiles }) => connectFiles(page));
      },
      { once: true },
    );
  }

  disconnectedCallback(): void {
    this.#page?.link.close();
  }
}

/** Fills the two lists of pages. */
function fillPages({ part }: TeacherPage): void {
  for (const name of ['page', 'question-page'])
    part(name).append(...sitePages().map(({ path, title }) => h('option', { value: path }, title)));
}

/** How long it is said how an action went. */
const SAID_MS = 10_000;

type Act = (action: TeacherAction, done?: string) => Promise<void>;

/** The plain buttons, and how an action's outcome is told. */
function connectActions(page: TeacherPage): Act {
  const { words, link, part } = page;
  let saying = 0;
  const act: Act = async (action, done) => {
    const { refused, message } = await link.act(action);
    const said = refused ? `${say(words, `class.refused.${refused}`)} ${message ?? ''}` : done ? say(words, done) : '';
    setText(part('said'), said.trim());
    clearTimeout(saying);
    saying = window.setTimeout(() => setText(part('said'), ''), SAID_MS);
  };
  const on = (name: string, click: () => void) => part(name).addEventListener('click', click);
  on('lock', () => act({ do: 'lock', locked: part('lock').getAttribute('aria-pressed') !== 'true' }));
  on('end', () => {
    if (confirm(say(words, 'class.teach.endReally'))) void act({ do: 'end' });
  });
  on('go', () => act({ do: 'go', path: part<HTMLSelectElement>('page').value }, 'class.teach.brought'));
  part('only').addEventListener('change', () => {
    if (page.picture) drawPeople(page.picture, page, act);
  });
  connectRemoval(page, (action) => void act(action, 'class.people.removedSeats'));
  on('roam', () => act({ do: 'go', path: null }, 'class.teach.roaming'));
  on('start-run', () => act({ do: 'start-run' }));
  on('stop-run', () => act({ do: 'stop-run' }));
  on('measure', () => {
    const predicts = page.picture?.class.question?.question.predicts;
    if (predicts) void act({ do: 'call-run', settings: predicts.settings }, 'class.teach.called');
  });
  on('reveal', () => act({ do: 'reveal' }));
  on('close-question', () => act({ do: 'close-question' }));
  part('join-address').addEventListener('change', () => {
    const { value } = part<HTMLSelectElement>('join-address');
    void act({ do: 'join-at', address: value || null }, 'class.teach.joinAtDone');
  });
  part('feed').addEventListener('change', () => {
    const { value } = part<HTMLSelectElement>('feed');
    void act({ do: 'feed', technique: (value || null) as never });
  });
  part('say').addEventListener('submit', (event) => {
    event.preventDefault();
    const input = part<HTMLInputElement>('say-text');
    void act({ do: 'say', text: input.value }, 'class.teach.saidIt');
    input.value = '';
  });
  return act;
}

/** Where one joins: the address on the wall, and the machine's others where there is a choice. */
function drawPlace({ addresses, chosen, trouble }: JoinPlace, { words, part }: TeacherPage): void {
  setText(part('url'), addresses[0]?.url ?? '');
  setText(part('place'), trouble ? say(words, `class.place.${trouble}`) : '');
  part('place').hidden = trouble === null;
  part('join-at').hidden = addresses.length < 2;
  const select = part<HTMLSelectElement>('join-address');
  // In an order that a choice does not change.
  const options = [...addresses].sort((a, b) => (a.address < b.address ? -1 : 1));
  show(
    select,
    options.map(({ address, network }) => [address, network]),
    () => [
      h('option', { value: '' }, say(words, 'class.teach.likeliest')),
      ...options.map(({ address, network }) =>
        h('option', { value: address }, network ? `${address} (${network})` : address),
      ),
    ],
  );
  // Not while somebody is choosing.
  if (document.activeElement !== select) select.value = chosen ?? '';
}

/** The form of the common settings. All other settings are those of the lab, whose page has "Run these with the class". */
function connectRun({ words, part }: TeacherPage, act: Act): void {
  const form = part<HTMLFormElement>('run-form');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const data = new FormData(form);
    const texts = Object.fromEntries([...data].filter(([name]) => name !== 'techniques')) as Record<string, string>;
    const read = settingsFromTexts({ ...texts, techniques: data.getAll('techniques').map(String) });
    if ('settings' in read) {
      setText(part('run-fault'), '');
      return void act({ do: 'call-run', settings: { ...read.settings } }, 'class.teach.called');
    }
    const faults = read.faults.map(({ field, got, takes }) =>
      say(words, 'class.teach.fault', { field, got: JSON.stringify(got), takes }),
    );
    setText(part('run-fault'), faults.join(' '));
  });
}

/** The questions of a chosen page, read from that page itself. */
function connectQuestions({ words, part }: TeacherPage, act: Act): void {
  const select = part<HTMLSelectElement>('question-page');
  const list = part('questions');
  let asked: AskedQuestion[] = [];
  const load = async () => {
    const path = select.value;
    list.replaceChildren();
    if (!path) return;
    setText(part('questions-state'), say(words, 'class.teach.loading'));
    try {
      const answer = await fetch(path);
      if (!answer.ok) throw new Error(`${answer.status}`);
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const { questionsOf } = await import('./ask.ts');
      if (select.value !== path) return;
      asked = questionsOf(page, path).map((one) => one.asked);
      setText(part('questions-state'), asked.length > 0 ? '' : say(words, 'class.teach.noQuestions'));
    } catch {
      setText(part('questions-state'), say(words, 'class.teach.notLoaded'));
    }
    list.replaceChildren(
      ...asked.map(({ question, key }) =>
        h(
          'li',
          {},
          h('span', {}, question.text),
          h(
            'button',
            { type: 'button', click: () => void act({ do: 'ask', question, key }, 'class.teach.asked') },
            say(words, 'class.teach.ask'),
          ),
        ),
      ),
    );
  };
  select.addEventListener('change', () => void load());
}

function draw(picture: TeacherPicture, page: TeacherPage, act: Act): void {
  const { words, format, part } = page;
  const { class: now, join } = picture;
  setText(part('name'), now.name);
  setText(part('code'), spacedCode(join.code));
  drawPlace(join, page);
  setText(part('kept'), say(words, `class.kept.${picture.kept}`));
  part('trouble').hidden = picture.trouble === null;
  part('lock').setAttribute('aria-pressed', String(now.locked));
  part('ended').hidden = !now.ended;
  part('insecure').hidden = location.protocol === 'https:' || now.ended;
  part('locked').hidden = !now.locked || now.ended;
  for (const element of [part('lock'), part('end'), ...part('class').querySelectorAll<HTMLElement>('.live')])
    element.hidden = now.ended;
  if (now.ended && !page.ended) {
    page.ended = true;
    const files = part<HTMLDetailsElement>('files');
    files.open = true;
    // Where they are open already they are read again: a class that has ended can be deleted.
    files.dispatchEvent(new Event('toggle'));
  }

  setText(part('count'), say(words, 'class.projector.here', { count: now.online, seats: now.seats }));
  drawPeople(picture, page, act);
  const { together } = now;
  const goesOn = now.run !== null && now.run.state !== 'over';
  const where = together ? 'at' : goesOn ? 'atRun' : 'roaming';
  setText(part('together'), say(words, `class.teach.${where}`, { page: titleOf(together?.path ?? '') }));

  const { run, question } = now;
  setText(part('run-state'), runInWords(run, words, picture.readiness));
  part('start-run').hidden = run?.state !== 'called';
  part('stop-run').hidden = !run || run.state === 'over';
  void showResults(picture, page, say(words, 'class.teach.noResults'));

  part('open-question').hidden = question === null;
  part('reveal').hidden = question?.revealed !== null;
  if (question) void import('../wall/open-question.ts').then(({ drawOpenQuestion }) => drawOpenQuestion(picture, page));
  const feed = part<HTMLSelectElement>('feed');
  if (document.activeElement !== feed) feed.value = now.feed?.technique ?? '';
  part('say').hidden = now.feed === null;
  const cost = picture.feed;
  part('feed-cost').hidden = cost === null;
  if (cost) {
    const { latency, counts } = cost;
    setText(
      part('feed-cost'),
      say(words, latency ? 'class.feed.cost' : 'class.feed.costNoLatency', {
        events: format.count(cost.events),
        readers: format.count(cost.readers),
        requests: format.count(counts.requests),
        head: format.bytes(counts.headBytes),
        wire: format.bytes(counts.wireBytes),
        p50: format.ms(latency?.p50 ?? Number.NaN),
        p95: format.ms(latency?.p95 ?? Number.NaN),
      }),
    );
  }
}

/** Who is in the class; on demand only those of whom something is awaited, or who are away. */
function drawPeople({ people }: TeacherPicture, page: TeacherPage, act: Act): void {
  const { part } = page;
  part('full').hidden = people.length < SEATS;
  drawRemoval(people, page);
  const only = part<HTMLInputElement>('only').checked;
  const shown = only ? people.filter(({ presence, awaited }) => presence !== 'online' || awaited !== null) : people;
  show(part('people'), [shown, only, people.length], () => [
    peopleTable(shown, people.length, page, (seat) => void act({ do: 'remove', seat })),
  ]);
}

customElements.define('push-class-console', ClassConsole);
