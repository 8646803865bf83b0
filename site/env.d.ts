/** The demo server's OpenAPI document, taken from the app itself while the site is built (see astro.config.mjs). */
declare module 'virtual:openapi' {
  const document: import('./api/openapi.ts').OpenApiDocument;
  export default document;
}
