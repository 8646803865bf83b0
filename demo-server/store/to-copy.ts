/** A copy of all classes of a folder, also while a server writes to them. */
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { copyClasses, inWords } from './copy.ts';
import { explain, StoreError } from './errors.ts';
import { FILE } from './folder.ts';

/** Copies the classes of folder `dir` to the file `to`. Resolves with a sentence on what was copied; rejects with a StoreError. */
export async function backup(dir: string, to: string): Promise<string> {
  const from = join(dir, FILE);
  if (!existsSync(from))
    throw new StoreError(`there is no ${from}: --data-dir takes the folder that the server was started with.`);
  if (existsSync(to)) throw new StoreError(`${to} is there already: choose another name, as with the date in it.`);
  if (!existsSync(dirname(to))) throw new StoreError(`there is no folder ${dirname(to)}: make it first.`);
  try {
    const contents = await copyClasses(from, to);
    return `Copied to ${to} (${statSync(to).size} bytes): ${inWords(contents)}.`;
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof StoreError) throw error;
    if (/locked/.test(message))
      throw new StoreError(
        `the classes in ${from} are open in a server of an older version, which lets nobody read them meanwhile: stop it, then copy.`,
      );
    if (/malformed|not a database|integrity_check/.test(message)) throw explain(error as Error, from);
    throw new StoreError(`no copy was made, as ${to} cannot be written or ${from} cannot be read: ${message}.`);
  }
}
