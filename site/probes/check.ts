/** A short run of all techniques on the visitor's own way to the server, and what it did to each. Loaded when it is started. */

import { summaryOf } from '../../demo-server/measure/measures.ts';
import type { Recording } from '../../demo-server/measure/recording.ts';
import { settingsFromTexts } from '../../demo-server/measure/settings.ts';
import type { TechniqueId } from '../../demo-server/protocol.ts';
import { type Format, formatter } from '../kit/format.ts';
import { technique as techniqueMark } from '../kit/mark.ts';
import { namesFrom } from '../kit/names.ts';
import { partsOf } from '../kit/parts.ts';
import { demoServer } from '../kit/server-address.ts';
import { readWords, say, type Words } from '../kit/words.ts';
import { runComparison } from '../lab/run/comparison.ts';
import { plightOf, showPlight } from '../lab/run/problem-words.ts';
import { Problem } from '../lab/run/run-requests.ts';
import { receivers } from '../lab/run/stage.ts';
import { type Finding, judge, lineOfRefusal } from './check-verdict.ts';

/** Even gaps, so that what comes together was held together; short polls, so that they are not taken for it. */
const RUN = { eventsPerSecond: '4', durationSeconds: '4', pollIntervalMs: '500' };

/** Connects the shell `root`. Everything ends with `life`. */
export function connectCheck(root: HTMLElement, life: AbortSignal): void {
  const words = readWords(root);
  const format = formatter(words.language ?? 'en');
  const names = namesFrom(words);
  const part = partsOf(root);
  const [start, stop, status] = [part('start'), part('stop'), part('status')];
  let stopping = new AbortController();

  function setBusy(busy: boolean): void {
    const hadFocus = document.activeElement === start || document.activeElement === stop;
    start.hidden = busy;
    stop.hidden = !busy;
    root.dataset.state = busy ? 'running' : 'idle';
    if (hadFocus) (busy ? stop : start).focus();
  }

  async function check(takeOver = false): Promise<void> {
    const read = settingsFromTexts(RUN);
    if ('faults' in read) throw new Error(JSON.stringify(read.faults));
    stopping = new AbortController();
    setBusy(true);
    showPlight(part('problem'), null, words, () => {});
    part('results').hidden = true;
    try {
      const done = await runComparison({
        server: demoServer(),
        settings: read.settings,
        receivers,
        signal: life,
        stop: stopping.signal,
        takeOver,
        tell: (phase) => {
          status.textContent = say(words, `lab.phase.${phase}`, { events: '', lanes: '' });
        },
      });
      if (stopping.signal.aborted) status.textContent = say(words, 'check.stopped');
      else await show(done);
    } catch (error) {
      if (life.aborted) return;
      status.textContent = '';
      const line = error instanceof Problem && lineOfRefusal(error.message);
      if (line) status.textContent = say(words, `check.line.${line}`, { origin: location.origin });
      showPlight(part('problem'), plightOf(error, words), words, (over) => void check(over));
    } finally {
      setBusy(false);
    }
  }

  async function show(done: Recording): Promise<void> {
    const runMs = Number(RUN.durationSeconds) * 1000;
    const findings = [...done.lanes.values()].map((lane) => {
      const { integrity } = summaryOf(lane, done);
      const arrivals = lane.events.at.subarray(0, lane.events.length);
      const troubles = Object.values(lane.troubles).reduce((sum, count) => sum + count, 0);
      const { technique, failed } = lane;
      return { ...judge({ technique, arrivals, troubles, failed, ...integrity }, runMs), received: integrity.received };
    });
    const harmed = findings.filter(({ verdict }) => verdict !== 'unharmed');
    status.textContent = say(words, harmed.length === 0 ? 'check.allWell' : 'check.harmed', {
      count: harmed.length,
      all: findings.length,
    });
    part('rows').replaceChildren(...findings.map((finding) => rowOf(finding, names, words, format)));
    part('notes').replaceChildren(...(await notesOn(done)).map((note) => item(say(words, note.key, note.values))));
    part('results').hidden = false;
  }

  start.addEventListener('click', () => void check(), { signal: life });
  stop.addEventListener('click', () => stopping.abort(), { signal: life });
}

function rowOf(
  { technique, verdict, line, received }: Finding & { received: number },
  names: Readonly<Record<TechniqueId, string>>,
  words: Words,
  { count }: Format,
): HTMLTableRowElement {
  const row = document.createElement('tr');
  row.dataset.technique = technique;
  row.dataset.verdict = verdict;
  const head = document.createElement('th');
  head.scope = 'row';
  head.append(techniqueMark(technique), ` ${names[technique]}`);
  const fate = cell(say(words, `check.verdict.${verdict}`));
  if (line !== null) {
    const missing = document.createElement('p');
    missing.textContent = say(words, `check.line.${line}`, { origin: location.origin });
    fate.append(missing);
  }
  row.append(head, cell(count(received)), fate);
  return row;
}

/** What else the way shows: a proxy, a version of HTTP, a compressor, a page that is not isolated. */
async function notesOn(done: Recording): Promise<{ key: string; values: Record<string, string> }[]> {
  const { behindProxy, insideTls, isolated } = done.conditions;
  const [page] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  const version = page?.nextHopProtocol ?? '';
  const answer = await fetch(`${demoServer()}/push/polling?after=0`, { cache: 'no-store' }).catch(() => null);
  const encoding = answer?.headers.get('content-encoding') ?? '';
  await answer?.body?.cancel().catch(() => {});
  const way = behindProxy ? 'proxy' : insideTls ? 'tls' : 'direct';
  const notes = [{ key: `check.note.${way}`, values: {} as Record<string, string> }];
  if (version !== '' && version !== 'http/1.1') notes.push({ key: 'check.note.version', values: { version } });
  if (encoding !== '') notes.push({ key: 'check.note.compressed', values: { encoding } });
  if (!isolated) notes.push({ key: 'check.note.notIsolated', values: {} });
  return notes;
}

function cell(text: string): HTMLTableCellElement {
  const made = document.createElement('td');
  made.textContent = text;
  return made;
}

function item(text: string): HTMLLIElement {
  const made = document.createElement('li');
  made.textContent = text;
  return made;
}
