/**
 * A chart of the page as SVG: the same Chart.js chart drawn once more, with a context that writes SVG. Loaded by
 * the first click that saves something, when the charts have long been here.
 */
import { BasicPlatform, Chart, type ChartConfiguration } from 'chart.js';
import type { Drawing } from './picture.ts';
import { SvgContext } from './svg-context.ts';

let drawn = 0;

/** Draws what is on `canvas` into `width` × `height` pixels; null where there is no chart yet. */
export function chartSvg(canvas: HTMLCanvasElement, width = 760, height = 380): Drawing | null {
  const chart = Chart.getChart(canvas);
  const measure = document.createElement('canvas').getContext('2d');
  if (!chart || !measure) return null;
  const context = new SvgContext(measure, `chart-${++drawn}`);
  const paper = { width, height, getContext: () => context };
  context.canvas = paper;
  const { data, options, plugins, type } = chart.config as ChartConfiguration;
  const copy = new Chart(
    paper as unknown as HTMLCanvasElement,
    {
      type,
      platform: BasicPlatform,
      plugins,
      // Chart.js watches the arrays that it is given: the copy gets its own, and lines that it draws point by point, as a
      // Path2D cannot be read.
      data: {
        ...data,
        datasets: data.datasets.map((set, index) => ({
          ...set,
          data: [...set.data],
          hidden: !chart.isDatasetVisible(index),
          segment: {},
        })),
      },
      options: { ...options, responsive: false, animation: false, devicePixelRatio: 1, events: [] },
    } as ChartConfiguration,
  );
  const svg = context.toSvg();
  copy.destroy();
  return { svg, width, height };
}
