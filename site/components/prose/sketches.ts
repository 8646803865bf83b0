import type { TechniqueId } from '../../../demo-server/protocol.ts';

/**
 * Drawings of how each technique carries the same eight events: not measurements, but the shape to look for in them.
 * Time runs from 0 to 100.
 */
export const EVENTS: readonly number[] = [7, 19, 23, 42, 55, 60, 79, 91];

export interface Bar {
  from: number;
  to: number;
  /** Events that the bar's answer carries, at the time they arrive. */
  dots: number[];
  /** An answer with nothing in it. */
  empty?: boolean;
  /** Still open at the right edge. */
  open?: boolean;
}

export interface Sketch {
  bars: Bar[];
  /** From when to when a connection stands open. */
  connections: [from: number, to: number][];
  /** What the browser sends by itself, once connected. */
  up: number[];
}

/** A question every 13 units whose answer takes 4: events wait for the next one. Only a sender of state has no empty answers. */
function timer(connection: 'each' | 'one', sends: 'state' | 'news'): Sketch {
  const starts = [1, 14, 27, 40, 53, 66, 79, 92];
  const bars = starts.map((from, i) => {
    const news = EVENTS.filter((at) => at <= from + 1 && at > (starts[i - 1] ?? -13) + 1);
    return {
      from,
      to: from + 4,
      dots: news.map((_, n) => from + 4 - n * 2.4),
      empty: sends === 'news' && news.length === 0,
    };
  });
  return { bars, connections: connection === 'one' ? [[1, 100]] : bars.map(({ from, to }) => [from, to]), up: [] };
}

/** One answer that goes on, with an event in it as soon as it happens. */
function stream(...spans: [from: number, to: number][]): Sketch {
  const bars = spans.map(([from, to], i) => {
    const dots = EVENTS.filter((at) => at > (spans[i - 1]?.[1] ?? 0) && at <= to).map((at) => Math.max(at, from) + 1);
    return { from, to, dots, open: to === 100 };
  });
  return { bars, connections: spans, up: [] };
}

function longPoll(): Sketch {
  const bars: Bar[] = [];
  let from = 1;
  for (const at of EVENTS) {
    bars.push({ from, to: at + 1, dots: [at + 1] });
    from = at + 2.5;
  }
  bars.push({ from, to: 100, dots: [], open: true });
  return { bars, connections: [[1, 100]], up: [] };
}

export const SKETCHES: Record<TechniqueId, Sketch> = {
  http10: timer('each', 'state'),
  'keep-alive': timer('one', 'state'),
  polling: timer('one', 'news'),
  'long-poll': longPoll(),
  'iframe-stream': stream([1, 100]),
  'xhr-stream': stream([1, 100]),
  sse: stream([1, 64], [69, 100]),
  websocket: {
    bars: [{ from: 1, to: 5, dots: EVENTS.map((at) => at + 0.6) }],
    connections: [[1, 100]],
    up: [13, 34, 48, 70, 85],
  },
  'fetch-stream': stream([1, 100]),
};
