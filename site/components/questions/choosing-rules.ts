/** What speaks for and against each technique in a case: a table of rules, and how they are put together. Pure. */
import type { TechniqueId } from '../../../demo-server/protocol.ts';

/** What the guide asks, with the answers there are. */
export const QUESTIONS = {
  direction: ['down', 'some', 'both'],
  rate: ['rare', 'some', 'many'],
  latency: ['minute', 'second', 'now'],
  payload: ['text', 'large', 'binary'],
  proxies: ['own', 'unknown'],
  browsers: ['current', 'old'],
  clients: ['few', 'many'],
} as const;
export type Question = keyof typeof QUESTIONS;
export type Answers = { [Q in Question]: (typeof QUESTIONS)[Q][number] };

/** What the guide begins with. */
export const USUAL: Answers = {
  direction: 'down',
  rate: 'some',
  latency: 'second',
  payload: 'text',
  proxies: 'own',
  browsers: 'current',
  clients: 'few',
};

/** In ladder order, which is no ranking. `http10`, `keep-alive` and `iframe-stream` teach; nobody begins with them today. */
export const CANDIDATES = ['polling', 'long-poll', 'xhr-stream', 'sse', 'websocket'] as const satisfies TechniqueId[];
export type Candidate = (typeof CANDIDATES)[number];

/** `know` is worth knowing whatever one chooses, and weighs nothing. */
export type Weight = 'for' | 'care' | 'against' | 'know';

/** One reason: `when` names the answers that it needs (none = always); its sentence, with links, is `choosing.reason.<id>`. */
export interface Rule {
  id: string;
  technique: Candidate;
  weight: Weight;
  when: { [Q in Question]?: readonly Answers[Q][] };
}

export const RULES: readonly Rule[] = [
  { id: 'polling-late', technique: 'polling', weight: 'for', when: { latency: ['minute'] } },
  { id: 'polling-second', technique: 'polling', weight: 'care', when: { latency: ['second'] } },
  { id: 'polling-now', technique: 'polling', weight: 'against', when: { latency: ['now'] } },
  { id: 'polling-batch', technique: 'polling', weight: 'for', when: { rate: ['many'], latency: ['minute', 'second'] } },
  { id: 'polling-both', technique: 'polling', weight: 'care', when: { direction: ['both'] } },
  { id: 'polling-proxies', technique: 'polling', weight: 'for', when: { proxies: ['unknown'] } },
  { id: 'polling-old', technique: 'polling', weight: 'for', when: { browsers: ['old'] } },
  { id: 'polling-many', technique: 'polling', weight: 'care', when: { clients: ['many'], latency: ['second', 'now'] } },

  { id: 'long-rare', technique: 'long-poll', weight: 'for', when: { rate: ['rare'], latency: ['second', 'now'] } },
  { id: 'long-late', technique: 'long-poll', weight: 'care', when: { latency: ['minute'] } },
  { id: 'long-some', technique: 'long-poll', weight: 'care', when: { rate: ['some'] } },
  { id: 'long-rate', technique: 'long-poll', weight: 'against', when: { rate: ['many'] } },
  { id: 'long-both', technique: 'long-poll', weight: 'care', when: { direction: ['both'] } },
  { id: 'long-proxies', technique: 'long-poll', weight: 'for', when: { proxies: ['unknown'] } },
  { id: 'long-old', technique: 'long-poll', weight: 'for', when: { browsers: ['old'] } },
  { id: 'long-many', technique: 'long-poll', weight: 'care', when: { clients: ['many'] } },

  { id: 'stream-hand', technique: 'xhr-stream', weight: 'care', when: {} },
  { id: 'stream-binary', technique: 'xhr-stream', weight: 'for', when: { payload: ['binary'] } },
  { id: 'stream-rate', technique: 'xhr-stream', weight: 'for', when: { rate: ['some', 'many'] } },
  { id: 'stream-both', technique: 'xhr-stream', weight: 'care', when: { direction: ['both'] } },
  { id: 'stream-proxies', technique: 'xhr-stream', weight: 'care', when: { proxies: ['unknown'] } },
  { id: 'stream-many', technique: 'xhr-stream', weight: 'care', when: { clients: ['many'] } },

  { id: 'sse-down', technique: 'sse', weight: 'for', when: { direction: ['down'] } },
  { id: 'sse-some', technique: 'sse', weight: 'for', when: { direction: ['some'] } },
  { id: 'sse-both', technique: 'sse', weight: 'care', when: { direction: ['both'] } },
  { id: 'sse-late', technique: 'sse', weight: 'care', when: { rate: ['rare'], latency: ['minute'] } },
  { id: 'sse-rate', technique: 'sse', weight: 'for', when: { rate: ['some', 'many'] } },
  { id: 'sse-binary', technique: 'sse', weight: 'against', when: { payload: ['binary'] } },
  { id: 'sse-own', technique: 'sse', weight: 'know', when: { proxies: ['own'] } },
  { id: 'sse-proxies', technique: 'sse', weight: 'care', when: { proxies: ['unknown'] } },
  { id: 'sse-old', technique: 'sse', weight: 'care', when: { browsers: ['old'] } },
  { id: 'sse-many', technique: 'sse', weight: 'care', when: { clients: ['many'] } },

  { id: 'socket-both', technique: 'websocket', weight: 'for', when: { direction: ['both'] } },
  { id: 'socket-some', technique: 'websocket', weight: 'for', when: { direction: ['some'] } },
  { id: 'socket-down', technique: 'websocket', weight: 'care', when: { direction: ['down'] } },
  { id: 'socket-late', technique: 'websocket', weight: 'care', when: { rate: ['rare'], latency: ['minute'] } },
  { id: 'socket-rate', technique: 'websocket', weight: 'for', when: { rate: ['many'] } },
  { id: 'socket-binary', technique: 'websocket', weight: 'for', when: { payload: ['binary'] } },
  { id: 'socket-large', technique: 'websocket', weight: 'care', when: { payload: ['large'] } },
  { id: 'socket-own', technique: 'websocket', weight: 'know', when: { proxies: ['own'] } },
  { id: 'socket-proxies', technique: 'websocket', weight: 'care', when: { proxies: ['unknown'] } },
  { id: 'socket-many', technique: 'websocket', weight: 'care', when: { clients: ['many'] } },
  { id: 'socket-origin', technique: 'websocket', weight: 'know', when: {} },
];

/** Where a technique stands in a case: its weightiest reason decides. Several may stand alike; none comes first. */
export type Standing = 'fits' | 'care' | 'against';

export interface Advice {
  technique: Candidate;
  standing: Standing;
  /** The rules that speak, in the order of the table. Never empty. */
  reasons: readonly string[];
}

function speaks(rule: Rule, answers: Answers): boolean {
  return (Object.entries(rule.when) as [Question, readonly string[]][]).every(([question, fits]) =>
    fits.includes(answers[question]),
  );
}

/** The advice for every candidate, in ladder order. The same answers always make the same advice. */
export function advise(answers: Answers): Advice[] {
  return CANDIDATES.map((technique) => {
    const spoken = RULES.filter((rule) => rule.technique === technique && speaks(rule, answers));
    const weighs = (weight: Weight): boolean => spoken.some((rule) => rule.weight === weight);
    const standing = weighs('against') ? 'against' : weighs('care') || !weighs('for') ? 'care' : 'fits';
    return { technique, standing, reasons: spoken.map(({ id }) => id) };
  });
}

/** Answers from a form or an address: what is missing or unknown becomes the usual one. */
export function readAnswers(read: (question: Question) => string | null | undefined): Answers {
  const answers = Object.entries(QUESTIONS).map(([question, options]) => {
    const given = read(question as Question);
    return [question, (options as readonly string[]).find((option) => option === given) ?? USUAL[question as Question]];
  });
  return Object.fromEntries(answers) as Answers;
}
