/** Conversations of garbage with a real server: drawn from a seed, judged one by one, and the server looked at in between. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Conversation, Door, Known } from './conversation.ts';
import { type Dice, dice } from './dice.ts';
import { httpConversation } from './http.ts';
import { http2Conversation } from './http2.ts';
import { judge } from './judge.ts';
import type { Asked, Told } from './serve.ts';
import { talk } from './talk.ts';
import { tlsConversation } from './tls.ts';
import { socketConversation } from './websocket.ts';

export interface Finding {
  /** By which it is repeated; undefined where it is about the server as a whole. */
  conversation: number | undefined;
  kind: string;
  what: string;
}

export interface FuzzOptions {
  seed: number;
  /** The numbers of the conversations to have, of those that the seed gives. */
  from: number;
  to: number;
  /** Called after each batch. */
  progress?: (done: number) => void;
  /** Ends it early, in good order. */
  signal?: AbortSignal;
}

export interface FuzzReport {
  conversations: number;
  connections: number;
  bytesUp: number;
  bytesDown: number;
  findings: Finding[];
}

/** Conversations at the same time, and after how many the server is looked at. */
const AT_ONCE = 12;
const BATCH = 120;
/** How long (ms) the server may take to let go of connections whose clients are gone, and to end. */
const PATIENCE_MS = 60_000;

/** So that this process keeps no connection that would be counted. */
const CLOSE = { connection: 'close' };

/** The conversation of that number: the same for the same seed, but for the names of runs and the code of the class. */
export function conversationOf(roll: Dice, known: Known): Conversation {
  if (roll.once(6)) return http2Conversation(roll, known);
  if (roll.once(12)) return tlsConversation(roll);
  return roll.once(2) ? httpConversation(roll, known) : socketConversation(roll, known);
}

/** The server's process, what it said, and how to ask it. */
class Server {
  readonly child: ChildProcess;
  said = '';
  readonly ended: Promise<unknown>;
  /** By the client's port, what was wrong with the bytes of its connection. */
  readonly wrong = new Map<number, string>();
  connections = 0;
  up = 0;
  down = 0;
  private readonly waiting = new Map<Told['type'], (told: Told) => void>();

  constructor() {
    this.child = fork(join(import.meta.dirname, 'serve.ts'), { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.said += text;
    });
    this.ended = once(this.child, 'close');
    this.child.on('message', (told: Told) => this.take(told));
  }

  private take(told: Told): void {
    if (told.type === 'ended') {
      this.connections += 1;
      this.up += told.up;
      this.down += told.down;
      if (told.unaccounted !== 0) this.wrong.set(told.port, `${told.unaccounted} bytes in no account`);
    }
    this.waiting.get(told.type)?.(told);
  }

  /** The next message of that type; rejects when the process ends before. */
  next<T extends Told['type']>(type: T): Promise<Extract<Told, { type: T }>> {
    return new Promise((resolve, reject) => {
      this.waiting.set(type, (told) => resolve(told as Extract<Told, { type: T }>));
      void this.ended.then(() => reject(new Error(`the server ended: ${this.said.slice(0, 2000)}`)));
    });
  }

  ask(asked: Asked): void {
    if (this.child.connected) this.child.send(asked);
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }
}

async function makeRuns(port: number): Promise<string[]> {
  const made: string[] = [];
  for (const durationSeconds of [1, 5]) {
    const answer = await fetch(`http://127.0.0.1:${port}/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...CLOSE },
      body: JSON.stringify({ durationSeconds, eventsPerSecond: 10 }),
    });
    made.push(((await answer.json()) as { id: string }).id);
  }
  return made;
}

/** Resolves when the server has no connection open any more, else with the client's addresses of those that are left. */
async function leftOver(server: Server): Promise<string[]> {
  const since = performance.now();
  for (;;) {
    const told = server.next('open');
    server.ask({ type: 'open' });
    const { connections } = await told;
    if (connections.length === 0 || performance.now() - since > PATIENCE_MS) return connections;
    await new Promise((later) => setTimeout(later, 50));
  }
}

/** Has them; never rejects because of what it finds. */
export async function fuzz({ seed, from, to, progress, signal }: FuzzOptions): Promise<FuzzReport> {
  const server = new Server();
  const findings: Finding[] = [];
  const find = (conversation: number | undefined, kind: string, what: string) =>
    findings.push({ conversation, kind, what });
  /** Which conversation a connection was. */
  const had = new Map<string, number>();
  let done = 0;
  try {
    const { ports } = await server.next('ready');
    for (let first = from; first < to && server.alive && !signal?.aborted; first += BATCH) {
      const runs = await makeRuns(ports.http);
      const told = server.next('known');
      server.ask({ type: 'known' });
      const { known } = await told;
      const numbers = Array.from({ length: Math.min(BATCH, to - first) }, (_, n) => first + n);
      await inTurns(numbers, AT_ONCE, (number) => have(number, { ...known, runs }, ports));
      done += numbers.length;
      const left = await leftOver(server);
      if (left.length > 0)
        find(
          undefined,
          'left over',
          `${left.length} connections stay open, of conversations ${left.map((client) => had.get(client) ?? `(${client})`).join(', ')}`,
        );
      const health = await fetch(`http://127.0.0.1:${ports.http}/healthz`, { headers: CLOSE });
      if (!health.ok) find(undefined, 'health', `/healthz answers ${health.status}`);
      progress?.(done);
    }
  } catch (error) {
    find(undefined, 'server', (error as Error).message);
  }
  await end(server, find);
  return { conversations: done, connections: server.connections, bytesUp: server.up, bytesDown: server.down, findings };

  async function have(number: number, known: Known, ports: Record<Door, number>): Promise<void> {
    const roll = dice(seed, number);
    const conversation = conversationOf(roll, known);
    const before = server.said.length;
    const { client, port, received } = await talk(conversation, ports, roll);
    had.set(client, number);
    const wrong = judge(received, Buffer.concat(conversation.pieces));
    if (wrong !== undefined) find(number, conversation.kind, wrong);
    const bytes = server.wrong.get(port);
    if (bytes !== undefined && conversation.door === 'http') find(number, conversation.kind, bytes);
    if (server.said.length > before)
      find(number, conversation.kind, `(or one beside it) stderr: ${server.said.slice(before, before + 600)}`);
  }
}

/** Closes the server, which has to end by itself then. */
async function end(server: Server, find: (n: undefined, kind: string, what: string) => void): Promise<void> {
  if (!server.alive) {
    find(undefined, 'server', `it is gone: ${server.said.slice(0, 2000)}`);
    return;
  }
  for (const [, what] of server.wrong) find(undefined, 'bytes', what);
  server.ask({ type: 'close' });
  const patience = setTimeout(() => {
    find(undefined, 'left over', 'the process does not end by itself: a timer or a socket is left');
    server.child.kill('SIGKILL');
  }, PATIENCE_MS);
  await server.ended;
  clearTimeout(patience);
}

async function inTurns<T>(all: readonly T[], atOnce: number, one: (item: T) => Promise<void>): Promise<void> {
  const rest = [...all];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let item = rest.shift(); item !== undefined; item = rest.shift()) await one(item);
    }),
  );
}
