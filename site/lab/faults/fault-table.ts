/**
 * What a fault should do to a technique, by the rules of RFC, WHATWG and our own rooms: one row a fault, one column a
 * technique. Pure: the sentences are under `lab.outcome.<name>`, the checks below can be held against a run.
 */

import { SILENCE_MS, type Trouble } from '../../../demo-server/measure/lane.ts';
import type { FaultId, TechniqueId } from '../../../demo-server/protocol.ts';

/** What a run has to show if the lane behaves as the sentence of this outcome says. */
export interface Outcome {
  /** Whether the lane has to ask anew (a request of its script, or of the browser's EventSource). */
  asks: 'must' | 'may' | 'no';
  /** Kinds of trouble that its script has to notice, each at least once. */
  must: readonly Trouble[];
  /** Kinds that it may notice besides. */
  may: readonly Trouble[];
  /** Whether the lane has to be told that events are gone. */
  reset: 'must' | 'may' | 'no';
  /** Whether events may be missing at the end; none may ever come twice. */
  loses: boolean;
  /** Whether events have to come late, by about the length of the fault or as long as it takes to fill what holds them. */
  held: boolean;
  /** All of it has to be seen within so long after the fault, or after its end where it lasts (ms). */
  withinMs: number;
}

/** A poll comes round within its interval, and a script asks again half a second after a failure; the rest is for slow networks. */
const SOON_MS = 6000;

const goesOn: Outcome = { asks: 'may', must: [], may: [], reset: 'no', loses: false, held: false, withinMs: SOON_MS };
const comesBack: Outcome = { ...goesOn, asks: 'must' };
/** A hidden frame: nobody tells its page of a broken connection, so nothing happens until the watchdog. */
const unnoticed: Outcome = { ...comesBack, must: ['silent'], withinMs: SILENCE_MS + SOON_MS };

/** Every outcome that there is, by the name of its sentence. */
export const OUTCOMES = {
  // A cut.
  'nothing-open': { ...comesBack, may: ['connection-lost'] },
  'next-poll': { ...comesBack, may: ['connection-lost'] },
  'question-again': { ...comesBack, may: ['connection-lost'] },
  'script-again': { ...comesBack, must: ['connection-lost'] },
  'browser-again': comesBack,
  'socket-again': { ...comesBack, must: ['connection-lost'] },
  'frame-unnoticed': unnoticed,

  // A stall.
  'late-answer': { ...goesOn, held: true },
  'late-stream': { ...goesOn, asks: 'no', held: true },

  'half-open': { ...goesOn, may: ['connection-lost'], held: true },
  'watchdog-barks': { ...goesOn, may: ['silent', 'connection-lost'], held: true },

  // An answer that is not what was asked for.
  'bad-poll': { ...comesBack, must: ['bad-answer'], may: ['connection-lost'] },
  'empty-poll': { ...comesBack, must: ['bad-answer'], may: ['connection-lost'] },
  'no-json': { ...comesBack, must: ['bad-answer'], may: ['connection-lost'] },
  'bad-stream': { ...comesBack, must: ['connection-lost', 'bad-answer'] },
  'bad-lines': { ...comesBack, must: ['connection-lost', 'bad-answer'] },
  'source-closed': { ...comesBack, must: ['bad-answer'] },
  'handshake-fails': { ...comesBack, must: ['connection-lost'] },
  'frame-answered': { ...unnoticed, must: ['silent', 'connection-lost'] },
  'frame-empty': { ...unnoticed, withinMs: 2 * SILENCE_MS + SOON_MS },

  // Nobody listens for a while.
  'polls-fail': { ...comesBack, must: ['connection-lost'] },
  'script-keeps-trying': { ...comesBack, must: ['connection-lost'] },
  'source-keeps-trying': comesBack,

  // The server has forgotten.
  'no-cursor': { ...comesBack, may: ['connection-lost'], loses: true },
  'reset-answer': { ...comesBack, may: ['connection-lost'], reset: 'must', loses: true },
  'reset-stream': { ...comesBack, must: ['connection-lost'], reset: 'must', loses: true },
  'reset-source': { ...comesBack, reset: 'must', loses: true },
  'reset-frame': { ...unnoticed, reset: 'must', loses: true },

  // Something between holds answers back, or hangs up on silence.
  'ends-anyway': goesOn,
  'not-http': { ...goesOn, asks: 'no' },
  'held-stream': { ...goesOn, asks: 'no', held: true },
  'answers-at-once': goesOn,
  'never-quiet': goesOn,
  'quiet-question': { ...comesBack, may: ['connection-lost'] },
  'quiet-stream': { ...comesBack, must: ['connection-lost'] },
  'quiet-source': comesBack,
  'quiet-frame': unnoticed,
} as const satisfies Record<string, Outcome>;
export type OutcomeName = keyof typeof OUTCOMES;

/** The outcome of each fault for each technique. */
export const EXPECTED: Readonly<Record<FaultId, Readonly<Record<TechniqueId, OutcomeName>>>> = {
  cut: {
    http10: 'nothing-open',
    'keep-alive': 'next-poll',
    polling: 'next-poll',
    'long-poll': 'question-again',
    'iframe-stream': 'frame-unnoticed',
    'xhr-stream': 'script-again',
    sse: 'browser-again',
    websocket: 'socket-again',
    'fetch-stream': 'script-again',
  },
  stall: {
    http10: 'late-answer',
    'keep-alive': 'late-answer',
    polling: 'late-answer',
    'long-poll': 'late-answer',
    'iframe-stream': 'late-stream',
    'xhr-stream': 'late-stream',
    sse: 'late-stream',
    websocket: 'late-stream',
    'fetch-stream': 'late-stream',
  },
  'status-500': {
    http10: 'bad-poll',
    'keep-alive': 'bad-poll',
    polling: 'bad-poll',
    'long-poll': 'bad-poll',
    'iframe-stream': 'frame-answered',
    'xhr-stream': 'bad-stream',
    sse: 'source-closed',
    websocket: 'handshake-fails',
    'fetch-stream': 'bad-stream',
  },
  'status-204': {
    http10: 'empty-poll',
    'keep-alive': 'empty-poll',
    polling: 'empty-poll',
    'long-poll': 'empty-poll',
    'iframe-stream': 'frame-empty',
    'xhr-stream': 'bad-stream',
    sse: 'source-closed',
    websocket: 'handshake-fails',
    'fetch-stream': 'bad-stream',
  },
  'wrong-type': {
    http10: 'no-json',
    'keep-alive': 'no-json',
    polling: 'no-json',
    'long-poll': 'no-json',
    'iframe-stream': 'frame-answered',
    'xhr-stream': 'bad-lines',
    sse: 'source-closed',
    websocket: 'handshake-fails',
    'fetch-stream': 'bad-lines',
  },
  refuse: {
    http10: 'polls-fail',
    'keep-alive': 'polls-fail',
    polling: 'polls-fail',
    'long-poll': 'polls-fail',
    'iframe-stream': 'frame-unnoticed',
    'xhr-stream': 'script-keeps-trying',
    sse: 'source-keeps-trying',
    websocket: 'script-keeps-trying',
    'fetch-stream': 'script-keeps-trying',
  },
  'drop-history': {
    http10: 'no-cursor',
    'keep-alive': 'no-cursor',
    polling: 'reset-answer',
    'long-poll': 'reset-answer',
    'iframe-stream': 'reset-frame',
    'xhr-stream': 'reset-stream',
    sse: 'reset-source',
    websocket: 'reset-stream',
    'fetch-stream': 'reset-stream',
  },
  'proxy-buffer': {
    http10: 'ends-anyway',
    'keep-alive': 'ends-anyway',
    polling: 'ends-anyway',
    'long-poll': 'ends-anyway',
    'iframe-stream': 'held-stream',
    'xhr-stream': 'held-stream',
    sse: 'held-stream',
    websocket: 'not-http',
    'fetch-stream': 'held-stream',
  },
  'idle-limit': {
    http10: 'answers-at-once',
    'keep-alive': 'answers-at-once',
    polling: 'answers-at-once',
    'long-poll': 'quiet-question',
    'iframe-stream': 'quiet-frame',
    'xhr-stream': 'quiet-stream',
    sse: 'quiet-source',
    websocket: 'quiet-stream',
    'fetch-stream': 'quiet-stream',
  },
  compressor: {
    http10: 'ends-anyway',
    'keep-alive': 'ends-anyway',
    polling: 'ends-anyway',
    'long-poll': 'ends-anyway',
    'iframe-stream': 'held-stream',
    'xhr-stream': 'held-stream',
    sse: 'held-stream',
    websocket: 'not-http',
    'fetch-stream': 'held-stream',
  },
};
