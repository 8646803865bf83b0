/**
 * `<push-curves>`: cost curves over a series of real runs. Walks its states, and draws what there is so far.
 */
import { pageTime } from './clock.ts';
import { copyText } from './copy.ts';
import { connectCurveForm } from './curve-form.ts';
import { type CurvePlan, missing, samePlan, secondsFor, valuesOf } from './curve-plan.ts';
import type { CurvePoint } from './curve-run.ts';
import type { CurveView } from './curve-view.ts';
import { formatter } from './format.ts';
import { namesFrom } from './names.ts';
import { partsOf } from './parts.ts';
import { whileVisible } from './visible.ts';
import { readWords, say, setText } from './words.ts';

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
    let view: CurveView | null = null;
    let shown: { plan: CurvePlan; points: CurvePoint[] } | null = null;
    let stopping = new AbortController();
    /** The point that runs: when it began and will be over at the soonest, in ms of the page's clock. */
    let current: { from: number; to: number } | null = null;
    let busy = false;

    const form = connectCurveForm(this, words, signal, (plan) => {
      resume.hidden = busy || !shown || !samePlan(plan, shown.plan) || missing(plan, shown.points).length === 0;
    });
    const setState = (state: 'idle' | 'running' | 'finished' | 'stopped') => {
      const hadFocus = [start, stop, resume].includes(document.activeElement as HTMLElement);
      busy = state === 'running';
      this.dataset.state = state;
      form.setBusy(busy);
      start.hidden = busy;
      stop.hidden = !busy;
      resume.hidden = busy || !shown || missing(shown.plan, shown.points).length === 0;
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
      shown = { plan, points };
      setState('running');
      form.remember(plan);
      // All code is here before the first lane connects: lanes hold the browser's connections, and would hold this up.
      const code = await import('./curve-code.ts').catch(() => null);
      if (!code) {
        shown = null;
        setState('idle');
        setText(status, say(words, 'lab.problem.unreachable'));
        return;
      }
      const { Problem, plightOf, runCurve, showPlight } = code;
      view ??= new code.CurveView(part('results'), words, format, namesFrom(words), signal);
      const seen = view;
      seen.show(plan, points);
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
            seen.show(plan, points);
          },
        });
        const whole = missing(plan, points).length === 0;
        setText(status, say(words, whole ? 'curves.finished' : 'curves.stopped', { count: points.length }));
        setState(whole ? 'finished' : 'stopped');
      } catch (error) {
        if (signal.aborted) return;
        setText(status, '');
        setState(points.length > 0 ? 'stopped' : 'idle');
        if (error instanceof Problem) form.showFaults(error.faults);
        // What was measured stays, and the way on is to measure the rest.
        showPlight(part('problem'), plightOf(error, words), words, (over) => void run(plan, points, over));
      }
    };

    this.querySelector('form')?.addEventListener(
      'submit',
      (event) => {
        event.preventDefault();
        const plan = busy ? null : form.read(true);
        if (plan) void run(plan, [], false);
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
    whileVisible(part('run-progress'), 5, tellTime, signal);
    setState('idle');
  }
}

customElements.define('push-curves', PushCurves);
