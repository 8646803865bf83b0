/**
 * `<push-curves>`: cost curves over a series of real runs. Walks its states, and draws what there is so far.
 */
import { pageTime } from '../../../demo-server/measure/clock.ts';
import { copyText } from '../../kit/copy.ts';
import { formatter } from '../../kit/format.ts';
import { namesFrom } from '../../kit/names.ts';
import { partsOf } from '../../kit/parts.ts';
import { demoServer } from '../../kit/server-address.ts';
import { whileVisible } from '../../kit/visible.ts';
import { readWords, say, setText } from '../../kit/words.ts';
import { fileText } from '../kept/file-text.ts';
import { dateIn } from '../tables/run-words.ts';
import type { Series } from './curve-document.ts';
import { connectCurveForm } from './curve-form.ts';
import { type CurvePlan, missing, samePlan, secondsFor, valuesOf, withSeed } from './curve-plan.ts';
import type { CurvePoint } from './curve-run.ts';
import type { CurveView } from './curve-view.ts';

/** The longest file that is read, bytes: a series of twelve points of nine lanes has 15 kB. */
const MOST_FILE_BYTES = 1e6;

class PushCurves extends HTMLElement {
  #life = new AbortController();

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
    const part = partsOf(this);
    const [start, stop, resume, status] = [part('start'), part('stop'), part('resume'), part('status')];
    const [progress, left] = [part<HTMLProgressElement>('progress'), part('time-left')];
    const [saved, file] = [part('saved'), part<HTMLInputElement>('file')];
    const names = namesFrom(words);
    const keeping = { root: part('results'), words, format, names, status: saved };
    let view: CurveView | null = null;
    /** What is drawn. One that was measured elsewhere is not gone on with here: its points would be of two machines. */
    let shown: (Series & { ours: boolean }) | null = null;
    let stopping = new AbortController();
    /** The point that runs: when it began and will be over at the soonest, in ms of the page's clock. */
    let current: { from: number; to: number } | null = null;
    let busy = false;

    const form = connectCurveForm(this, words, signal, (plan) => {
      // Without a seed the form leaves it to us, and this one has been drawn.
      const seeded = { ...plan, settings: { ...shown?.plan.settings, ...plan.settings } };
      resume.hidden = unfinished() === 0 || !shown || !samePlan(seeded, shown.plan);
    });
    const unfinished = () => (!busy && shown?.ours ? missing(shown.plan, shown.points).length : 0);
    const setState = (state: 'idle' | 'running' | 'finished' | 'stopped') => {
      const hadFocus = [start, stop, resume].includes(document.activeElement as HTMLElement);
      busy = state === 'running';
      this.dataset.state = state;
      form.setBusy(busy);
      start.hidden = busy;
      stop.hidden = !busy;
      resume.hidden = unfinished() === 0;
      part('save').hidden = busy || !shown || shown.points.length === 0;
      (part('open') as HTMLButtonElement).disabled = busy;
      part('run-progress').hidden = !busy;
      part('idle').hidden = shown !== null;
      if (hadFocus) (busy ? stop : start).focus();
    };
    const tellTime = () => {
      if (!busy || !shown) return;
      const all = valuesOf(shown.plan);
      const rest = missing(shown.plan, shown.points);
      // The point that runs counts by the clock, those after it by what they will take at the least.
      const now = current ? Math.min(current.to, Math.max(current.from, pageTime())) : 0;
      const [whole, later] = [secondsFor(shown.plan, all) * 1000, secondsFor(shown.plan, rest.slice(1)) * 1000];
      const seconds = later + (current ? current.to - now : 0);
      progress.value = 1 - seconds / whole;
      setText(left, say(words, 'lab.timeLeft', { time: format.seconds(seconds) }));
    };

    const run = async (plan: CurvePlan, points: CurvePoint[], takeOver: boolean) => {
      stopping = new AbortController();
      part('problem').hidden = true;
      const before = shown;
      // All code is here before the first lane connects: lanes hold the browser's connections, and would hold this up.
      const code = await load();
      if (!code) return;
      const { Problem, plightOf, runCurve, showPlight } = code;
      const made = () => code.madeHere(demoServer(), this.dataset.pushlab ?? '');
      show(code, { plan, points, made: made(), ours: true });
      const series = shown as Series | null;
      const seen = view as CurveView;
      setState('running');
      form.remember(plan);
      try {
        await runCurve({
          plan,
          done: points,
          signal,
          stop: stopping.signal,
          takeOver,
          begin: (value, seconds) => {
            current = { from: pageTime(), to: pageTime() + seconds * 1000 };
            const told = { number: points.length + 1, all: valuesOf(plan).length, value: seen.write(plan, value) };
            setText(status, say(words, 'curves.running', told));
          },
          finish: (point) => {
            points.push(point);
            points.sort((a, b) => a.value - b.value);
            if (series) series.made = made();
            seen.show(plan, points);
          },
        });
        const whole = missing(plan, points).length === 0;
        setText(status, say(words, whole ? 'curves.finished' : 'curves.stopped', { count: points.length }));
        setState(whole ? 'finished' : 'stopped');
      } catch (error) {
        if (signal.aborted) return;
        setText(status, '');
        // Where nothing was measured, what stood here before does again.
        if (points.length === 0) show(code, before);
        setState(points.length > 0 ? 'stopped' : 'idle');
        if (error instanceof Problem) form.showFaults(error.faults);
        const plight = plightOf(error, words);
        const away = error instanceof Problem && error.kind === 'unreachable' && !shown;
        const recorded = away ? await openRecorded(code) : null;
        // What was measured stays, and the way on is to measure the rest.
        showPlight(
          part('problem'),
          recorded ? { ...plight, text: recorded, tone: 'recorded' } : plight,
          words,
          (over) => void run(plan, points, over),
        );
      }
    };
    type Code = typeof import('./curve-code.ts');
    const load = async (): Promise<Code | null> => {
      const code = await import('./curve-code.ts').catch(() => null);
      if (!code) setText(status, say(words, 'lab.problem.unreachable'));
      return code;
    };
    const show = (code: Code, series: typeof shown) => {
      shown = series;
      view ??= new code.CurveView(keeping.root, words, format, names, signal);
      code.offerPlots(keeping, () => shown);
      keeping.root.hidden = !series;
      if (series) view.show(series.plan, series.points);
      setText(part('made'), !series || series.ours ? '' : say(words, 'curves.made', told(series)));
      setText(saved, '');
    };
    const told = ({ made }: Series) => ({ ...made, version: made.pushlab, date: dateIn(words, made.at) });
    /** Where no server answers, as on a static host: a series of another day; what is to be said of it. */
    const openRecorded = async (code: Code): Promise<string | null> => {
      const { recorded = '' } = this.dataset;
      const text = recorded && (await fetch(recorded, { signal }).then((answer) => answer.text()));
      const read = text ? code.readSeries(text) : null;
      if (!read || !('points' in read)) return null;
      show(code, { ...read, ours: false });
      setState('idle');
      return say(words, 'curves.recorded', told(read));
    };
    const open = async (chosen: File) => {
      const code = await load();
      if (!code) return;
      part('problem').hidden = true;
      const long = chosen.size > MOST_FILE_BYTES;
      const read = long
        ? { fault: { path: chosen.name, got: format.bytes(chosen.size), takes: format.bytes(MOST_FILE_BYTES) } }
        : code.readSeries(await fileText(chosen));
      if ('noJson' in read) {
        const { kind, got, takes: why } = read.noJson;
        setText(
          status,
          `${chosen.name}: ${say(words, `runs.fault.${kind}`, { got: JSON.stringify(got), takes: why })}`,
        );
        return;
      }
      if ('fault' in read) {
        const { path, got, takes } = read.fault;
        const was = JSON.stringify(got)?.slice(0, 60) ?? say(words, 'runs.fault.missing');
        setText(status, say(words, 'curves.fault.file', { file: chosen.name, path, got: was, takes }));
        return;
      }
      show(code, { ...read, ours: false });
      form.fill(read.plan);
      setState('finished');
      setText(status, say(words, 'curves.opened', { count: read.points.length }));
    };

    this.querySelector('form')?.addEventListener(
      'submit',
      (event) => {
        event.preventDefault();
        const plan = busy ? null : form.read(true);
        if (plan) void run(withSeed(plan), [], false);
      },
      { signal },
    );
    stop.addEventListener('click', () => stopping.abort(), { signal });
    resume.addEventListener('click', () => shown && void run(shown.plan, shown.points, false), { signal });
    part('copy-link').addEventListener(
      'click',
      async () => {
        const copied = await copyText(location.href);
        setText(part('link-copied'), say(words, copied ? 'curves.copied' : 'lab.copied.linkFailed'));
      },
      { signal },
    );
    part('save').addEventListener(
      'click',
      async () => {
        const code = await load();
        if (code && shown) code.saveSeries(shown, keeping);
      },
      { signal },
    );
    part('open').addEventListener('click', () => file.click(), { signal });
    file.addEventListener(
      'change',
      () => {
        const [chosen] = file.files ?? [];
        if (chosen) void open(chosen);
        // So that the same file can be chosen once more.
        file.value = '';
      },
      { signal },
    );
    whileVisible(part('run-progress'), 5, tellTime, signal);
    setState('idle');
  }
}

customElements.define('push-curves', PushCurves);
