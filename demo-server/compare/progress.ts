/** The line at the bottom of a terminal that says how far a run is; nothing at all where stderr is no terminal. */
import { pageTime } from '../measure/clock.ts';
import type { Recording } from '../measure/recording.ts';
import type { Phase } from './run.ts';

const EVERY_MS = 200;
const WIDTH = 30;

/** Begins to draw; `tell` says what is going on, `clear` takes the line away and ends it. */
export function drawProgress(to: NodeJS.WriteStream): {
  tell(phase: Phase, recording: Recording): void;
  clear(): void;
} {
  if (!to.isTTY) return { tell() {}, clear() {} };
  let phase: Phase = 'connecting';
  let recording: Recording | undefined;
  const draw = (): void => void to.write(`\r\x1b[2K${recording ? line(phase, recording) : ''}`);
  const timer = setInterval(draw, EVERY_MS);
  return {
    tell(now, about) {
      phase = now;
      recording = about;
      draw();
    },
    clear() {
      clearInterval(timer);
      to.write('\r\x1b[2K');
    },
  };
}

/** `[#########·····] 12.4 of 20 s, Ctrl-C ends it`; what there is to wait for where the run is not going on. */
function line(phase: Phase, { info, zero }: Recording): string {
  if (phase === 'connecting') return 'connecting …';
  if (phase === 'settling') return 'waiting for the last answers …';
  const whole = info?.settings.durationSeconds ?? 0;
  const gone = Number.isNaN(zero) ? 0 : Math.min(whole, Math.max(0, (pageTime() - zero) / 1000));
  const filled = Math.round((gone / whole) * WIDTH);
  return `[${'#'.repeat(filled)}${'·'.repeat(WIDTH - filled)}] ${gone.toFixed(1)} of ${whole} s, Ctrl-C ends it`;
}
