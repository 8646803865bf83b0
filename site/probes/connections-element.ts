/**
 * `<push-connections>`: a reader opens more streams than the browser lets out, and sees in the server's own figures which wait.
 */

import { pageTime } from '../../demo-server/measure/clock.ts';
import { CONNECTION_KINDS, type ConnectionKind, type Http2Servers } from '../../demo-server/protocol.ts';
import { askServer, NoServer } from '../kit/ask-server.ts';
import { defineElement } from '../kit/element.ts';
import { type Format, formatter, NOTHING } from '../kit/format.ts';
import { partsOf } from '../kit/parts.ts';
import { demoServer } from '../kit/server-address.ts';
import { whileVisible } from '../kit/visible.ts';
import { readWords, say, setText, type Words } from '../kit/words.ts';
import { type Turn, takeTurn, takeTurnOver } from '../lab/run/guard.ts';
import { barOf, type Row, rowsOf } from './connection-rows.ts';
import { type ConnectionLab, openLab } from './connection-watch.ts';
import { secondTab, tellTabs } from './second-tab.ts';

/** The picture is at least so long (ms), so that the first milliseconds do not fill it. */
const SHORTEST_MS = 4000;

function connect(root: HTMLElement, life: AbortSignal): void {
  const words = readWords(root);
  const format = formatter(words.language ?? 'en');
  const part = partsOf(root);
  const [problem, way] = [part('problem'), part<HTMLButtonElement>('way-on')];
  const count = part<HTMLInputElement>('count');
  let lab: ConnectionLab | null = null;
  let opening: Promise<ConnectionLab | null> | null = null;
  let running = new AbortController();
  let turn: Turn | null = null;

  function tellProblem(key: string | null, values: Record<string, string> = {}, act?: () => void): void {
    problem.hidden = key === null;
    setText(part('problem-text'), key === null ? '' : say(words, key, values));
    way.hidden = act === undefined;
    way.onclick = act ?? null;
  }

  /** The lab that is open, or a new one; null where it could not be opened, which is said then. */
  async function current(takeOver: boolean, again: () => void): Promise<ConnectionLab | null> {
    if (lab) return lab;
    tellProblem(null);
    running = new AbortController();
    const { signal } = running;
    turn = await (takeOver ? takeTurnOver : takeTurn)(closeAll);
    if (!turn) {
      setText(way, say(words, 'connections.takeOver'));
      tellProblem('connections.problem.busy', {}, again);
      return null;
    }
    try {
      const page = location.pathname;
      const openTab = (address: string): void => void window.open(address, '_blank', 'noopener');
      lab = await openLab({ page, openTab, changed: () => changed() }, AbortSignal.any([signal, life]));
    } catch {
      turn.release();
      setText(way, say(words, 'connections.again'));
      part('recorded').hidden = shown !== null;
      tellProblem('connections.problem.unreachable', {}, again);
      return null;
    }
    const opened = lab;
    part('recorded').hidden = true;
    tellTabs(opened, signal);
    root.dataset.state = 'open';
    void opened.closed.then(() => {
      turn?.release();
      if (!signal.aborted && !life.aborted) tellProblem('connections.problem.lost');
      running.abort();
      lab = null;
      root.dataset.state = 'closed';
      draw(opened, words, format, part);
    });
    return opened;
  }

  async function ask(kind: ConnectionKind, times: number, takeOver = false): Promise<void> {
    opening ??= current(takeOver, () => void ask(kind, times, true));
    const open = await opening;
    opening = null;
    for (let n = 0; open && n < times; n += 1) open.ask(kind);
  }

  function closeAll(): void {
    running.abort();
  }

  let shown: ConnectionLab | null = null;
  function changed(): void {
    shown = lab ?? shown;
    if (shown) draw(shown, words, format, part);
  }

  function wanted(): number | null {
    const value = Number(count.value);
    const fits =
      count.value.trim() !== '' && Number.isInteger(value) && value >= Number(count.min) && value <= Number(count.max);
    count.setAttribute('aria-invalid', String(!fits));
    setText(
      part('count-fault'),
      fits ? '' : say(words, 'connections.count.fault', { got: count.value, min: count.min, max: count.max }),
    );
    if (!fits) count.focus();
    return fits ? value : null;
  }

  part('form').addEventListener(
    'submit',
    (event) => {
      event.preventDefault();
      const times = wanted();
      if (times !== null) void ask('stream', times);
    },
    { signal: life },
  );
  for (const kind of CONNECTION_KINDS) {
    if (kind === 'stream') continue;
    part(`ask-${kind}`).addEventListener('click', () => void ask(kind, 1), { signal: life });
  }
  part('close-one').addEventListener('click', () => lab?.closeOne(), { signal: life });
  part('close-all').addEventListener('click', closeAll, { signal: life });
  whileVisible(part('rows'), 10, () => lab && draw(lab, words, format, part), life);
  const server = demoServer();
  if (server === '') whoCarries(words, part);
  else setText(part('carrier'), say(words, 'connections.elsewhere', { server }));
  // A tab of this site, and the doors of HTTP/2, lead to a server that has its pages: this one may have none.
  for (const name of ['ask-tab', 'http2-doors']) part(name).hidden = server !== '';
  connectHttp2(words, part, life);
  secondTab(words, format, part, life);
  root.dataset.state = 'idle';
  root.dataset.ready = '';
}

/** Which HTTP brought this page: the same connection rules hold for what it asks for. */
function whoCarries(words: Words, part: (name: string) => HTMLElement): void {
  const [entry] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  const http = entry?.nextHopProtocol === 'h2' ? 'h2' : 'http1';
  setText(part('carrier'), say(words, `connections.carrier.${http}`));
  if (http === 'h2') (part('count') as HTMLInputElement).value = '150';
}

function draw(lab: ConnectionLab, words: Words, format: Format, part: (name: string) => HTMLElement): void {
  const { counts, asked } = lab;
  part('idle').hidden = true;
  part('results').hidden = false;
  for (const name of ['asked', 'reached', 'waiting', 'connections'] as const)
    setText(part(`count-${name}`), counts ? format.count(counts[name]) : NOTHING);
  part('results').dataset.waiting = String(counts?.waiting ?? 0);
  const now = pageTime();
  const list = [...asked.values()];
  const busy = list.some(({ over }) => over === null);
  const zero = list[0]?.asked ?? now;
  const end = Math.max(zero + SHORTEST_MS, busy ? now : Math.max(...list.map(({ over }) => over ?? now)));
  const rows = rowsOf(list, now);
  const body = part('rows');
  while (body.children.length > rows.length) body.lastElementChild?.remove();
  while (body.children.length < rows.length) body.append((part('row') as HTMLTemplateElement).content.cloneNode(true));
  for (const [at, row] of rows.entries()) drawRow(body.children[at] as HTMLElement, row, { zero, end }, words, format);
  setText(part('axis-end'), format.seconds(end - zero));
  setText(part('clock'), lab.clock.current ? format.uncertainty(lab.clock.uncertaintyMs) : NOTHING);
}

function drawRow(
  element: HTMLElement,
  row: Row,
  { zero, end }: { zero: number; end: number },
  words: Words,
  format: Format,
): void {
  const cell = (name: string): HTMLElement => element.querySelector(`[data-cell="${name}"]`) as HTMLElement;
  const { first, last, count, state, waits, connections } = row;
  element.dataset.state = state;
  const [from, to] = [format.count(first.n), format.count(last.n)];
  setText(
    cell('what'),
    say(words, `connections.what.${first.kind}${count > 1 ? 's' : ''}`, {
      n: from,
      from,
      to,
      number: format.count(count),
    }),
  );
  setText(
    cell('state'),
    say(words, `connections.state.${state === 'over' && first.reached === null ? 'dropped' : state}`),
  );
  setText(cell('asked'), format.moment(first.asked - zero));
  setText(cell('reached'), last.reached === null ? NOTHING : format.moment(last.reached - zero));
  setText(cell('waits'), waitsInWords(waits, format));
  const [one = 0, ...more] = connections;
  setText(
    cell('connection'),
    connections.length === 0
      ? NOTHING
      : more.length === 0
        ? format.count(one)
        : say(words, 'connections.several', { number: format.count(connections.length) }),
  );
  const bar = barOf(row, zero, end);
  for (const [name, share] of Object.entries(bar)) element.style.setProperty(`--${name}`, String(share));
}

function waitsInWords(waits: [number, number] | null, format: Format): string {
  if (!waits) return NOTHING;
  const text = (ms: number): string => (ms < 1000 ? format.ms(ms) : format.seconds(ms));
  const [least, most] = waits.map(text);
  return least === most ? `${least}` : `${least} … ${most}`;
}

/** The button that starts the servers of HTTP/2, and what is said once they run. */
function connectHttp2(words: Words, part: (name: string) => HTMLElement, signal: AbortSignal): void {
  const [start, fault] = [part('http2-start') as HTMLButtonElement, part('http2-fault')];
  const host = location.hostname === '[::1]' ? 'localhost' : location.hostname;
  start.addEventListener(
    'click',
    async () => {
      start.disabled = true;
      setText(fault, '');
      try {
        const told = await askServer<Http2Servers>('/probe/http2', { method: 'POST', signal });
        for (const name of ['silent', 'announcing'] as const) {
          const link = part(`http2-${name}`) as HTMLAnchorElement;
          link.href = `https://${host}:${told[name]}${location.pathname}`;
          setText(link, say(words, `connections.http2.${name}`, { port: told[name], streams: told.streams }));
        }
        setText(part('http2-fingerprint'), told.fingerprint);
        part('http2-servers').hidden = false;
        start.hidden = true;
        (part('http2-silent') as HTMLAnchorElement).focus();
      } catch (error) {
        if (signal.aborted) return;
        start.disabled = false;
        const message = error instanceof Error ? error.message : String(error);
        const away = error instanceof NoServer;
        setText(fault, say(words, away ? 'connections.problem.unreachable' : 'connections.http2.failed', { message }));
      }
    },
    { signal },
  );
}

defineElement('push-connections', { when: 'now', connect });
