/** What is compared: the techniques and their order. */

/** The eight rungs in order: what a run compares unless told otherwise. */
export const LADDER = [
  'http10',
  'keep-alive',
  'polling',
  'long-poll',
  'iframe-stream',
  'xhr-stream',
  'sse',
  'websocket',
] as const;
export type RungId = (typeof LADDER)[number];

/** Every technique: the ladder, then what lies beyond it. The id is file name, route segment, URL slug, test name and colour token. */
export const TECHNIQUES = [...LADDER, 'fetch-stream'] as const;
export type TechniqueId = (typeof TECHNIQUES)[number];
