/**
 * The class's socket of this device. It comes back by itself: after a lost wifi, after sleep, after the server was started
 * again; and it notices a connection that is dead although nobody has said so.
 */
import type { ClassMessage, ClassRefusal, ClassRequest, TeacherAction } from '../../demo-server/classroom/protocol.ts';
import { CLASS_SOCKET, CLOSED_FOR_GOOD } from '../../demo-server/classroom/protocol.ts';
import { type ClockEstimate, estimate, type PingSample, pageTime } from '../../demo-server/measure/clock.ts';

/** `refused`: the server will not take this greeting, however often it is said. */
export type LinkState = 'connecting' | 'online' | 'lost' | 'refused';

type Hello = Extract<ClassRequest, { type: 'hello' }>;
/** How an action went; `offline`: there was no connection; `unsure`: it broke before the answer. */
type Done = Omit<Extract<ClassMessage, { type: 'done' }>, 'refused'> & {
  refused?: ClassRefusal | 'offline' | 'unsure';
};

export interface Link {
  readonly state: LinkState;
  /** Server clock − page clock; null before the first pings are back. */
  readonly clock: ClockEstimate | null;
  /** Sends it, or drops it where there is no connection: what matters is said again after the next greeting. */
  send(request: ClassRequest): void;
  /** Does what a teacher does. Resolves with how it went. */
  act(action: TeacherAction): Promise<Done>;
  close(): void;
}

export interface LinkOptions {
  /** Asked at each connection; null = nothing to say any more, stay away. */
  hello: () => Hello | null;
  hear: (message: ClassMessage) => void;
  tell: (state: LinkState, why: ClassRefusal | null) => void;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 4000;
/** A connection is asked for a sign of life so often, and given up so long after it was asked in vain. */
const ALIVE_MS = 4000;
const DEAD_MS = 5000;
/** From the handshake to the seat: on a bad wifi a packet of it may be lost twice, and is sent again after 1 and 3 s. */
const GREETED_MS = 8000;

/** Connects, and stays connected until `close`. */
export function openLink({ hello, hear, tell }: LinkOptions): Link {
  let socket: WebSocket | null = null;
  let state: LinkState = 'connecting';
  let why: ClassRefusal | null = null;
  let clock: ClockEstimate | null = null;
  let attempts = 0;
  let closed = false;
  let [retry, alive, dead, tooLate] = [0, 0, 0, 0];
  let lastId = 0;
  const pings = new Map<number, { sent: number; done(sample: PingSample): void }>();
  const acts = new Map<number, (done: Done) => void>();

  function become(next: LinkState): void {
    state = next;
    tell(state, why);
  }
  function send(request: ClassRequest): void {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(request));
  }
  function ping(): Promise<PingSample> {
    const id = ++lastId;
    return new Promise((done) => {
      pings.set(id, { sent: pageTime(), done });
      send({ type: 'ping', id });
    });
  }
  async function sync(): Promise<void> {
    const samples: PingSample[] = [];
    const of = socket;
    while (samples.length < 8 && socket === of) samples.push(await ping());
    // Its offset is what is asked of it, no figure stands beside it with a ±.
    if (socket === of) clock = estimate(samples, 0);
  }
  function beat(): void {
    // Asked again and again, it must not be waited for from anew each time.
    if (dead === 0) dead = window.setTimeout(giveUp, DEAD_MS);
    void ping();
  }
  /** Lets go at once: on a dead connection a browser waits for the other side's Close, for 2 s (Chromium) or 10 s (Firefox). */
  function giveUp(): void {
    const gone = socket;
    if (gone === null) return;
    over(1006);
    gone.close();
  }

  function connect(): void {
    clearTimeout(retry);
    const greeting = hello();
    if (closed || socket || !greeting) return;
    const address = new URL(CLASS_SOCKET, location.href);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const own = new WebSocket(address);
    socket = own;
    // Until the seat is there: a greeting that was lost with its connection is answered by nobody.
    tooLate = window.setTimeout(giveUp, GREETED_MS);
    own.addEventListener('open', () => send(greeting));
    own.addEventListener('message', ({ data }) => {
      if (socket === own) heard(JSON.parse(String(data)) as ClassMessage);
    });
    own.addEventListener('close', ({ code }) => {
      if (socket === own) over(code);
    });
  }
  function heard(message: ClassMessage): void {
    clearTimeout(dead);
    dead = 0;
    if (message.type === 'pong') {
      const received = pageTime();
      const waiting = pings.get(message.id);
      pings.delete(message.id);
      waiting?.done({ sent: waiting.sent, at: message.at, received });
      return;
    }
    if (message.type === 'done') {
      acts.get(message.id)?.(message);
      acts.delete(message.id);
      return;
    }
    if (message.type === 'refused') why = message.why;
    if (message.type === 'wait' || message.type === 'seat' || message.type === 'teacher') {
      // The greeting has arrived: from now on only silence is a sign of a dead connection.
      clearTimeout(tooLate);
      clearInterval(alive);
      alive = window.setInterval(beat, ALIVE_MS);
    }
    if (message.type === 'seat' || message.type === 'teacher') {
      attempts = 0;
      why = null;
      void sync();
    }
    hear(message);
    if (message.type === 'seat' || message.type === 'teacher') become('online');
  }
  function over(code: number): void {
    socket = null;
    clearInterval(alive);
    clearTimeout(tooLate);
    clearTimeout(dead);
    dead = 0;
    pings.clear();
    for (const [id, done] of acts) done({ type: 'done', id, refused: 'unsure' });
    acts.clear();
    if (closed) return;
    if (code === CLOSED_FOR_GOOD) {
      become('refused');
      return;
    }
    become(state === 'connecting' && attempts === 0 ? 'connecting' : 'lost');
    // Spread out, so that a class whose wifi is back does not come all at once.
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempts) * (0.5 + Math.random());
    attempts += 1;
    retry = window.setTimeout(connect, wait);
  }
  /** The network has changed or the reader is back: now, not after a wait. */
  function wake(): void {
    if (document.visibilityState === 'hidden' || closed) return;
    // While a machine sleeps, a page's clock may stand: a connection that outlives it needs the offset anew.
    if (socket?.readyState === WebSocket.OPEN) {
      beat();
      void sync();
    } else if (state !== 'refused') connect();
  }
  addEventListener('online', wake);
  addEventListener('offline', wake);
  addEventListener('pageshow', wake);
  document.addEventListener('visibilitychange', wake);
  connect();

  return {
    get state() {
      return state;
    },
    get clock() {
      return clock;
    },
    send,
    act(action) {
      const id = ++lastId;
      if (state !== 'online') return Promise.resolve({ type: 'done', id, refused: 'offline' });
      return new Promise((done) => {
        acts.set(id, done);
        send({ type: 'act', id, action });
      });
    },
    close() {
      closed = true;
      removeEventListener('online', wake);
      removeEventListener('offline', wake);
      removeEventListener('pageshow', wake);
      document.removeEventListener('visibilitychange', wake);
      clearTimeout(retry);
      clearInterval(alive);
      clearTimeout(dead);
      clearTimeout(tooLate);
      socket?.close();
    },
  };
}
