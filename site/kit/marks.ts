import type { TechniqueId } from '../../demo-server/protocol.ts';

/**
 * The marker shape that backs each technique's colour: one SVG path in a box of 16 × 16, filled.
 * The same string serves `<path d>`, CSS `path()` and the canvas's `Path2D`.
 */
export const MARKS: Record<TechniqueId, string> = {
  http10: 'M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13Z',
  'keep-alive': 'M2 2H14V14H2Z',
  polling: 'M8 1L15.5 14.5H.5Z',
  'long-poll': 'M8 .5L15.5 8L8 15.5L.5 8Z',
  'iframe-stream': 'M8 15L.5 1.5H15.5Z',
  'xhr-stream': 'M5.5 1h5v4.5H15v5h-4.5V15h-5v-4.5H1v-5h4.5Z',
  sse: 'M8 .4L10.3 5.5L15.8 6.1L11.7 9.8L12.9 15.2L8 12.4L3.1 15.2L4.3 9.8L.2 6.1L5.7 5.5Z',
  websocket: 'M.5 1.5L8 6.2L15.5 1.5V14.5L8 9.8L.5 14.5Z',
  'fetch-stream': 'M2 1H8L15 8L8 15H2L8.5 8Z',
};

/** Dashes of lines, in pixels: with the marks they tell the lines apart without colour. */
export const DASHES: Readonly<Record<TechniqueId, number[]>> = {
  http10: [],
  'keep-alive': [7, 3],
  polling: [2, 2],
  'long-poll': [10, 3, 2, 3],
  'iframe-stream': [],
  'xhr-stream': [7, 3],
  sse: [2, 2],
  websocket: [],
  'fetch-stream': [10, 3, 2, 3],
};
