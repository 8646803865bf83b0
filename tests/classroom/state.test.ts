/** A class as the sum of its changes: told twice, late or for a seat that is gone, nothing is counted twice. */
import { describe, expect, test } from 'vitest';
import { type Change, type ClassState, NO_CLASS, reduce } from '../../demo-server/classroom/log/state.ts';
import { checkNickname, isClassPath, LATENCY_BINS, latencyBin } from '../../demo-server/classroom/protocol.ts';
import { isAnswer, isRight, tally } from '../../demo-server/classroom/run/tally.ts';
import { toCsv } from '../../demo-server/classroom/seats/export.ts';

function happened(...changes: Change[]): ClassState {
  return changes.reduce((state, change, n) => reduce(state, { seq: n + 1, at: 1000 + n, change }), NO_CLASS);
}
const opened: Change = { type: 'opened', name: 'Physics', code: '123456' };
const joined = (seat: string, nickname: string): Change => ({ type: 'joined', seat, secretHash: 'x', nickname });
const result = (seat: string, p50: number): Change => ({
  type: 'result',
  run: 'r1',
  seat,
  result: {
    run: 'd1',
    lanes: { sse: { received: 3, lost: 0, p50, p95: p50, max: p50, bins: [] } },
    conditions: { isolated: false, resolutionMs: 1, uncertaintyMs: 0.2, hidden: false, eventLoopDelayMs: 812.5 },
    startedAt: null,
    counts: {},
    final: true,
  },
});
const called: Change = { type: 'run-called', run: 'r1', settings: {} };
const asked: Change = {
  type: 'asked',
  question: 'q1',
  text: { kind: 'several', text: 'Which?', choices: ['a', 'b', 'c'], unit: '', path: '/start/' },
  key: { right: [0, 2], value: null, tolerance: 0, why: ['because'] },
};
const answered = (seat: string, answer: number[]): Change => ({ type: 'answered', question: 'q1', seat, answer });

test('a change that is told twice counts once', () => {
  const state = happened(opened, joined('s1', 'Anna'));
  expect(reduce(state, { seq: 2, at: 5, change: joined('s9', 'Eve') })).toBe(state);
});

test('two of the same name are told apart, and a new name may be taken once it is free', () => {
  const state = happened(opened, joined('s1', 'Anna'), joined('s2', 'anna'), {
    type: 'nicknamed',
    seat: 's1',
    nickname: 'Bo',
  });
  expect([...state.seats.values()].map(({ nickname }) => nickname)).toEqual(['Bo', 'anna 2']);
  const again = reduce(state, { seq: 9, at: 0, change: { type: 'nicknamed', seat: 's2', nickname: 'anna' } });
  expect(again.seats.get('s2')?.nickname).toBe('anna');
});

test('the result of a seat is counted once, and not for seats that never were', () => {
  const state = happened(opened, joined('s1', 'Anna'), called, result('s1', 5), result('s1', 7), result('s2', 9));
  const [run] = state.runs;
  expect([...(run?.results ?? [])].map(([seat, { lanes }]) => [seat, lanes.sse?.p50])).toEqual([['s1', 5]]);
});

test('a new run ends the one before, and a run that is over does not start', () => {
  const start: Change = { type: 'run-started', run: 'r1', startsAt: 1, endsAt: 2 };
  const state = happened(opened, called, { type: 'run-called', run: 'r2', settings: {} }, start);
  expect(state.runs.map(({ id, state: now }) => [id, now])).toEqual([
    ['r1', 'over'],
    ['r2', 'called'],
  ]);
});

test('answers can be changed until they are revealed, and no longer', () => {
  const before = happened(
    opened,
    joined('s1', 'Anna'),
    joined('s2', 'Bo'),
    asked,
    answered('s1', [1]),
    answered('s1', [0, 2]),
  );
  const after = [{ type: 'revealed', question: 'q1' } as const, answered('s2', [0])].reduce<ClassState>(
    (state, change) => reduce(state, { seq: state.seq + 1, at: 0, change }),
    before,
  );
  for (const state of [before, after]) {
    const [question] = state.questions;
    expect(question && tally(question)).toEqual({ answered: 1, right: 1, counts: [1, 0, 1], numbers: [] });
  }
});

test('an ended class has nothing going on', () => {
  const state = happened(opened, called, asked, { type: 'went', path: '/lab/' }, { type: 'ended' });
  expect(state).toMatchObject({ ended: true, together: null, feed: null });
  expect(state.runs[0]?.state).toBe('over');
  expect(state.questions[0]?.closed).toBe(true);
});

describe('answers', () => {
  const question = { text: 'q', unit: '', path: '/', choices: ['a', 'b', 'c'] };
  test.each([
    ['one', [1], true],
    ['one', [0, 1], false],
    ['one', [3], false],
    ['one', 1, false],
    ['several', [], false],
    ['several', [2, 0], true],
    ['several', [0, 0], false],
    ['order', [2, 1, 0], true],
    ['order', [0, 1], false],
    ['number', 3.5, true],
    ['number', Number.NaN, false],
    ['number', '3', false],
  ] as const)('%s: %j', (kind, answer, fits) => {
    expect(isAnswer({ ...question, choices: kind === 'number' ? [] : question.choices, kind }, answer)).toBe(fits);
  });
  test('are right within the tolerance, in the right order, or all of the right ones', () => {
    const key = { right: [0, 2], value: 10, tolerance: 1, why: [] };
    const one = (kind: 'several' | 'order' | 'number') => ({ ...question, kind });
    expect([9, 11, 11.5].map((answer) => isRight(one('number'), key, answer))).toEqual([true, true, false]);
    expect([[2, 0], [0], [0, 1, 2]].map((answer) => isRight(one('several'), key, answer))).toEqual([
      true,
      false,
      false,
    ]);
    const order = { ...key, right: [2, 0, 1] };
    expect(
      [
        [2, 0, 1],
        [0, 2, 1],
      ].map((answer) => isRight(one('order'), order, answer)),
    ).toEqual([true, false]);
  });
});

test.each([
  ['  Anna   B ', 'Anna B'],
  ['Zoë 🦊', 'Zoë 🦊'],
  ['李雷', '李雷'],
  ['', 'nickname-empty'],
  [' \n ', 'nickname-empty'],
  ['x'.repeat(25), 'nickname-long'],
  ['x'.repeat(100_000), 'nickname-long'],
  ['a\u0000b', 'nickname-characters'],
  ['abc\u202etxt', 'nickname-characters'],
  ['a\u0300\u0301\u0302\u0303', 'nickname-characters'],
  [12, 'nickname-long'],
])('nickname %j → %s', (input, expected) => {
  const checked = checkNickname(input);
  expect('nickname' in checked ? checked.nickname : checked.fault).toBe(expected);
});

test.each([
  ['\u3164', 'HANGUL FILLER'],
  ['\uffa0', 'HALFWIDTH HANGUL FILLER'],
  ['\u115f', 'HANGUL CHOSEONG FILLER'],
  ['\u1160', 'HANGUL JUNGSEONG FILLER'],
  ['\u2800', 'BRAILLE PATTERN BLANK'],
  ['\u{1d159}', 'MUSICAL SYMBOL NULL NOTEHEAD'],
  ['\u{13441}', 'EGYPTIAN HIEROGLYPH FULL BLANK'],
  ['\ufffc', 'OBJECT REPLACEMENT CHARACTER'],
  ['\u00ad', 'SOFT HYPHEN'],
  ['\u034f', 'COMBINING GRAPHEME JOINER'],
  ['\u200d', 'ZERO WIDTH JOINER'],
  ['\u200c', 'ZERO WIDTH NON-JOINER'],
  ['\u180e', 'MONGOLIAN VOWEL SEPARATOR'],
  ['\ufe0f', 'VARIATION SELECTOR-16'],
  ['\u{e0041}', 'TAG LATIN CAPITAL LETTER A'],
])('a nickname that is or holds %j, which shows nothing, is refused (%s)', (sign) => {
  for (const name of [sign, `An${sign}na`, `Anna${sign}`, `${sign}${sign}`])
    expect(checkNickname(name), JSON.stringify(name)).toEqual({ fault: 'nickname-characters' });
});

test.each(['👩‍🔬', '❤️ Zoe', '👍🏽', '1️⃣', '🇩🇪', 'می‌خواهم', 'क्‍ष', 'Nguyễn', '한글', 'Ⅻ'])(
  'a nickname may be %s, whose joiners belong to it',
  (name) => expect(checkNickname(name)).toEqual({ nickname: name.normalize('NFC') }),
);

test('names that look alike are told apart: wide letters, capitals, and signs that show nothing and were taken before', () => {
  const names = ['Anna', 'Ａｎｎａ', 'ANNA', 'An\u3164na', 'Anna\u2800', 'Zoë', 'Zoe\u0308'];
  const state = happened(opened, ...names.map((name, n) => joined(`s${n}`, name)));
  expect([...state.seats.values()].map(({ nickname }) => nickname)).toEqual([
    'Anna',
    'Ａｎｎａ 2',
    'ANNA 3',
    'An\u3164na 4',
    'Anna\u2800 5',
    'Zoë',
    'Zoe\u0308 2',
  ]);
});

test('no nickname is a formula, also where a spreadsheet of another country divides at semicolons, or behind blanks', () => {
  for (const name of ['a;=1+1', ' =1+1', 'a;"=1+1', 'a|@x', '-1', '\t=1', 'a; ＝1']) {
    const [, line = ''] = toCsv(happened(opened, joined('s1', name))).split('\r\n');
    for (const cell of line.split(/[;,|\t]/)) expect(cell.replace(/^[\s"]+/, ''), line).not.toMatch(/^[=+@＝-]/);
  }
});

test('a clock that is set back during a run does not end it before it began', () => {
  const changes: Change[] = [
    opened,
    called,
    { type: 'run-started', run: 'r1', startsAt: 5_000_000, endsAt: 5_060_000 },
  ];
  const state = happened(...changes, { type: 'run-over', run: 'r1' });
  expect(state.runs[0]).toMatchObject({ startsAt: 5_000_000, endsAt: 5_000_000 });
});

test.each([
  ['/lab/?seed=1#table', true],
  ['//evil.example/', false],
  ['/\\evil.example/', false],
  ['https://evil.example/', false],
  ['javascript:alert(1)', false],
  ['/a b', false],
  [null, false],
])('a class goes to %j: %s', (path, fits) => expect(isClassPath(path)).toBe(fits));

test('each latency has its bin, whose end is not before it', () => {
  for (const ms of [0, 0.25, 0.26, 1, 17.3, 16_000, 16_384, 99_999]) {
    const bin = latencyBin(ms);
    expect(ms).toBeLessThanOrEqual(LATENCY_BINS[bin] ?? Number.POSITIVE_INFINITY);
    if (bin > 0) expect(ms).toBeGreaterThan((LATENCY_BINS[bin - 1] as number) * 0.999999);
  }
});

test('a latency stands in the file to the microsecond, not with the digits of a calculation', () => {
  const [head = '', ...lines] = toCsv(
    happened(opened, joined('s1', 'Anna'), called, result('s1', 15.025146484375)),
  ).split('\r\n');
  const column = head.split(',').indexOf('latency_p50_ms');
  expect(lines.map((line) => line.split(',')[column])).toContain('15.025');
});

test('how long a page had to wait stands beside its figures in the file', () => {
  const [head = '', ...lines] = toCsv(happened(opened, joined('s1', 'Anna'), called, result('s1', 5))).split('\r\n');
  const column = head.split(',').indexOf('event_loop_delay_ms');
  expect(lines.map((line) => line.split(',')[column])).toContain('812.5');
});

test('a nickname stays a text in a spreadsheet, and within its field', () => {
  const lines = toCsv(
    happened(opened, joined('s1', '=1+1'), joined('s2', 'a "b", c'), joined('s3', '＝1+1'), joined('s4', '@SUM(1)')),
  ).split('\r\n');
  expect(lines[1]).toContain(",'=1+1,");
  expect(lines[3]).toContain(",'＝1+1 2,");
  expect(lines[4]).toContain(",'@SUM(1),");
  expect(lines[2]).toContain(',"a ""b"", c",');
  expect(new Set(lines.slice(0, 2).map((line) => line.split(',').length)).size).toBe(1);
});
