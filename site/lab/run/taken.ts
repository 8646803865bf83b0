/** The lab in the hands of a run that somebody else calls and starts: a class's. */
import type { Recording } from '../../../demo-server/measure/recording.ts';
import type { WantedSettings } from '../../../demo-server/measure/settings.ts';
import type { Part } from '../../kit/parts.ts';
import type { Phase } from './comparison.ts';

/** A run that is called and started from outside the lab; the lab reports its phases. */
export interface OutsideRun {
  settings: WantedSettings;
  gate(run: string, recording: Recording): Promise<number>;
  tell(phase: Phase | 'failed', recording: Recording | null): void;
}

/** What the caller of an outside run may do with the lab meanwhile. */
export interface TakenLab {
  /** Ends that run; does nothing once it has ended. */
  stop(): void;
  /** Writes `text` where the lab shows its state, until the run's next phase. */
  say(text: string): void;
  /** Scrolls to the run. */
  show(): void;
}

/**
 * Nobody has touched the page, so it scrolls by itself: to the run's state with the charts below it, or, on a phone, where
 * both do not fit, to the charts. The faults are folded away: open, they would fill a phone.
 */
export function showRun(part: Part): void {
  part<HTMLDetailsElement>('breaks').open = false;
  const [stop, timeline] = [part('stop'), part('timeline')];
  const apart = timeline.getBoundingClientRect().top - stop.getBoundingClientRect().top;
  (apart < innerHeight / 2 ? stop : timeline).scrollIntoView();
}
