/** `<push-buffering>`: the same stream directly and through a real nginx, event by event, and each line that fixes it. */

import { pageTime } from '../../demo-server/measure/clock.ts';
import { type LabProxy, type NginxDefaults, TECHNIQUES, type TechniqueId } from '../../demo-server/protocol.ts';
import { NoServer } from '../kit/ask-server.ts';
import { defineElement } from '../kit/element.ts';
import { formatter, NOTHING } from '../kit/format.ts';
import { partsOf } from '../kit/parts.ts';
import { whileVisible } from '../kit/visible.ts';
import { readWords, say, setText } from '../kit/words.ts';
import { type Turn, takeTurn, takeTurnOver } from '../lab/run/guard.ts';
import { techniques } from '../techniques/index.ts';
import { LOST, type Pair, runPairs, startProxy, type WAYS } from './buffering-run.ts';
import { type Fate, fateOf, medianDelay } from './buffering-verdict.ts';

const receivers = new Map(techniques.map(({ id, receive }) => [id, receive]));
/** At most so many at once, each on two connections: the browser opens six. */
const AT_ONCE = 2;
/** A held stream shows its events behind the end: the picture is so much longer than the run (ms). */
const AFTER_MS = 1000;

function connect(root: HTMLElement, life: AbortSignal): void {
  const words = readWords(root);
  const format = formatter(words.language ?? 'en');
  const part = partsOf(root);
  const form = part<HTMLFormElement>('form');
  const [start, stop, status, progress] = [
    part('start'),
    part('stop'),
    part('status'),
    part<HTMLProgressElement>('progress'),
  ];
  const pairs = new Map<TechniqueId, Pair>();
  /** What each configuration has made of each technique, in this visit. */
  const seen = new Map<string, Map<TechniqueId, Fate>>();
  let running = new AbortController();

  const chosen = () => {
    const data = new FormData(form);
    const config = String(data.get('config'));
    const picked = TECHNIQUES.filter((id) => data.getAll('techniques').includes(id));
    const defaults = data.get('defaults') as NginxDefaults;
    return { config, defaults, gzip: data.has('gzip'), picked };
  };

  function tellProblem(key: string | null, values: Record<string, string> = {}): void {
    part('problem').hidden = key === null;
    setText(part('problem-text'), key === null ? '' : say(words, key, values));
    setText(part('way-on'), say(words, key === 'buffering.problem.busy' ? 'buffering.takeOver' : 'buffering.again'));
    part('way-on').onclick = () => void begin(key === 'buffering.problem.busy');
  }

  function setBusy(busy: boolean): void {
    const hadFocus = document.activeElement === start || document.activeElement === stop;
    root.dataset.state = busy ? 'running' : 'idle';
    for (const set of form.querySelectorAll('fieldset')) set.disabled = busy;
    start.hidden = busy;
    stop.hidden = !busy;
    progress.hidden = !busy;
    if (hadFocus) (busy ? stop : start).focus();
  }

  function tellProxy({ nginx, conf }: LabProxy): void {
    setText(part('by'), say(words, nginx ? 'buffering.by.nginx' : 'buffering.by.step', { nginx: nginx ?? '' }));
    setText(part('conf'), conf.trim());
    part('proxy').hidden = false;
  }

  async function begin(takeOver = false): Promise<void> {
    const { config, defaults, gzip, picked } = chosen();
    setText(part('fault'), picked.length > 0 ? '' : say(words, 'buffering.fault'));
    if (picked.length === 0) return;
    tellProblem(null);
    part('recorded').hidden = true;
    running = new AbortController();
    const signal = AbortSignal.any([running.signal, life]);
    const turn: Turn | null = await (takeOver ? takeTurnOver : takeTurn)(() => running.abort());
    if (!turn) return tellProblem('buffering.problem.busy');
    setBusy(true);
    progress.removeAttribute('value');
    setText(status, say(words, 'buffering.starting'));
    pairs.clear();
    try {
      const proxy = await startProxy(config, defaults, gzip, signal);
      tellProxy(proxy);
      const name = [
        say(words, `buffering.config.${config}`),
        ...(defaults === 'newer' ? [say(words, 'buffering.withNewer')] : []),
        ...(gzip && proxy.nginx ? [say(words, 'buffering.withGzip')] : []),
      ].join(', ');
      part('idle').hidden = true;
      part('results').hidden = false;
      setText(part('shown'), name);
      for (let at = 0; at < picked.length; at += AT_ONCE) {
        const now = picked.slice(at, at + AT_ONCE);
        progress.value = at / picked.length;
        const names = now.map((id) => words[`technique.${id}.name`]).join(', ');
        setText(
          status,
          say(words, 'buffering.running', { names, done: format.count(at), all: format.count(picked.length) }),
        );
        await runPairs(
          now,
          proxy,
          receivers,
          (begun) => {
            for (const pair of begun) pairs.set(pair.technique, pair);
          },
          signal,
        );
        const fates = seen.get(name) ?? new Map<TechniqueId, Fate>();
        for (const id of now) fates.set(id, fate(pairs.get(id) as Pair, 'proxied'));
        seen.set(name, fates);
        drawSummary();
      }
      setText(status, say(words, 'buffering.finished', { all: format.count(picked.length) }));
    } catch (error) {
      if (life.aborted) return;
      setText(status, running.signal.aborted ? say(words, 'buffering.stopped') : '');
      if (!running.signal.aborted) {
        const message = error instanceof Error ? error.message : String(error);
        const away = error instanceof NoServer;
        // What a visit has seen is worth more than what was recorded.
        part('recorded').hidden = !away || seen.size > 0;
        if (away || message === LOST) tellProblem('buffering.problem.unreachable');
        else tellProblem('buffering.problem.refused', { message });
      }
    } finally {
      turn.release();
      if (!life.aborted) {
        setBusy(false);
        draw();
      }
    }
  }

  const fate = ({ ways, endsAt }: Pair, way: (typeof WAYS)[number]): Fate => fateOf(ways[way], endsAt);

  function draw(): void {
    for (const row of part('rows').querySelectorAll<HTMLElement>('tr')) {
      const pair = pairs.get(row.dataset.technique as TechniqueId);
      row.hidden = !pair;
      if (pair) drawRow(row, pair, row.dataset.way as (typeof WAYS)[number]);
    }
  }

  function drawRow(row: HTMLElement, pair: Pair, id: (typeof WAYS)[number]): void {
    const { startsAt, endsAt } = pair;
    const way = pair.ways[id];
    const become = fate(pair, id);
    row.dataset.fate = become;
    const cell = (name: string) => row.querySelector(`[data-cell="${name}"]`) as HTMLElement;
    setText(cell('fate'), say(words, `buffering.fate.${become}`));
    const [first] = way.arrivals;
    setText(cell('first'), first && startsAt !== null ? format.moment(first.at - startsAt) : NOTHING);
    const median = medianDelay(way);
    setText(cell('median'), median === null ? NOTHING : median < 1000 ? format.ms(median) : format.seconds(median));
    setText(cell('events'), format.count(way.arrivals.length));
    if (startsAt === null || endsAt === null) return;
    const length = endsAt - startsAt + AFTER_MS;
    const picture = cell('picture');
    picture.style.setProperty('--end', String((endsAt - startsAt) / length));
    picture.style.setProperty('--now', String(Math.min(1, Math.max(0, (pageTime() - startsAt) / length))));
    while (picture.children.length > way.arrivals.length) picture.lastElementChild?.remove();
    for (let at = picture.children.length; at < way.arrivals.length; at += 1) {
      const { sent, at: here } = way.arrivals[at] as (typeof way.arrivals)[number];
      const dot = document.createElement('i');
      dot.style.setProperty('--sent', String((sent - startsAt) / length));
      dot.style.setProperty('--here', String(Math.min(1, (here - startsAt) / length)));
      picture.append(dot);
    }
  }

  function drawSummary(): void {
    const table = part('summary') as HTMLTableElement;
    const ids = TECHNIQUES.filter((id) => [...seen.values()].some((fates) => fates.has(id)));
    const row = (header: string, cells: HTMLElement[]): HTMLTableRowElement => {
      const line = document.createElement('tr');
      const head = document.createElement('th');
      head.scope = 'row';
      head.textContent = header;
      line.append(head, ...cells);
      return line;
    };
    const heads = ids.map((id) => {
      const head = document.createElement('th');
      head.scope = 'col';
      head.textContent = words[`technique.${id}.name`] ?? id;
      return head;
    });
    const top = row(say(words, 'buffering.column.config'), heads);
    (top.firstElementChild as HTMLTableCellElement).scope = 'col';
    const lines = [...seen].map(([name, fates]) =>
      row(
        name,
        ids.map((id) => {
          const cell = document.createElement('td');
          const become = fates.get(id);
          cell.dataset.fate = become ?? '';
          cell.textContent = become ? say(words, `buffering.fate.${become}`) : NOTHING;
          return cell;
        }),
      ),
    );
    table.tHead?.replaceChildren(top);
    table.tBodies[0]?.replaceChildren(...lines);
    part('summary-section').hidden = false;
  }

  form.addEventListener(
    'submit',
    (event) => {
      event.preventDefault();
      if (stop.hidden) void begin();
    },
    { signal: life },
  );
  stop.addEventListener('click', () => running.abort(), { signal: life });
  whileVisible(part('rows'), 15, () => root.dataset.state === 'running' && draw(), life);
  setBusy(false);
  root.dataset.ready = '';
}

defineElement('push-buffering', { when: 'now', connect });
