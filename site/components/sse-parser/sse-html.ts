/** What the SSE workbench shows: from a parsed stream to HTML, while the site is built and at each key. Pure. */
import { say, type Words } from '../../kit/words.ts';
import type { Buffers, Dispatch, Outcome, Step } from './sse-parse.ts';

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] ?? sign);

/** A text with what one cannot see drawn: line feeds, NULLs, a space at an end. */
function visible(text: string): string {
  const drawn = escaped(text)
    .replaceAll('\n', '<i>LF</i>')
    .replaceAll('\0', '<i>NULL</i>')
    .replaceAll('\uFEFF', '<i>BOM</i>');
  return drawn.replace(/^ | $/g, '<i>SP</i>');
}

const quoted = (text: string, words: Words): string =>
  text === '' ? `<span class="empty">${escaped(say(words, 'sse.empty'))}</span>` : `<code>${visible(text)}</code>`;

const ENDS = { '\n': 'LF', '\r': 'CR', '\r\n': 'CR LF' } as const;

function deed(step: Step, words: Words): string {
  const { field, value, dispatched } = step;
  return escaped(
    say(words, `sse.deed.${step.deed}`, {
      field: field.replaceAll('\0', '␀'),
      value: value === '' ? say(words, 'sse.empty') : value.replaceAll('\0', '␀'),
      type: dispatched?.type ?? '',
    }),
  );
}

const pairs = (list: readonly (readonly [key: string, html: string])[], words: Words): string =>
  list.map(([key, html]) => `<div><dt>${escaped(say(words, key))}</dt><dd>${html}</dd></div>`).join('');

function buffers({ data, type, id }: Buffers, words: Words): string {
  const list = [
    ['sse.buffer.data', quoted(data, words)],
    ['sse.buffer.type', quoted(type, words)],
    ['sse.buffer.id', quoted(id, words)],
  ] as const;
  return `<dl class="buffers">${pairs(list, words)}</dl>`;
}

/** The lines, one list item each, and at the end what was thrown away. */
export function linesHtml({ bom, steps, discarded }: Outcome, words: Words): string {
  const first = bom ? `<li class="note">${escaped(say(words, 'sse.bomDropped'))}</li>` : '';
  const lines = steps.map((step) => {
    const event = step.dispatched
      ? `<dl class="event">${pairs(
          [
            ['sse.event.type', quoted(step.dispatched.type, words)],
            ['sse.event.data', quoted(step.dispatched.data, words)],
            ['sse.event.id', quoted(step.dispatched.lastEventId, words)],
          ],
          words,
        )}</dl>`
      : buffers(step.after, words);
    return (
      `<li class="line" data-deed="${step.deed}"><pre>${visible(step.line)}<i>${ENDS[step.end]}</i></pre>` +
      `<p>${deed(step, words)}</p>${event}</li>`
    );
  });
  const { line, data, type } = discarded;
  const gone = [
    ...(line === '' ? [] : [['sse.discarded.line', quoted(line, words)] as const]),
    ...(data === '' ? [] : [['sse.buffer.data', quoted(data, words)] as const]),
    ...(type === '' ? [] : [['sse.buffer.type', quoted(type, words)] as const]),
  ];
  const end = gone.length > 0 ? 'sse.end.discarded' : 'sse.end.clean';
  return (
    `${first}${lines.join('')}<li class="end" data-discarded="${gone.length > 0}"><p>${escaped(say(words, end))}</p>` +
    `${gone.length > 0 ? `<dl class="buffers">${pairs(gone, words)}</dl>` : ''}</li>`
  );
}

/** What the browser has after the stream. */
export function afterHtml({ lastEventId, retryMs }: Outcome, words: Words): string {
  const retry = say(words, retryMs === undefined ? 'sse.after.retryOwn' : 'sse.after.retryMs', { ms: retryMs ?? 0 });
  const id = lastEventId === '' ? escaped(say(words, 'sse.after.noId')) : `<code>${visible(lastEventId)}</code>`;
  return pairs(
    [
      ['sse.after.id', id],
      ['sse.after.retry', escaped(retry)],
    ],
    words,
  );
}

/** One sentence on the whole. */
export function summary({ steps, dispatches }: Outcome, words: Words): string {
  const lines = say(words, 'sse.lines', { count: steps.length });
  return say(words, 'sse.summary', { lines, events: say(words, 'sse.events', { count: dispatches.length }) });
}

/** Whether two lists of events are the same, field for field. */
export function sameDispatches(a: readonly Dispatch[], b: readonly Dispatch[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The events of both, row by row, the differing ones marked. */
export function comparisonHtml(ours: readonly Dispatch[], theirs: readonly Dispatch[], words: Words): string {
  const cell = (head: string, one: Dispatch | undefined): string => {
    const inside = one
      ? `<dl class="event">${pairs(
          [
            ['sse.event.type', quoted(one.type, words)],
            ['sse.event.data', quoted(one.data, words)],
            ['sse.event.id', quoted(one.lastEventId, words)],
          ],
          words,
        )}</dl>`
      : `<span class="empty">${escaped(say(words, 'sse.real.missing'))}</span>`;
    return `<div><p class="who">${escaped(say(words, head))}</p>${inside}</div>`;
  };
  return Array.from({ length: Math.max(ours.length, theirs.length) }, (_, n) => {
    const same = JSON.stringify(ours[n]) === JSON.stringify(theirs[n]);
    const sign = escaped(say(words, same ? 'sse.real.equal' : 'sse.real.unequal'));
    const both = cell('sse.real.ours', ours[n]) + cell('sse.real.theirs', theirs[n]);
    return `<li data-same="${same}">${n + 1}. <b>${sign}</b><div class="two">${both}</div></li>`;
  }).join('');
}
