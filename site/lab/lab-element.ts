/**
 * `<push-lab>`: the comparison lab. Holds one run at a time and walks its states; everything ends when it is disconnected.
 */

import { pageTime } from '../../demo-server/measure/clock.ts';
import type { Recording } from '../../demo-server/measure/recording.ts';
import type { WantedSettings } from '../../demo-server/measure/settings.ts';
import { RANGES } from '../../demo-server/protocol.ts';
import { copyText } from '../kit/copy.ts';
import { formatter } from '../kit/format.ts';
import { namesFrom } from '../kit/names.ts';
import { partsOf } from '../kit/parts.ts';
import { demoServer } from '../kit/server-address.ts';
import { whileVisible } from '../kit/visible.ts';
import { readWords, say, setText } from '../kit/words.ts';
import { Bench } from './bench.ts';
import { Breaks } from './faults/breaks.ts';
import { SettingsForm } from './form/lab-form.ts';
import { connectKeep } from './kept/keep.ts';
import { type Phase, runComparison } from './run/comparison.ts';
import { type Plight, plightOf, showPlight } from './run/problem-words.ts';
import { Problem } from './run/run-requests.ts';
import { endInWords, receivers } from './run/stage.ts';
import { type OutsideRun, showRun, type TakenLab } from './run/taken.ts';

export class PushLab extends HTMLElement {
  #life = new AbortController();
  /** Runs `outside` in place of what goes on here. */
  take: (outside: OutsideRun) => TakenLab = () => {
    throw new Error('<push-lab> is not connected');
  };

  connectedCallback(): void {
    this.#life = new AbortController();
    this.#connect(this.#life.signal);
  }

  disconnectedCallback(): void {
    this.#life.abort();
  }

  #connect(signal: AbortSignal): void {
    const words = readWords(this);
    const format = formatter(words.language ?? 'en');
    const names = namesFrom(words);
    const part = partsOf(this);
    const formElement = part<HTMLFormElement>('form');
    const [start, stop, status] = [part('start'), part('stop'), part('status')];
    const [progress, left] = [part<HTMLProgressElement>('progress'), part('time-left')];
    const form = new SettingsForm(formElement, words, format, signal);
    const bench = new Bench(part('results'), words, format, names, signal);
    const breaks = new Breaks({
      panel: part<HTMLDetailsElement>('breaks'),
      field: formElement.elements.namedItem('faults') as HTMLInputElement,
      words,
      format,
      names,
      lanes: () => form.techniques(),
      signal,
    });
    const keep = connectKeep({
      server: demoServer(),
      root: this,
      words,
      format,
      names,
      drawAll: () => bench.drawAll(),
      signal,
    });
    if (demoServer() !== '') {
      part('elsewhere').hidden = false;
      part('elsewhere').textContent = say(words, 'runs.elsewhere', { server: demoServer() });
    }
    let stopping: AbortController | null = null;
    let recording: Recording | null = null;

    const setState = (state: Phase | 'idle' | 'loading') => {
      const busy = state !== 'idle' && state !== 'finished' && state !== 'stopped';
      const hadFocus = document.activeElement === start || document.activeElement === stop;
      this.dataset.state = state;
      form.setBusy(busy);
      start.hidden = busy;
      stop.hidden = !busy;
      part('run-progress').hidden = !busy;
      part('idle').hidden = recording !== null || busy;
      // The settings of a run that goes on cannot be changed; folded away they make room for what it shows.
      if (state === 'loading') part<HTMLDetailsElement>('settings').open = false;
      if (hadFocus) (busy ? stop : start).focus();
    };

    const tellTime = () => {
      if (!recording || Number.isNaN(recording.zero) || this.dataset.state !== 'running') {
        progress.removeAttribute('value');
        setText(left, '');
        return;
      }
      const whole = (recording.info?.settings.durationSeconds ?? RANGES.durationSeconds.default) * 1000;
      const gone = Math.min(whole, Math.max(0, pageTime() - recording.zero));
      progress.value = gone / whole;
      setText(left, say(words, 'lab.timeLeft', { time: format.seconds(whole - gone) }));
    };

    const run = async (settings: WantedSettings, takeOver: boolean, outside?: OutsideRun) => {
      stopping = new AbortController();
      recording = null;
      keep.hide();
      showPlight(part('problem'), null, words, () => {});
      setState('loading');
      status.textContent = say(words, 'lab.phase.connecting');
      try {
        // All code is here before the first lane connects: lanes hold the browser's connections, and would hold this up.
        const charts = await import('./charts/charts.ts');
        const done = await runComparison({
          server: demoServer(),
          settings,
          receivers,
          signal,
          stop: stopping.signal,
          takeOver,
          ...(outside ? { gate: outside.gate } : {}),
          tell: (phase, now, breakIt) => {
            recording = now;
            // The figures first, and then the word that they are final.
            if (phase === 'finished' || phase === 'stopped') bench.finish();
            setState(phase);
            if (phase === 'running') breaks.setRun(breakIt);
            else if (phase !== 'ready') breaks.setRun(null, phase === 'connecting');
            if (phase === 'ready') {
              bench.show(now, charts);
              if (now.info) form.remember(now.info.settings);
            }
            if (phase === 'running' || phase === 'settling') status.textContent = say(words, `lab.phase.${phase}`);
            outside?.tell(phase, now);
          },
        });
        status.textContent = endInWords(done, this.dataset.state === 'stopped', words, format);
      } catch (error) {
        if (signal.aborted) return;
        outside?.tell('failed', recording);
        status.textContent = '';
        setState('idle');
        if (error instanceof Problem) {
          form.showFaults(error.faults, true);
          breaks.showFaults(error.faults);
        }
        const plight = plightOf(error, words);
        showPlight(part('problem'), plight, words, begin);
        if (error instanceof Problem && error.kind === 'unreachable' && !(recording as Recording | null)?.info)
          await showRecorded(plight);
      }
      breaks.setRun(null);
      bench.finish();
      // Also what was measured until the server went away.
      if (recording) void keep.offer(recording);
    };
    /** Where no server answers, as on a static host: a run of another day, said to be one. */
    const showRecorded = async (plight: Plight) => {
      const { fetchRecorded, recordedInWords } = await import('./run/recorded-run.ts');
      const found = await fetchRecorded(this.dataset.recorded ?? '', signal);
      if (!found) return;
      recording = null;
      bench.show(found.recording, await import('./charts/charts.ts'));
      part('idle').hidden = true;
      const text = recordedInWords(found, words, format);
      showPlight(part('problem'), { ...plight, text, tone: 'recorded' }, words, begin);
    };
    const begin = (takeOver = false) => {
      const settings = form.read(true);
      breaks.showFaults(form.faults);
      if (settings) void run(settings, takeOver);
    };

    formElement.addEventListener(
      'submit',
      (event) => {
        event.preventDefault();
        if (stop.hidden) begin();
      },
      { signal },
    );
    this.take = (outside) => {
      form.fill(outside.settings);
      void run(outside.settings, true, outside);
      const own = stopping;
      return { stop: () => own?.abort(), say: (text) => setText(status, text), show: () => showRun(part) };
    };
    stop.addEventListener('click', () => stopping?.abort(), { signal });
    part('copy-link').addEventListener(
      'click',
      async () => {
        const copied = await copyText(location.href);
        part('link-copied').textContent = say(words, copied ? 'lab.copied.link' : 'lab.copied.linkFailed');
      },
      { signal },
    );
    whileVisible(part('run-progress'), 5, tellTime, signal);
    setState('idle');
    if (typeof WebSocket === 'undefined') part('no-websocket').hidden = false;
  }
}

customElements.define('push-lab', PushLab);
