/**
 * The origin of a demo server elsewhere, from the environment: PUBLIC_DEMO_SERVER=https://demo.example npm run build.
 */

/** The origin that the site is built for, '' for its own. Throws on anything that is no origin. */
export function builtForServer(text: string = process.env.PUBLIC_DEMO_SERVER ?? ''): string {
  if (text === '') return '';
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol) && (url.origin === text || `${url.origin}/` === text)) return url.origin;
  throw new Error(
    `PUBLIC_DEMO_SERVER takes the origin of a demo server, as in https://demo.example, got ${JSON.stringify(text)}`,
  );
}
