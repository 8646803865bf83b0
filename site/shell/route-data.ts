/** What the build adds to the head of each page: its social card. */
import { defineRouteMiddleware } from '@astrojs/starlight/route-data';
import { CARD, cardOf } from './cards.ts';

export const onRequest = defineRouteMiddleware(({ locals, site }) => {
  const { id, head } = locals.starlightRoute;
  const path = cardOf(id);
  // Whoever shows the card needs a whole address; which one is known only where PUBLIC_SITE says it.
  const image = site ? new URL(path, site).href : path;
  const properties = { 'og:image': image, 'og:image:width': CARD.width, 'og:image:height': CARD.height };
  for (const [property, content] of Object.entries(properties))
    head.push({ tag: 'meta', attrs: { property, content: String(content) }, content: '' });
});
