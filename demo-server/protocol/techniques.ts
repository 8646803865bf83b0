/** What is compared: the techniques and their order. */

/** The eight rungs of the ladder, in order: what a run compares by default. */
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

/** Every technique: the ladder, then those beyond it. An id is a file name, route segment, URL slug, test name and colour token. */
export const TECHNIQUES = [...LADDER, 'fetch-stream'] as const;
export type TechniqueId = (typeof TECHNIQUES)[number];
