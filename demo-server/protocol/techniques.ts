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

/** What a technique's responses are. */
export interface TechniqueTraits {
  /** state: the last events, all of them again; list: those that are new; stream: one response, or socket, for all that come. */
  brings: 'state' | 'list' | 'stream';
  /** The media type of a response with status 200; null where the handshake leaves HTTP. */
  type: string | null;
  /** Whether a script of the receiving end gives a silent stream up. EventSource and WebSocket do not let one see heartbeats. */
  watched: boolean;
}

/** By technique; whatever depends on its kind is derived from here. */
export const TRAITS: Readonly<Record<TechniqueId, TechniqueTraits>> = {
  http10: { brings: 'state', type: 'application/json', watched: false },
  'keep-alive': { brings: 'state', type: 'application/json', watched: false },
  polling: { brings: 'list', type: 'application/json', watched: false },
  'long-poll': { brings: 'list', type: 'application/json', watched: false },
  'iframe-stream': { brings: 'stream', type: 'text/html', watched: true },
  'xhr-stream': { brings: 'stream', type: 'application/x-ndjson', watched: true },
  sse: { brings: 'stream', type: 'text/event-stream', watched: false },
  websocket: { brings: 'stream', type: null, watched: false },
  'fetch-stream': { brings: 'stream', type: 'application/x-ndjson', watched: true },
};
