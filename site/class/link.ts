/**
 * The class's socket of this device. It comes back by itself: after a lost wifi, after sleep, after a restart of the server;
 * and it notices a connection that is dead although neither side has closed it.
 */
import type { ClassMessage, ClassRefusal, ClassRequest, TeacherAction } from '../../demo-server/classroom/protocol.ts';
import { CLASS_SOCKET, CLOSED_FOR_GOOD } from '../../demo-server/classroom/protocol.ts';
import { type ClockEstimate, estimate, type PingSample, pageTime } from '../../demo-server/measure/clock.ts';

/** `refused`: the server does not accept this greeting, however often it is sent. */
export type LinkState = 'connecting' | 'online' | 'lost' | 'refused';

type Hello = Extract<ClassRequest, { type: 'hello' }>;
/** How an action went; `offline`: there was no connection; `unsure`: it broke before the reply. */
type Done = Omit<Extract<ClassMessage, { type: 'done' }>, 'refused'> & {
  refused?: ClassRefusal | 'offline' | 'unsure';
};

export interface Link {
  readonly state: LinkState;
  /** Server clock − page clock; null before the first pings are back. */
  readonly clock: ClockEstimate | null;
  /** Sends it, or drops it where there is no connection: what matters is sent again after the next greeting. */
  send(request: ClassRequest): void;
  /** Performs a teacher's action. Resolves with how it went. */
  act(action: TeacherAction): Promise<Done>;
  /** Ends the connection for good, with its timers and listeners. */
  close(): void;
}

export interface LinkOptions {
  /** Called at each connection; null = there is nothing to greet with any more, stay away. */
  hello: () => Hello | null;
  onMessage: (message: ClassMessage) => void;
  onState: (state: LinkState, why: ClassRefusal | null) => void;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 4000;
/** A connection is pinged this often, and given up when nothing has come for so long after a ping. */
const ALIVE_MS = 4000;
const DEAD_MS = 5000;
/** From the handshake to the seat: on a bad wifi a packet of it may be lost twice, and is sent again after 1 and 3 s. */
const GREETED_MS = 8000;
/** Pings of one clock estimate. */
const PINGS = 8;

/** Connects, and stays connected until `close` or until the server refuses the greeting for good. */
export function openLink(options: LinkOptions): Link {
  return new ClassLink(options);
}

class ClassLink implements Link {
  state: LinkState = 'connecting';
  clock: ClockEstimate | null = null;
  readonly #options: LinkOptions;
  /** Ends with the link; the listeners on window and document end with it. */
  readonly #life = new AbortController();
  #socket: WebSocket | null = null;
  #why: ClassRefusal | null = null;
  #attempts = 0;
  #retry = 0;
  #alive = 0;
  #dead = 0;
  #tooLate = 0;
  #lastId = 0;
  readonly #pings = new Map<number, { sent: number; done(sample: PingSample): void }>();
  readonly #acts = new Map<number, (done: Done) => void>();

  constructor(options: LinkOptions) {
    this.#options = options;
    const { signal } = this.#life;
    const wake = () => this.#wake();
    for (const event of ['online', 'offline', 'pageshow']) addEventListener(event, wake, { signal });
    document.addEventListener('visibilitychange', wake, { signal });
    this.#connect();
  }

  send(request: ClassRequest): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(request));
  }

  act(action: TeacherAction): Promise<Done> {
    const id = ++this.#lastId;
    if (this.state !== 'online') return Promise.resolve({ type: 'done', id, refused: 'offline' });
    return new Promise((done) => {
      this.#acts.set(id, done);
      this.send({ type: 'act', id, action });
    });
  }

  close(): void {
    this.#life.abort();
    clearTimeout(this.#retry);
    this.#stopWatching();
    this.#socket?.close();
  }

  #connect(): void {
    clearTimeout(this.#retry);
    const greeting = this.#options.hello();
    if (this.#life.signal.aborted || this.#socket || !greeting) return;
    const address = new URL(CLASS_SOCKET, location.href);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const own = new WebSocket(address);
    this.#socket = own;
    // Until the seat is there: a greeting that was lost with its connection gets no reply.
    this.#tooLate = window.setTimeout(() => this.#giveUp(), GREETED_MS);
    own.addEventListener('open', () => this.send(greeting));
    own.addEventListener('message', ({ data }) => {
      if (this.#socket === own && !this.#life.signal.aborted) this.#receive(JSON.parse(String(data)) as ClassMessage);
    });
    own.addEventListener('close', ({ code }) => {
      if (this.#socket === own) this.#over(code);
    });
  }

  #receive(message: ClassMessage): void {
    clearTimeout(this.#dead);
    this.#dead = 0;
    if (message.type === 'pong') this.#pong(message.id, message.at);
    else if (message.type === 'done') {
      this.#acts.get(message.id)?.(message);
      this.#acts.delete(message.id);
    } else this.#pass(message);
  }

  /** Hands a message to the listener, after what it means for the connection itself. */
  #pass(message: ClassMessage): void {
    const greeted = message.type === 'seat' || message.type === 'teacher';
    if (message.type === 'refused') this.#why = message.why;
    if (message.type === 'wait' || greeted) {
      // The greeting has arrived: from now on only silence is a sign of a dead connection.
      clearTimeout(this.#tooLate);
      clearInterval(this.#alive);
      this.#alive = window.setInterval(() => this.#beat(), ALIVE_MS);
    }
    if (greeted) {
      this.#attempts = 0;
      this.#why = null;
      void this.#sync();
    }
    this.#options.onMessage(message);
    if (greeted) this.#become('online');
  }

  #over(code: number): void {
    this.#socket = null;
    this.#stopWatching();
    this.#pings.clear();
    for (const [id, done] of this.#acts) done({ type: 'done', id, refused: 'unsure' });
    this.#acts.clear();
    if (this.#life.signal.aborted) return;
    if (code === CLOSED_FOR_GOOD) {
      this.#life.abort();
      this.#become('refused');
      return;
    }
    this.#become(this.state === 'connecting' && this.#attempts === 0 ? 'connecting' : 'lost');
    // The listener may have closed the link.
    if (this.#life.signal.aborted) return;
    // Spread out, so that a class whose wifi is back does not come all at once.
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#attempts) * (0.5 + Math.random());
    this.#attempts += 1;
    this.#retry = window.setTimeout(() => this.#connect(), wait);
  }

  #become(next: LinkState): void {
    this.state = next;
    this.#options.onState(next, this.#why);
  }

  #ping(): Promise<PingSample> {
    const id = ++this.#lastId;
    return new Promise((done) => {
      this.#pings.set(id, { sent: pageTime(), done });
      this.send({ type: 'ping', id });
    });
  }

  #pong(id: number, at: number): void {
    const received = pageTime();
    const waiting = this.#pings.get(id);
    this.#pings.delete(id);
    waiting?.done({ sent: waiting.sent, at, received });
  }

  /** Estimates the clock's offset; only that is used, no figure beside it shows a ±. */
  async #sync(): Promise<void> {
    const samples: PingSample[] = [];
    const of = this.#socket;
    while (samples.length < PINGS && this.#socket === of) samples.push(await this.#ping());
    if (this.#socket === of) this.clock = estimate(samples, 0);
  }

  #beat(): void {
    // Not set anew by a further ping: the deadline counts from the first that got no reply.
    if (this.#dead === 0) this.#dead = window.setTimeout(() => this.#giveUp(), DEAD_MS);
    void this.#ping();
  }

  /** Lets go at once: on a dead connection a browser waits for the other side's Close, for 2 s (Chromium) or 10 s (Firefox). */
  #giveUp(): void {
    const gone = this.#socket;
    if (gone === null) return;
    this.#over(1006);
    gone.close();
  }

  #stopWatching(): void {
    clearInterval(this.#alive);
    clearTimeout(this.#tooLate);
    clearTimeout(this.#dead);
    this.#dead = 0;
  }

  /** The network has changed or the reader is back: now, not after a wait. */
  #wake(): void {
    if (document.visibilityState === 'hidden') return;
    // While a machine sleeps, a page's clock may stand: a connection that outlives it needs the offset anew.
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#beat();
      void this.#sync();
    } else this.#connect();
  }
}
