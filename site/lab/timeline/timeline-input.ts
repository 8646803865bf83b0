/**
 * Mouse, touch and keyboard over the timeline, as what they mean: what they move is not known here.
 */
export type Move = 'in' | 'out' | 'earlier' | 'later' | 'fit' | 'follow' | 'pause' | 'previous' | 'next';

/** What a gesture asks for. Lengths and places in CSS pixels of the canvas. */
export interface Gestures {
  move(move: Move): void;
  /** Shifts what is shown by `pixels` towards later times. */
  pan(pixels: number): void;
  /** Shows `factor` times as long a stretch, while what is at `x` stays there. */
  zoom(factor: number, x: number): void;
  /** Points at a place; `reach` is how far off a dot may be to be meant. */
  point(x: number, y: number, reach: number): void;
  /** A click or a tap: what is there is to be opened. */
  press(x: number, y: number, reach: number): void;
  /** What the keyboard stands on: `event` marks it on all lanes, `bytes` opens the request that carried it. */
  open(what: 'event' | 'bytes'): void;
  /** Goes on by so many events in the same lane; ±Infinity: to its last or first. */
  step(events: number): void;
  /** Goes to the lane so many rows further down. */
  changeRow(rows: number): void;
}

const MOVES: Readonly<Record<string, Move>> = { '+': 'in', '=': 'in', '-': 'out', '0': 'fit', f: 'follow', p: 'pause' };
/** Farther than this (CSS pixels) a press has become a drag. */
const CLICK_REACH = 5;
const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  PageUp: -10,
  PageDown: 10,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

/** Turns the events of `canvas` into gestures until `signal`. */
export function listen(canvas: HTMLCanvasElement, gestures: Gestures, signal: AbortSignal): void {
  const fingers = new Map<number, number>();
  let pressed: { id: number; x: number; y: number } | null = null;
  const reach = ({ pointerType }: PointerEvent) => (pointerType === 'touch' ? 24 : 12);

  canvas.addEventListener(
    'wheel',
    (event) => {
      // The plain wheel belongs to the page: it moves time only sideways, or with a key held, as maps do.
      if (event.ctrlKey || event.metaKey) gestures.zoom(Math.exp(event.deltaY / 200), event.offsetX);
      else {
        const sideways = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
        if (Math.abs(sideways) <= (event.shiftKey ? 0 : Math.abs(event.deltaY))) return;
        gestures.pan(sideways);
      }
      event.preventDefault();
    },
    { signal, passive: false },
  );
  canvas.addEventListener(
    'pointerdown',
    (event) => {
      pressed = fingers.size === 0 ? { id: event.pointerId, x: event.offsetX, y: event.offsetY } : null;
      fingers.set(event.pointerId, event.offsetX);
      canvas.setPointerCapture(event.pointerId);
      gestures.point(event.offsetX, event.offsetY, reach(event));
    },
    { signal },
  );
  canvas.addEventListener(
    'pointermove',
    (event) => {
      const last = fingers.get(event.pointerId);
      if (last === undefined) {
        gestures.point(event.offsetX, event.offsetY, reach(event));
        return;
      }
      fingers.set(event.pointerId, event.offsetX);
      const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
      if (other !== undefined) {
        gestures.zoom(Math.max(8, Math.abs(last - other)) / Math.max(8, Math.abs(event.offsetX - other)), other);
      } else if (event.offsetX !== last) gestures.pan(last - event.offsetX);
      if (pressed && Math.hypot(event.offsetX - pressed.x, event.offsetY - pressed.y) > CLICK_REACH) pressed = null;
    },
    { signal },
  );
  canvas.addEventListener(
    'pointerup',
    (event) => {
      if (pressed?.id === event.pointerId && event.button === 0) gestures.press(pressed.x, pressed.y, reach(event));
      pressed = null;
    },
    { signal },
  );
  for (const type of ['pointerup', 'pointercancel', 'pointerleave'] as const) {
    canvas.addEventListener(type, (event) => fingers.delete(event.pointerId), { signal });
  }
  canvas.addEventListener(
    'keydown',
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const { key } = event;
      const [move, step] = [MOVES[key], STEPS[key]];
      if (event.shiftKey && (key === 'ArrowLeft' || key === 'ArrowRight')) {
        gestures.move(key === 'ArrowLeft' ? 'earlier' : 'later');
      } else if (move) gestures.move(move);
      else if (key === 'Enter' || key === ' ') gestures.open(key === 'Enter' ? 'bytes' : 'event');
      else if (step !== undefined) gestures.step(step);
      else if (key === 'ArrowUp' || key === 'ArrowDown') gestures.changeRow(key === 'ArrowUp' ? -1 : 1);
      else return;
      event.preventDefault();
    },
    { signal },
  );
}
