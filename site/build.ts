/**
 * Builds the site into `dist/`: `node site/build.ts` always, with `--if-changed` only when an input differs from those of
 * the last build.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { budgets } from './build/budgets.ts';
import { compress } from './build/compress.ts';
import { inlineScriptHashes } from './build/csp.ts';
import { builtForServer } from './build/demo-server.ts';
import { folderFault } from './build/folder.ts';
import { stylesIntoHead } from './build/head-styles.ts';
import { headersFile } from './build/headers.ts';
import { hashOfInputs, isLeftBehind } from './build/inputs.ts';
import { buildAlone } from './build/lock.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const stamp = join(dist, '.inputs');

const say = (words: string) => process.stdout.write(`${words}\n`);

/** A folder that may not be written, or a disk that is full, is no fault of the site. */
function explain(error: unknown): never {
  const { code, path, message, stack } = error as NodeJS.ErrnoException;
  if (!['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT'].includes(code ?? '')) {
    process.stderr.write(`${stack ?? message}\n`);
    process.exit(1);
  }
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  process.stderr.write(
    `pushlab: the site cannot be built: ${path ?? message} cannot be ${full ? 'written, as the disk is full' : 'read or written'} (${code}). ${full ? 'Make room' : 'Give this user the right to it, or build as the user whose it is'}, then start again.\n`,
  );
  process.exit(1);
}
process.on('uncaughtException', explain);

/** Whether there is nothing to do; not while another process builds, which takes the stamp away first. */
const isUpToDate = (inputs: string): boolean =>
  process.argv.includes('--if-changed') && existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs;

let inputs = hashOfInputs(root);
if (!isUpToDate(inputs)) {
  await buildAlone(root, () => say('Another process builds the site: waiting until it has ended …'));
  // Files may have changed meanwhile.
  inputs = hashOfInputs(root);
}
if (isUpToDate(inputs)) {
  say('The built site is up to date.');
} else {
  const fault = folderFault(root);
  if (fault !== undefined) {
    process.stderr.write(`pushlab: ${fault}\n`);
    process.exit(1);
  }
  say('Building the site …');
  rmSync(stamp, { force: true });
  // Only now: loading Astro takes longer than finding out that there is nothing to build.
  const { build } = await import('astro');
  await build({ root, logLevel: 'warn' });
  // What a file manager left in site/public was copied with the rest.
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true }))
    if (entry.isFile() && isLeftBehind(entry.name)) rmSync(join(entry.parentPath, entry.name));
  stylesIntoHead(dist);

  const pages = budgets(dist);
  const tooHeavy = pages.filter(({ bytes, limit }) => bytes > limit);
  for (const { page, bytes, limit } of tooHeavy) say(`${page} loads ${bytes} bytes of script (gzip); it may ${limit}.`);
  if (tooHeavy.length > 0) process.exit(1);

  const policy = { scriptHashes: inlineScriptHashes(dist), demoServer: builtForServer() };
  writeFileSync(join(dist, '_headers'), headersFile(policy));
  writeFileSync(join(dist, 'csp.json'), JSON.stringify(policy));
  const compressed = await compress(dist);
  // Last, so that a build which stopped half-way is not taken for a finished one.
  writeFileSync(stamp, inputs);
  const heaviest = Math.max(...pages.map(({ bytes }) => bytes));
  say(
    `Built ${pages.length} pages, compressed ${compressed} files. The heaviest page has ${heaviest} bytes of script.`,
  );
}
