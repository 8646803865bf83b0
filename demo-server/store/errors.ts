/** Why classes cannot be kept, copied or put back, in a sentence for the terminal. */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';

export class StoreError extends Error {}

/** What SQLite or the file system says of `file`, as: what is wrong, where, what to do. */
export function explain(error: Error, file: string): StoreError {
  if (error instanceof StoreError) return error;
  const message = error.message.replace(/\s+/g, ' ');
  const elsewhere = 'choose another folder with --data-dir';
  if (/locked/.test(message))
    return new StoreError(`the classes in ${file} are open in another server: stop that one, or ${elsewhere}.`);
  if (/malformed|not a database|quick_check|integrity_check|JSON/.test(message))
    return new StoreError(
      `the file ${file} is damaged (${message}): put a copy back with npm run restore -- --data-dir ${dirname(file)} --from FILE, or move it away with the files beside it that begin with its name, or ${elsewhere}.`,
    );
  if (/full|disk I\/O|ENOSPC/.test(message))
    return new StoreError(
      `the classes cannot be written to ${file} (${message}): make room on the disk, or ${elsewhere}.`,
    );
  if (/readonly|EACCES|EROFS|EPERM|unable to open/.test(message))
    return new StoreError(
      `the classes cannot be kept in ${file} (${message}): give this user the right to write there${ownerOf(file)}, or ${elsewhere}.`,
    );
  return new StoreError(`the classes cannot be kept in ${file} (${message}): ${elsewhere}.`);
}

/** Whose it is, where it is not this user's: as after a first start with sudo. */
function ownerOf(file: string): string {
  for (const path of [file, dirname(file)]) {
    const uid = ownerId(path);
    const own = process.getuid?.();
    if (uid === undefined || own === undefined || own === 0 || uid === own) continue;
    const whose = uid === 0 ? 'root, as after a start with sudo' : `user ${uid}`;
    return ` (${path} belongs to ${whose}; sudo chown -R ${own} ${dirname(file)} gives it to this user)`;
  }
  return '';
}
function ownerId(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch {
    return undefined;
  }
}
