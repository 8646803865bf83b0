/** The parts of the tags that can be wrong without a browser: props, links to sections, diagrams, source, quizzes, guesses. */
import { describe, expect, test } from 'vitest';
import { nearestChoice } from '../../demo-server/classroom/protocol.ts';
import { checkProps, like, needed, number, oneOf, text, texts } from '../../site/components/prose/check-props.ts';
import { phrase } from '../../site/components/prose/phrase.ts';
import { breakLines, layOut, type Step } from '../../site/components/prose/sequence-layout.ts';
import { bodyOf, difference, sourceOf } from '../../site/components/prose/source-files.ts';
import { SOURCE_PROPS, type SourceProps, sourceLinks } from '../../site/components/prose/sources.ts';
import { compare } from '../../site/components/questions/predict-words.ts';
import { checkAnswers, mixed, near, readNumber } from '../../site/components/questions/quiz-check.ts';
import { minutesToRead, wordsOf } from '../../site/shell/reading-time.ts';

describe('props', () => {
  const takes = { kind: needed(oneOf(['a', 'b'])), size: number, words: texts, name: like(/^x/, 'what begins with x') };
  const check = (props: object) => () => checkProps('Tag', props, takes);

  test('that fit pass', () => {
    expect(check({ kind: 'a', size: 2, words: ['w'], name: 'xy' })).not.toThrow();
    expect(check({ kind: 'a', size: undefined, 'data-astro-cid-1': true })).not.toThrow();
  });

  test('that do not fit stop the build, with what came and what is taken', () => {
    expect(check({})).toThrow('<Tag> got no kind, takes one of a, b');
    expect(check({ kind: 'c' })).toThrow('<Tag> got kind="c", takes one of a, b');
    expect(check({ kind: 'a', sice: 1 })).toThrow('<Tag> got the prop "sice", takes kind, size, words, name');
    expect(check({ kind: 'a', size: '2' })).toThrow('<Tag> got size="2", takes a number in braces');
    expect(check({ kind: 'a', words: [] })).toThrow('<Tag> got words=[], takes a list of texts in braces');
    expect(check({ kind: 'a', name: 'y' })).toThrow('<Tag> got name="y", takes what begins with x');
    expect(() => checkProps('Tag', { t: '' }, { t: text })).toThrow('<Tag> got t="", takes a text');
  });
});

describe('sources', () => {
  test.each<[SourceProps, ...string[]]>([
    [{ rfc: '9112', section: '9.3' }, 'https://www.rfc-editor.org/rfc/rfc9112.html#section-9.3'],
    [
      { rfc: '9112', section: '9.3, C.2.2' },
      'https://www.rfc-editor.org/rfc/rfc9112.html#section-9.3',
      'https://www.rfc-editor.org/rfc/rfc9112.html#appendix-C.2.2',
    ],
    [
      { html: 'server-sent-events', anchor: 'sse-processing-model', section: '9.2.3' },
      'https://html.spec.whatwg.org/multipage/server-sent-events.html#sse-processing-model',
    ],
    [
      { whatwg: 'xhr', anchor: 'the-send()-method', label: 'XHR, send' },
      'https://xhr.spec.whatwg.org/#the-send()-method',
    ],
    [{ href: 'https://nginx.org/', label: 'nginx' }, 'https://nginx.org/'],
    [{}],
  ])('%j', (props, ...links) => {
    expect(() => checkProps('Fact', props, SOURCE_PROPS)).not.toThrow();
    expect(sourceLinks('Fact', props).map(({ href }) => href)).toEqual(links);
  });

  test.each<[SourceProps, string]>([
    [{ rfc: '9112' }, 'section="…" with it'],
    [{ rfc: '9112', section: '9.3', html: 'forms', anchor: 'a' }, 'one of rfc, html, whatwg, href'],
    [{ html: 'forms', section: '4.10' }, 'anchor="…" with it'],
    [{ href: 'https://nginx.org/' }, 'label="…" with it'],
    [{ section: '9.3' }, 'rfc, html, whatwg or href with it'],
    [{ rfc: '9112', section: '9.99' }, 'content/sections.json'],
    [{ rfc: '1', section: '1' }, 'content/sections.json'],
    [{ html: 'server-sent-events', anchor: 'sse-processing-model', section: '9.2.4' }, 'content/sections.json'],
    [{ html: 'server-sent-events', anchor: 'sse-processing', section: '9.2.3' }, 'content/sections.json'],
  ])('%j is refused', (props, takes) => {
    expect(() => sourceLinks('Fact', props)).toThrow(takes);
  });

  test('a link to a section says what the section is called', () => {
    const titles = (props: SourceProps) => sourceLinks('Fact', props).map(({ title }) => title);
    expect(titles({ rfc: '9112', section: '9.3, C.2.2' })).toEqual(['Persistence', 'Keep-Alive Connections']);
    expect(titles({ html: 'server-sent-events', anchor: 'authoring-notes', section: '9.2.7' })).toEqual([
      'Authoring notes',
    ]);
    expect(titles({ href: 'https://nginx.org/', label: 'nginx' })).toEqual([undefined]);
  });

  test.each<SourceProps>([{ rfc: 'RFC9112' }, { section: '§9' }, { href: 'nginx.org' }, { html: 'Forms.html' }])(
    '%j has the wrong form',
    (props) => {
      expect(() => checkProps('Fact', props, SOURCE_PROPS)).toThrow('<Fact> got');
    },
  );
});

describe('sequence diagrams', () => {
  const lay = (...steps: Step[]) => layOut(['browser', 'server'], steps);

  test('go down step by step, and a held span ends with the next message of its actor', () => {
    const { rows, holds, columns, height } = lay(
      { from: 'browser', to: 'server', text: 'GET' },
      { hold: 'server', text: 'waits' },
      { wait: '2 s later' },
      { event: 'server', text: 'event 5' },
      { from: 'server', to: 'browser', text: '200' },
      { note: 'done' },
    );
    const ys = rows.map(({ y }) => y);
    expect(ys).toEqual([...ys].sort((a, b) => a - b));
    expect(columns).toEqual([15, 85]);
    expect(holds).toHaveLength(1);
    expect(holds[0]?.to).toBe(rows[4]?.y);
    expect(height).toBeGreaterThan(ys.at(-1) ?? 0);
  });

  test('break their words to fit a narrow screen', () => {
    expect(breakLines('one two three', 7)).toEqual(['one two', 'three']);
    expect(breakLines('unbreakable', 4)).toEqual(['unbreakable']);
  });

  test.each<[Step, string]>([
    [{ from: 'browser', to: 'servr', text: 'x' }, 'names "servr", takes one of browser, server'],
    [{ from: 'browser', text: 'x' }, 'takes from, to and text for a message'],
    [{ hold: 'server' }, 'takes a text with it'],
    [{ note: 'a', wait: 'b' }, 'takes exactly one of'],
    [{ notes: 'a' } as Step, 'has notes, takes'],
  ])('%j is refused', (step, words) => {
    expect(() => lay(step)).toThrow(words);
  });

  test('take two to four actors', () => {
    expect(() => layOut(['browser'], [])).toThrow('got 1 actors, takes 2 to 4');
  });
});

describe('source', () => {
  test('is the file as it runs; an unknown file or region names what there is', () => {
    expect(sourceOf('site/techniques/polling.ts')).toContain('export const receive');
    expect(sourceOf('demo-server/techniques/sse.ts')).toContain('text/event-stream');
    expect(() => sourceOf('site/techniques/pollng.ts')).toThrow('site/techniques/polling.ts');
    expect(() => sourceOf('demo-server/nowhere/x.ts')).toThrow('demo-server/techniques/…');
    expect(() => sourceOf('site/techniques/polling.ts', 'loop')).toThrow('got region="loop"');
  });

  test('without its first comment and imports', () => {
    expect(bodyOf("/** A. */\nimport a from 'a';\nimport {\n  b,\n} from 'b';\n\n/** B. */\nconst c = 1;\n")).toBe(
      '/** B. */\nconst c = 1;',
    );
  });

  test('differences name lines gone and new', () => {
    expect(difference('a\nb\nc', 'a\nx\nc\nd')).toEqual({ code: 'a\nb\nx\nc\nd', del: [2], ins: [3, 5] });
    expect(difference('a', 'a')).toEqual({ code: 'a', del: [], ins: [] });
  });
});

describe('quizzes', () => {
  test('refuse answers that cannot be right or do not say why they are wrong', () => {
    const right = { text: 'a', right: true };
    const wrong = { text: 'b', why: 'because' };
    expect(() => checkAnswers('one', [right, wrong])).not.toThrow();
    expect(() => checkAnswers('one', [right, { text: 'b' }])).toThrow('a why for each wrong answer');
    expect(() => checkAnswers('one', [right, right])).toThrow('exactly one right answer');
    expect(() => checkAnswers('several', [wrong, wrong])).toThrow('some right answers and some wrong ones');
    expect(() => checkAnswers('several', [right])).toThrow('two answers or more');
    expect(() => checkAnswers('one', [right, { ...wrong, wy: '' } as never])).toThrow('answers with text, right, why');
  });

  test('read numbers with a point or a comma, and nothing else', () => {
    expect(['12', ' 1 200 ', '0,5', '.5', '-3'].map(readNumber)).toEqual([12, 1200, 0.5, 0.5, -3]);
    expect(['', '1e3', '12 ms', '1,2,3'].map(readNumber)).toEqual([NaN, NaN, NaN, NaN]);
    expect([near(0.3, 0.2, 0.1), near(0.31, 0.2, 0.1), near(16, 16, 0)]).toEqual([true, false, true]);
  });

  test('never show a list in its right order', () => {
    for (const count of [3, 4, 5, 8]) {
      const order = mixed(count);
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
      expect(order).not.toEqual([...order].sort((a, b) => a - b));
    }
  });
});

describe('guesses', () => {
  test('are compared by ratio', () => {
    expect(compare(41, 41).verdict).toBe('exact');
    expect(compare(40, 42).verdict).toBe('near');
    expect(compare(400, 40)).toEqual({ verdict: 'high', times: 10 });
    expect(compare(4, 40)).toEqual({ verdict: 'low', times: 10 });
    expect(compare(0, 40).verdict).toBe('off');
  });

  test('of several choices the nearest by ratio is right, and zero only for zero', () => {
    expect(nearestChoice([1, 20, 41, 400], 42)).toBe(41);
    expect(nearestChoice([1, 10, 100], 33)).toBe(100);
    expect(nearestChoice([0, 1, 5], 0)).toBe(0);
    expect(nearestChoice([0, 1], 2)).toBe(1);
  });
});

test('phrases mark up code, emphasis and links', () => {
  expect(phrase('a `b*c` *d* [e](/f/) 2 * 3')).toEqual([
    { kind: 'text', text: 'a ' },
    { kind: 'code', text: 'b*c' },
    { kind: 'text', text: ' ' },
    { kind: 'em', text: 'd' },
    { kind: 'text', text: ' ' },
    { kind: 'link', text: 'e', href: '/f/' },
    { kind: 'text', text: ' 2 * 3' },
  ]);
});

test('reading time counts prose, not imports, code or tags', () => {
  const page = 'import A from \'a\';\n\nOne two [three](/four/).\n\n```sh\ncurl x\n```\n\n<A kind="one" />\n';
  expect(wordsOf(page)).toBe(4);
  expect(minutesToRead(page)).toBe(1);
});
