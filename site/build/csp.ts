import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { builtFiles } from './files.ts';
import { scriptsOf } from './scripts.ts';

/** `sha256-…` of every inline script in the built pages, each once: what a Content-Security-Policy has to allow. */
export function inlineScriptHashes(dist: string): string[] {
  const hashes = new Set<string>();
  for (const page of builtFiles(dist, 'html')) {
    for (const { src, code } of scriptsOf(readFileSync(page, 'utf8'))) {
      if (src === undefined) hashes.add(`sha256-${createHash('sha256').update(code).digest('base64')}`);
    }
  }
  return [...hashes].sort();
}
