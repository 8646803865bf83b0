/** The picture that stands for a page where a link to it is shared; made by `node tests/tools/cards.ts`. */
import { TECHNIQUES } from '../../demo-server/protocol.ts';

/** Size of every card, in CSS pixels: what the networks ask for. */
export const CARD = { width: 1200, height: 630 } as const;

/** The card of a page, as a path from the root; `id` as in `starlightRoute.id`, with or without a language before it. */
export function cardOf(id: string): `/cards/${string}.png` {
  const technique = TECHNIQUES.find((known) => id.endsWith(`lessons/${known}`));
  return `/cards/${technique ?? 'pushlab'}.png`;
}
