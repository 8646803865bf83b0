import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** All that the built site depends on. The demo server is among it because the API page is made from its routes. */
const INPUTS = [
  'astro.config.mjs',
  'content',
  'demo-server',
  'package-lock.json',
  'package.json',
  'site',
  'tsconfig.json',
] as const;

/** What astro.config.mjs reads besides. */
const ENVIRONMENT = ['PUBLIC_SITE', 'PUBLIC_EDIT_BASE', 'PUBLIC_DEMO_SERVER'] as const;

/**
 * What editors, file managers and sync programs leave beside the files: `.#name` and `#name#` (Emacs), `name~`, `.name.swp`
 * (Vim), `4913` (Vim's test whether a folder can be written), `name.orig` and `name.rej` (patch), `name___jb_tmp___` (JetBrains).
 */
const LEFT_BEHIND =
  /^(?:\.#.*|#.*#|.*~|\..*\.sw[a-px]|4913|.*\.(?:orig|rej|tmp|bak)|.*___jb_(?:tmp|old)___|\.DS_Store|\._.*|\.AppleDouble|Thumbs\.db|desktop\.ini|\.directory|\.nfs[0-9a-f]+|\.fuse_hidden.*|\.~lock\..*#|.*\.sync-conflict-.*)$/i;

/** Whether a name is that of a file which is none of the repository's. */
export const isLeftBehind = (name: string): boolean => LEFT_BEHIND.test(name);

/**
 * The files below a folder, in the order of their names. A link to a file counts as that file; one that leads nowhere (Emacs
 * locks a file by such) or to a folder is passed over.
 */
function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !isLeftBehind(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(entry.parentPath, entry.name);
      if (entry.isDirectory()) return filesUnder(path);
      return isFile(path) ? [path] : [];
    });
}

/** Whether there is a file behind a path; a link that leads nowhere, or in a circle, has none. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The contents of a file; empty if it is gone by now, as an editor's temporary files are. Throws where it may not be read. */
function contents(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

/** One hash over names and contents of all inputs, in hex; the same on every system. `root` is the repository's folder. */
export function hashOfInputs(root: string): string {
  const hash = createHash('sha256');
  for (const name of ENVIRONMENT) hash.update(`${name}=${process.env[name] ?? ''}\0`);
  for (const input of INPUTS) {
    const path = join(root, input);
    for (const file of statSync(path).isDirectory() ? filesUnder(path) : [path])
      hash.update(relative(root, file).replaceAll(sep, '/')).update('\0').update(contents(file)).update('\0');
  }
  return hash.digest('hex');
}
