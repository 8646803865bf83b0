/** `<push-browser>`: measures the reader's own browser, one habit after the other, beside what was recorded of others. */

import { pause } from '../../demo-server/measure/lane.ts';
import { NoServer, serverAnswers } from '../kit/ask-server.ts';
import { copyText } from '../kit/copy.ts';
import { defineElement } from '../kit/element.ts';
import { formatter, NOTHING } from '../kit/format.ts';
import { partsOf } from '../kit/parts.ts';
import { readWords, say, setText } from '../kit/words.ts';
import { takeTurn, takeTurnOver } from '../lab/run/guard.ts';
import { PROBES, type Probe } from './browser-probes.ts';
import { asText, type Value, valueInWords } from './probe-values.ts';

function connect(root: HTMLElement, life: AbortSignal): void {
  const words = readWords(root);
  const format = formatter(words.language ?? 'en');
  const part = partsOf(root);
  const [start, stop, status, copied] = [part('start'), part('stop'), part('status'), part('copied')];
  const progress = part<HTMLProgressElement>('progress');
  const whole = PROBES.reduce((sum, { takesMs }) => sum + takesMs, 0);
  const found = new Map<string, Value>();
  let running = new AbortController();

  const rowOf = (id: string): HTMLElement => root.querySelector(`tr[data-probe="${id}"]`) as HTMLElement;
  const cellOf = (id: string): HTMLElement => rowOf(id).querySelector('[data-cell="own"]') as HTMLElement;

  function tellProblem(key: string | null): void {
    part('problem').hidden = key === null;
    if (key === null) return;
    setText(part('problem-text'), say(words, `browser.problem.${key}`));
    setText(part('way-on'), say(words, key === 'busy' ? 'browser.takeOver' : 'browser.again'));
    part('way-on').onclick = () => void measure(key === 'busy');
  }

  function setBusy(busy: boolean): void {
    const hadFocus = document.activeElement === start || document.activeElement === stop;
    root.dataset.state = busy ? 'running' : 'idle';
    start.hidden = busy;
    stop.hidden = !busy;
    progress.hidden = !busy;
    (part('copy') as HTMLButtonElement).disabled = found.size === 0;
    if (hadFocus) (busy ? stop : start).focus();
  }

  async function measure(takeOver = false): Promise<void> {
    tellProblem(null);
    running = new AbortController();
    const signal = AbortSignal.any([running.signal, life]);
    const turn = await (takeOver ? takeTurnOver : takeTurn)(() => running.abort());
    if (!turn) return tellProblem('busy');
    found.clear();
    for (const { id } of PROBES) {
      setText(cellOf(id), NOTHING);
      delete rowOf(id).dataset.state;
    }
    setBusy(true);
    setText(status, say(words, 'browser.measuring'));
    let failures = 0;
    const answers = await serverAnswers(signal);
    try {
      let done = 0;
      for (const [at, probe] of PROBES.entries()) {
        // What the browser does by itself is measured all the same.
        if (!answers && !probe.alone) throw new Error('no demo server answers');
        progress.value = done / whole;
        const name = say(words, `browser.probe.${probe.id}`);
        setText(
          status,
          say(words, 'browser.running', { name, number: format.count(at + 1), all: format.count(PROBES.length) }),
        );
        rowOf(probe.id).dataset.state = 'running';
        setText(cellOf(probe.id), say(words, 'browser.measuring'));
        try {
          const value = await limited(probe, signal);
          found.set(probe.id, value);
          setText(cellOf(probe.id), valueInWords(value, words, format));
          rowOf(probe.id).dataset.state = 'done';
        } catch (error) {
          if (signal.aborted) throw error;
          failures += 1;
          rowOf(probe.id).dataset.state = 'failed';
          setText(cellOf(probe.id), say(words, 'browser.failed'));
          // One that fails says little; when the server has gone all do.
          if (error instanceof NoServer || !(await serverAnswers(signal))) throw error;
        }
        done += probe.takesMs;
      }
      setText(
        status,
        say(words, failures > 0 ? 'browser.finishedBut' : 'browser.finished', {
          failures: format.count(failures),
          all: format.count(PROBES.length),
        }),
      );
      root.dataset.found = JSON.stringify(Object.fromEntries(found));
    } catch {
      if (life.aborted) return;
      for (const row of root.querySelectorAll<HTMLElement>('tr[data-state="running"]')) {
        delete row.dataset.state;
        setText(row.querySelector('[data-cell="own"]') as HTMLElement, NOTHING);
      }
      setText(status, running.signal.aborted ? say(words, 'browser.stopped') : '');
      if (!running.signal.aborted) tellProblem('unreachable');
    } finally {
      turn.release();
      if (!life.aborted) setBusy(false);
    }
  }

  async function copy(): Promise<void> {
    const table = part('table') as HTMLTableElement;
    const text = (element: Element): string => (element.textContent ?? '').trim().replace(/\s+/g, ' ');
    const columns = [...(table.tHead?.rows[0]?.cells ?? [])].map(text);
    const rows = [...table.querySelectorAll('tr[data-probe]')].map((row) =>
      [...row.children].map((cell) => text(cell.querySelector('[data-name]') ?? cell)),
    );
    const head = [
      say(words, 'browser.copy.head', { date: new Date().toISOString().slice(0, 10) }),
      navigator.userAgent,
    ];
    const done = await copyText(asText(head, columns, rows));
    setText(copied, say(words, done ? 'browser.copied' : 'browser.copyFailed'));
  }

  start.addEventListener('click', () => void measure(), { signal: life });
  stop.addEventListener('click', () => running.abort(), { signal: life });
  part('copy').addEventListener('click', () => void copy(), { signal: life });
  setBusy(false);
  root.dataset.ready = '';
}

/** A probe that has not come to an end within this never will (ms). */
const LIMIT_MS = 15_000;
/** How often a server is asked whether it is still there while a probe waits for it (ms). */
const WATCH_MS = 3000;

/** Runs a probe; rejects with NoServer as soon as none is there to answer it. */
async function limited(probe: Probe, signal: AbortSignal): Promise<Value> {
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(new Error('too late')), LIMIT_MS);
  const until = AbortSignal.any([signal, ended.signal]);
  try {
    const value = probe.run(until);
    return await (probe.alone ? value : Promise.race([value, gone(probe, until)]));
  } finally {
    clearTimeout(timer);
    ended.abort();
  }
}

/** Rejects when no server answers any more, or the signal aborts. */
async function gone({ fills, takesMs }: Probe, signal: AbortSignal): Promise<never> {
  await pause(fills ? takesMs : 0, signal);
  for (;;) {
    await pause(WATCH_MS, signal);
    signal.throwIfAborted();
    if (!(await serverAnswers(signal))) throw new NoServer('no answer while a probe waited');
  }
}

defineElement('push-browser', { when: 'now', connect });
