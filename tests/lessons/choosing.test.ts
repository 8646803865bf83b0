/** The guide's rules, over all the cases that it can be asked about. */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import en from '../../content/i18n/en.json' with { type: 'json' };
import { TECHNIQUES } from '../../demo-server/protocol.ts';
import {
  type Answers,
  advise,
  CANDIDATES,
  QUESTIONS,
  type Question,
  RULES,
  readAnswers,
  USUAL,
} from '../../site/components/questions/choosing-rules.ts';

const words = en as Record<string, string>;
const cases = (Object.entries(QUESTIONS) as [Question, readonly string[]][]).reduce<Partial<Answers>[]>(
  (all, [question, answers]) => all.flatMap((one) => answers.map((answer) => ({ ...one, [question]: answer }))),
  [{}],
) as Answers[];
const standing = (answers: Partial<Answers>) =>
  Object.fromEntries(advise({ ...USUAL, ...answers }).map((advice) => [advice.technique, advice.standing]));

describe('in every case there is', () => {
  test('the same answers make the same advice', () => {
    expect(cases.length).toBe(648);
    for (const answers of cases) expect(advise({ ...answers })).toEqual(advise(answers));
  });

  test('every candidate is told of, in ladder order, with reasons: there is no winner', () => {
    for (const answers of cases) {
      const advice = advise(answers);
      expect(advice.map(({ technique }) => technique)).toEqual(CANDIDATES);
      for (const { reasons } of advice) expect(reasons.length).toBeGreaterThan(0);
      expect(advice.filter((one) => one.standing !== 'against').length, JSON.stringify(answers)).toBeGreaterThan(1);
    }
  });

  test('the standing is that of the weightiest reason', () => {
    for (const answers of cases) {
      for (const { standing, reasons } of advise(answers)) {
        const weights = reasons.map((id) => RULES.find((rule) => rule.id === id)?.weight);
        if (standing === 'against') expect(weights).toContain('against');
        else expect(weights).not.toContain('against');
        if (standing === 'fits') {
          expect(weights).toContain('for');
          expect(weights).not.toContain('care');
        }
      }
    }
  });
});

test('each candidate fits some case and is not the thing in another', () => {
  for (const technique of CANDIDATES) {
    const all = new Set(cases.map((answers) => advise(answers).find((one) => one.technique === technique)?.standing));
    expect(all.size, technique).toBeGreaterThan(technique === 'xhr-stream' ? 0 : 1);
  }
});

test('cases that one can defend', () => {
  // A score board, ten times a second, nothing upwards.
  expect(standing({ rate: 'many', latency: 'now' })).toMatchObject({ polling: 'against', sse: 'fits' });
  // A mailbox that may be a minute late, in offices.
  expect(standing({ rate: 'rare', latency: 'minute', proxies: 'unknown' })).toMatchObject({ polling: 'fits' });
  // A build that is done, behind unknown proxies.
  expect(standing({ rate: 'rare', latency: 'now', proxies: 'unknown' })).toMatchObject({ 'long-poll': 'fits' });
  // A game with binary moves.
  expect(standing({ direction: 'both', rate: 'many', latency: 'now', payload: 'binary' })).toMatchObject({
    sse: 'against',
    websocket: 'fits',
  });
});

test('what is missing or unknown in an address becomes the usual answer', () => {
  expect(readAnswers((question) => (question === 'rate' ? 'many' : 'nonsense'))).toEqual({ ...USUAL, rate: 'many' });
});

describe('the words', () => {
  test('there is one for each question, answer and reason, and none too many', () => {
    const keys = [
      ...Object.entries(QUESTIONS).flatMap(([question, answers]) => [
        `choosing.question.${question}`,
        ...answers.map((answer) => `choosing.answer.${question}.${answer}`),
      ]),
      ...RULES.map(({ id }) => `choosing.reason.${id}`),
    ];
    const there = Object.keys(words).filter((key) => /^choosing\.(question|answer|reason)\./.test(key));
    expect(there.sort()).toEqual(keys.sort());
  });

  test('every reason links to where it can be read, and pages of this site exist', () => {
    const pages = (path: string): string[] => {
      const slug = path.replace(/^\/|\/$/g, '');
      return [`content/docs/${slug}.mdx`];
    };
    for (const { id } of RULES) {
      const links = [...(words[`choosing.reason.${id}`] ?? '').matchAll(/\]\(([^)]+)\)/g)].map(([, href = '']) => href);
      expect(links.length, id).toBeGreaterThan(0);
      for (const href of links.filter((one) => one.startsWith('/'))) {
        const [path = ''] = href.split('#');
        const lesson = /^\/lessons\/([a-z0-9-]+)\/$/.exec(path)?.[1];
        if (lesson) expect(TECHNIQUES).toContain(lesson);
        else
          expect(
            pages(path).some((page) => existsSync(new URL(`../../${page}`, import.meta.url))),
            href,
          ).toBe(true);
      }
    }
  });
});
