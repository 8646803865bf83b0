/** The rounds in which Redis is asked whether it does all that is needed: everything where it was not usable before, else whether it still is. */
import { randomBytes } from 'node:crypto';
import { ErrorReply } from '@redis/client';
import { now } from '../feed.ts';
import type { RedisClient } from './client.ts';
import { explain } from './explain.ts';
import { askAgain, type Findings, tryAll } from './probe.ts';
import type { Standing } from './standing.ts';

/** How often Redis is asked (ms), and how rarely where it says yes to the question and no to the work. */
const ASK_MS = 1000;
const ASK_AT_LEAST_MS = 30_000;
/** A clock does not drift so far (ms) from one question to the next. */
const STEP_MS = 1000;
/** What Redis says of its clock is passed over where it was late with it (ms). */
const GUESS_MS = 200;
const MAY_EVICT = (policy: string): string =>
  `Redis may remove a class when its memory is full (maxmemory-policy ${policy}); it takes noeviction`;
/** What XADD says where another server was faster: an answer, and no fault. */
const TAKEN = /equal or smaller/;

export interface Asked {
  writer: RedisClient;
  reader: RedisClient;
  connected: () => boolean;
  /** Done in every round before the link counts as up: its channels, and what others look at; `evicted` where keys were removed since. */
  listen: () => Promise<void>;
  inspect: (evicted: boolean) => Promise<void>;
  /** A line for the terminal. */
  say: (text: string) => void;
}

export interface Rounds {
  /** This server's clock less Redis's, in ms; undefined until it was asked. */
  readonly clockOffsetMs: number | undefined;
  /** Asks now. */
  ask(): Promise<void>;
  /** Asks in so many ms, where Redis is connected; no other time is kept. */
  askIn(ms: number): void;
  /** Takes note of what a command was refused with. */
  refused(error: Error): void;
  close(): void;
}

/** Makes the rounds of one link; the first one begins by `ask`. */
export function createRounds(standing: Standing, asked: Asked): Rounds {
  const id = randomBytes(6).toString('hex');
  let found: Findings | undefined;
  let asking: NodeJS.Timeout | undefined;
  let clockOffsetMs: number | undefined;
  let round = 0;
  let patience = ASK_MS;

  function askIn(ms: number): void {
    clearTimeout(asking);
    if (!standing.closed && asked.connected()) asking = setTimeout(() => void ask(), ms).unref();
  }
  async function lookAtAll(): Promise<void> {
    if (!standing.usable) await tryAll(asked.writer, asked.reader, id);
    await asked.listen();
    const last = found;
    found = await askAgain(asked.writer, id);
    sayWhatChanged(last, found);
    if (clockOffsetMs === undefined || found.uncertaintyMs < GUESS_MS) clockOffsetMs = found.clockOffsetMs;
    await asked.inspect((found.evicted ?? 0) > (last?.evicted ?? found.evicted ?? 0));
  }
  async function ask(): Promise<void> {
    clearTimeout(asking);
    round += 1;
    const own = round;
    try {
      await lookAtAll();
      if (own !== round) return;
      standing.usable = true;
      if (now() - standing.state.since > patience) patience = ASK_MS;
      standing.look();
    } catch (error) {
      if (own !== round) return;
      standing.usable = false;
      standing.fail(explain(error as Error));
    }
    askIn(standing.usable ? ASK_MS : patience);
  }
  function sayWhatChanged(last: Findings | undefined, next: Findings): void {
    const step = last ? last.clockOffsetMs - next.clockOffsetMs : 0;
    const sure = STEP_MS + next.uncertaintyMs + (last?.uncertaintyMs ?? 0);
    if (Math.abs(step) > sure) asked.say(`Redis’s clock has stepped by ${(step / 1000).toFixed(1)} s`);
    const { evictionPolicy: policy } = next;
    standing.state.warnings = policy === undefined ? [] : [MAY_EVICT(policy)];
    if (policy !== undefined && policy !== last?.evictionPolicy) asked.say(MAY_EVICT(policy));
  }

  return {
    get clockOffsetMs() {
      return clockOffsetMs;
    },
    ask,
    askIn,
    refused(error) {
      if (standing.closed || !standing.usable || !(error instanceof ErrorReply) || TAKEN.test(error.message)) return;
      // It has just said that it does everything: not asked again in a loop.
      standing.usable = false;
      round += 1;
      patience = Math.min(patience * 2, ASK_AT_LEAST_MS);
      standing.fail(explain(error));
      askIn(patience);
    },
    close: () => clearTimeout(asking),
  };
}
