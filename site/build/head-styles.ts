import { readFileSync, writeFileSync } from 'node:fs';
import { builtFiles } from './files.ts';

const SHEET = /<link rel="stylesheet"[^>]*>/g;

/**
 * Moves the style sheets that a page asks for in its body to the end of its head, each once. Expressive Code links its own in
 * front of a page's first code block, and there it makes a browser style again all that it has laid out until then.
 */
export function stylesIntoHead(dist: string): void {
  for (const file of builtFiles(dist, 'html')) {
    const html = readFileSync(file, 'utf8');
    const moved = withStylesInHead(html);
    if (moved !== html) writeFileSync(file, moved);
  }
}

/** The same for one page's text. */
function withStylesInHead(html: string): string {
  const end = html.indexOf('</head>');
  if (end === -1) return html;
  const [head, body] = [html.slice(0, end), html.slice(end)];
  const sheets = new Set(body.match(SHEET) ?? []);
  const missing = [...sheets].filter((sheet) => !head.includes(sheet));
  return head + missing.join('') + body.replace(SHEET, '');
}
