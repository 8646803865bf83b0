/**
 * The timeline as a table: every request of one lane with its events, in pages. For who does not see the picture, and for
 * who wants a number from it.
 */

import type { LaneRecord, Recording } from '../../../demo-server/measure/recording.ts';
import type { TechniqueId } from '../../../demo-server/protocol.ts';
import { type Format, NOTHING } from '../../kit/format.ts';
import { say, setText, type Words } from '../../kit/words.ts';
import { headRow, rowHeading } from '../tables/rows.ts';

const PAGE = 50;

export interface TimelineListOptions {
  /** The `<details>` of TimelineList.astro. */
  root: HTMLDetailsElement;
  words: Words;
  format: Format;
  names: Readonly<Record<TechniqueId, string>>;
  openRequest(lane: LaneRecord, request: number): void;
  signal: AbortSignal;
}

/** One request of a lane as the table tells it; events by number. */
export interface ListedRequest {
  request: number;
  start: number;
  /** ms; NaN while it is open. */
  took: number;
  outcome: 'ok' | 'failed' | 'open';
  events: number;
  firstSeq: number;
  lastSeq: number;
  /** Longest latency among its events in ms; NaN where it carried none. */
  slowest: number;
}

/** Requests `from … from + count` of a lane, in the order in which they were asked. */
export function listRequests({ requests, events }: LaneRecord, from: number, count: number): ListedRequest[] {
  const listed: ListedRequest[] = [];
  for (let index = from; index < Math.min(requests.length, from + count); index++) {
    const [start, end] = [requests.start[index] as number, requests.end[index] as number];
    const outcome = requests.open.has(index) ? 'open' : requests.ok[index] === 1 ? 'ok' : 'failed';
    const took = end === Number.POSITIVE_INFINITY ? Number.NaN : end - start;
    listed.push({ request: index + 1, start, took, outcome, events: 0, firstSeq: 0, lastSeq: 0, slowest: Number.NaN });
  }
  for (let index = 0; index < events.length; index++) {
    const one = listed[(events.request[index] as number) - 1 - from];
    if (!one) continue;
    const [seq, latency] = [events.seq[index] as number, events.latency[index] as number];
    one.firstSeq = one.events === 0 ? seq : Math.min(one.firstSeq, seq);
    one.lastSeq = Math.max(one.lastSeq, seq);
    one.slowest = one.events === 0 ? latency : Math.max(one.slowest, latency);
    one.events++;
  }
  return listed;
}

/** Connects the table. It is built when it is opened, and again when the reader asks for another part or the run ends. */
export function connectTimelineList(options: TimelineListOptions): {
  show(recording: Recording): void;
  refresh(): void;
} {
  const { root, words, format, names, signal, openRequest } = options;
  const find = <T extends Element>(selector: string) => root.querySelector(selector) as T;
  const [select, table] = [find<HTMLSelectElement>('select'), find<HTMLTableElement>('table')];
  const [earlier, later] = [find<HTMLButtonElement>('[data-page="-1"]'), find<HTMLButtonElement>('[data-page="1"]')];
  let recording: Recording | null = null;
  let page = 0;

  const build = () => {
    const lane = recording?.lanes.get(select.value as TechniqueId);
    if (!root.open || !recording || !lane) return;
    const { zero } = recording;
    const all = lane.requests.length;
    page = Math.min(page, Math.max(0, Math.ceil(all / PAGE) - 1));
    const listed = listRequests(lane, page * PAGE, PAGE);
    earlier.disabled = page === 0;
    later.disabled = (page + 1) * PAGE >= all;
    const [first, last] = [listed[0]?.request ?? 0, listed.at(-1)?.request ?? 0];
    setText(
      find('[data-part="list-range"]'),
      say(words, 'lab.list.range', { first: format.count(first), last: format.count(last), all: format.count(all) }),
    );
    const body = document.createElement('tbody');
    for (const { request, start, took, outcome, events, firstSeq, lastSeq, slowest } of listed) {
      const row = body.insertRow();
      row.append(rowHeading(format.count(request)));
      const seqs = firstSeq === lastSeq ? format.count(firstSeq) : `${format.count(firstSeq)}–${format.count(lastSeq)}`;
      const texts = [
        format.moment(start - zero),
        format.ms(took),
        say(words, `lab.list.${outcome}`),
        format.count(events),
        events === 0 ? NOTHING : seqs,
        format.ms(slowest),
      ];
      for (const text of texts) row.insertCell().textContent = text;
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'quiet';
      button.dataset.request = String(request - 1);
      button.textContent = say(words, 'lab.inspect.open');
      const told = { name: names[lane.technique], request: format.count(request) };
      button.setAttribute('aria-label', say(words, 'lab.inspect.openOf', told));
      row.insertCell().append(button);
    }
    const columns = ['request', 'asked', 'took', 'outcome', 'events', 'numbers', 'slowest', 'bytes'];
    const head = headRow(columns.map((key) => say(words, `lab.list.${key}`)));
    table.replaceChildren(...(table.caption ? [table.caption] : []), head, body);
  };

  root.addEventListener('toggle', build, { signal });
  select.addEventListener(
    'change',
    () => {
      page = 0;
      build();
    },
    { signal },
  );
  root.addEventListener(
    'click',
    ({ target }) => {
      const button = (target as Element).closest('button');
      const lane = recording?.lanes.get(select.value as TechniqueId);
      if (button?.dataset.page) {
        page += Number(button.dataset.page);
        build();
      } else if (button?.dataset.request && lane) openRequest(lane, Number(button.dataset.request));
    },
    { signal },
  );
  return {
    show(now) {
      const before = select.value;
      recording = now;
      page = 0;
      select.replaceChildren(...[...now.lanes.keys()].map((id) => new Option(names[id], id, false, id === before)));
      build();
    },
    refresh: build,
  };
}
