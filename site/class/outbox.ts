/**
 * What this device has to deliver to the class: its answers and its results. They stay on the device until the class has
 * settled them: through a lost wifi, a reload, another server, or a class that cannot be kept just now.
 */
import type { Answer, ClassMessage, ClassRequest } from '../../demo-server/classroom/protocol.ts';
import type { Link } from './link.ts';

type Lasting = Extract<ClassRequest, { type: 'answer' }> | Extract<ClassRequest, { type: 'result' }>;

export interface Outbox {
  /** Sends it to the class, and holds it until it is settled; what was held of the same question or run is replaced. */
  put(what: Lasting): void;
  /** The answer to this question that is not settled yet. */
  answer(question: string): Answer | undefined;
  /** Whether this device's result of this class run is not settled yet. */
  hasResult(classRun: string): boolean;
  /** Whether something is held and the class cannot be reached, or has not settled it at once. */
  readonly waits: boolean;
  /** Takes the class's reply to what was sent. Returns what the class did not accept. */
  receive(message: ClassMessage): Lasting | null;
  /** Sends all that is held again, as to a server that has just been greeted. */
  resend(): void;
  /** Forgets all of it: the seat is given up. */
  clear(): void;
  close(): void;
}

const KEY = 'pushlab:class-held';
/** What the class has not settled after SOON_MS is shown to the reader as waiting; it is sent again every AGAIN_MS. */
const SOON_MS = 1000;
const AGAIN_MS = 3000;

/** Opens the outbox of a seat, with what its device held before. `changed` is called when `waits` may have changed. */
export function openOutbox(seat: string, link: () => Link, changed: () => void): Outbox {
  let held: Lasting[] = [];
  let slow = false;
  let patience = 0;

  /** Another tab of the same seat may have added to it or settled it. */
  function load(): Lasting[] {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? 'null') as { seat: string; held: Lasting[] } | null;
      held = kept?.seat === seat ? kept.held : [];
    } catch {
      // No storage on this device: it is held as long as the page lives.
    }
    return held;
  }
  function keep(now: Lasting[]): void {
    held = now;
    if (held.length === 0) slow = false;
    try {
      if (held.length > 0) localStorage.setItem(KEY, JSON.stringify({ seat, held }));
      else localStorage.removeItem(KEY);
    } catch {
      // As above.
    }
  }
  function wait(): void {
    clearTimeout(patience);
    patience = window.setTimeout(() => {
      slow = load().length > 0;
      changed();
    }, SOON_MS);
  }
  function resend(): void {
    for (const one of load()) link().send(one);
  }
  const again = setInterval(resend, AGAIN_MS);

  return {
    put(what) {
      const sent = { ...what, n: Math.floor(Math.random() * Number.MAX_SAFE_INTEGER) };
      keep([...load().filter((one) => aboutOf(one) !== aboutOf(what)), sent]);
      link().send(sent);
      wait();
      changed();
    },
    answer(question) {
      const found = load().find((one) => one.type === 'answer' && one.question === question);
      return found?.type === 'answer' ? found.answer : undefined;
    },
    hasResult: (classRun) => load().some((one) => one.type === 'result' && one.classRun === classRun),
    get waits() {
      return load().length > 0 && (slow || link().state !== 'online');
    },
    receive(message) {
      if (message.type === 'refused' && message.why === 'store-lost') slow = load().length > 0;
      if (message.type !== 'settled') return null;
      const settled = load().find(({ n }) => n === message.n);
      keep(held.filter((one) => one !== settled));
      return message.kept ? null : (settled ?? null);
    },
    resend() {
      if (load().length > 0) wait();
      resend();
    },
    clear: () => keep([]),
    close() {
      clearInterval(again);
      clearTimeout(patience);
    },
  };
}

const aboutOf = (what: Lasting): string => (what.type === 'answer' ? what.question : what.classRun);
