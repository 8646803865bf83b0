/** What the class does, done on this page: going where it goes, taking part in its run, reading its feed. */
import type { ClassPicture, ClassRun, OwnPart } from '../../../demo-server/classroom/protocol.ts';
import { queryFromSettings, type WantedSettings } from '../../../demo-server/measure/settings.ts';
import { say, type Words } from '../../kit/words.ts';
import type { PushLab } from '../../lab/lab-element.ts';
import { readFeed } from '../feed.ts';
import { tab } from '../identity.ts';
import type { Link } from '../link.ts';
import type { Outbox } from '../outbox.ts';
import { ClassRunPart } from './class-run.ts';

/** The page of the lab. */
const LAB = '/lab/';
/** A page that has not come after this time is asked for again. */
const GO_AGAIN_MS = 30_000;

interface ActivityOptions {
  words: Words;
  link: Link;
  outbox: Outbox;
  /** Called when `busy` or `news` has changed. */
  changed: () => void;
}

export class Activity {
  /** Whether this device takes part in a run now. */
  busy = false;
  /** The newest line of the class feed; '' where there is none. */
  news = '';
  readonly #options: ActivityOptions;
  #picture: ClassPicture | null = null;
  #part: ClassRunPart | null = null;
  #reading: { key: string; stop: () => void } | null = null;
  /** The page that this one is giving way to, and since when. */
  #going = { address: '', since: 0 };

  constructor(options: ActivityOptions) {
    this.#options = options;
  }

  /** The class has changed. */
  update(picture: ClassPicture, own: OwnPart | null): void {
    this.#picture = picture;
    this.#follow(picture, own);
    this.#followFeed();
  }

  /** Whether this device was in `run`, which was called off before its start. */
  wasCalledOff(run: ClassRun): boolean {
    return run.state === 'over' && run.startsAt === null && this.#part?.id === run.id;
  }

  /** The reader came back to this page as it was left: it is not giving way any more. */
  cameBack(): void {
    this.#going = { address: '', since: 0 };
  }

  /** Ends the reading of the feed. */
  stop(): void {
    this.#reading?.stop();
    this.#reading = null;
  }

  /** Goes where the class goes, once; takes part in its run, on the lab's page. */
  #follow({ run, together }: ClassPicture, own: OwnPart | null): void {
    if (run && this.#part?.id === run.id) this.#part.update(run);
    else if (run && run.state !== 'over' && own?.result !== run.id && !this.#options.outbox.hasResult(run.id))
      return void this.#begin(run.settings as WantedSettings);
    if (!together || this.busy || tab.get('move') === String(together.move)) return;
    tab.set('move', String(together.move));
    if (!isHere(together.path)) this.#goTo(together.path);
  }

  /** Once: the class is shown several times a second, and each call would restart the navigation, on a slow network for ever. */
  #goTo(address: string): void {
    if (this.#going.address === address && performance.now() < this.#going.since + GO_AGAIN_MS) return;
    this.#going = { address, since: performance.now() };
    location.assign(address);
  }

  async #begin(settings: WantedSettings): Promise<void> {
    const lab = document.querySelector<PushLab>('push-lab');
    if (!lab) return this.#goTo(LAB + queryFromSettings(settings));
    await customElements.whenDefined('push-lab');
    const run = this.#picture?.run;
    if (!run || this.#part?.id === run.id) return;
    this.busy = true;
    this.#followFeed();
    const done = () => {
      // The call of the next run has ended this one.
      if (this.#part !== part) return;
      this.busy = false;
      this.#followFeed();
      this.#options.changed();
    };
    const part = new ClassRunPart(lab, run, { ...this.#options, done });
    this.#part = part;
    part.update(run);
    this.#options.changed();
  }

  /** Reads the class feed; not during a run, whose lanes need the browser's six connections. */
  #followFeed(): void {
    const { words, link, changed } = this.#options;
    const feed = this.busy || link.state === 'refused' ? null : (this.#picture?.feed ?? null);
    const key = feed ? `${feed.technique} ${feed.run}` : '';
    if (this.#reading?.key === key || (!feed && !this.#reading)) return;
    this.stop();
    this.news = '';
    if (!feed) return;
    const stop = readFeed(feed, link, (news) => {
      const text = `class.news.${news.kind}`;
      if (words[text] === undefined) return;
      this.news = say(words, text, news as unknown as Record<string, string | number>);
      changed();
    });
    this.#reading = { key, stop };
  }
}

/** Whether the page at `path` is this one, at this place. */
export function isHere(path: string): boolean {
  const { pathname, hash } = new URL(path, location.href);
  return pathname === location.pathname && (hash === '' || hash === location.hash);
}
