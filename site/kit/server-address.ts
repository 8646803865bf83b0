/**
 * Where the demo server is: at the site's own origin, or where the build was told by PUBLIC_DEMO_SERVER (astro.config.mjs).
 */

/** Origin of the demo server, '' for the page's own. */
export function demoServer(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="demo-server"]')?.content ?? '';
}
