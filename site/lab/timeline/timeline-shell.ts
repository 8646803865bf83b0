import { Timeline, type TimelineOptions, type TimelineState } from './timeline.ts';
import type { Move } from './timeline-input.ts';

let shells = 0;

/** Brings the shell of Timeline.astro to life: its canvas, its buttons, its readout. Ends with the signal. */
export function connectTimeline(
  shell: HTMLElement,
  options: Omit<TimelineOptions, 'canvas' | 'readout' | 'labels' | 'tell'>,
): Timeline {
  const canvas = shell.querySelector('canvas');
  const readout = shell.querySelector<HTMLElement>('[data-readout]');
  const labels = shell.querySelector<HTMLElement>('[data-labels]');
  if (!canvas || !readout || !labels) throw new Error("The timeline's shell lacks its canvas, labels or readout");
  const help = shell.querySelector('.help');
  if (help) {
    help.id = `timeline-help-${++shells}`;
    canvas.setAttribute('aria-describedby', help.id);
  }
  const buttons = (move: Move) => shell.querySelector<HTMLButtonElement>(`button[data-move="${move}"]`);
  const [live, pause] = [buttons('follow'), buttons('pause')];
  const tell = ({ running, following, paused }: TimelineState) => {
    for (const button of [live, pause]) if (button) button.disabled = !running;
    live?.setAttribute('aria-pressed', String(running && following && !paused));
    pause?.setAttribute('aria-pressed', String(paused));
  };
  const timeline = new Timeline({ ...options, tell, canvas, readout, labels });
  for (const button of shell.querySelectorAll<HTMLButtonElement>('button[data-move]')) {
    button.addEventListener('click', () => timeline.move(button.dataset.move as Move), { signal: options.signal });
  }
  return timeline;
}
