import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** All that the built site depends on. The demo server is among it because the API page is made from its routes. */
const INPUTS = [
  'site',
  'content',
  'demo-server',
  'astro.config.mjs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
] as const;

/** What astro.config.mjs reads besides. */
const ENVIRONMENT = ['PUBLIC_SITE', 'PUBLIC_EDIT_BASE', 'PUBLIC_DEMO_SERVER'] as const;

function filesUnder(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesUnder(join(path, name)));
}

/** One hash over names and contents of all inputs, in hex. `root` is the repository's folder. */
export function hashOfInputs(root: string): string {
  const hash = createHash('sha256');
  for (const name of ENVIRONMENT) hash.update(`${name}=${process.env[name] ?? ''}\0`);
  for (const input of INPUTS) {
    for (const file of filesUnder(join(root, input))) {
      hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0');
    }
  }
  return hash.digest('hex');
}
