/** The chat of the lesson on WebSocket in depth. */

/** What the chat of `/chat/<room>` sends, as JSON text frames. `readers` = how many are in the room now. */
export type ChatMessage =
  | { type: 'said'; from: string; text: string; mine: boolean; readers: number }
  | { type: 'came'; name: string; mine: boolean; readers: number }
  | { type: 'went'; name: string; readers: number }
  | { type: 'dropped' };
