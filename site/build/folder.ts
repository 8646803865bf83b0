/** Where Vite cannot build: it reads a file's path as an address, in which these signs have a meaning of their own. */
import { realpathSync } from 'node:fs';

/** `#` and `?` end a path; a NUL marks Vite's virtual modules; a `%` is read as the beginning of a coded sign where two hex digits follow. */
const IN_THE_WAY = ['#', '?', '\0'];

/** What stands against building in `folder`, as one sentence; undefined where nothing does. */
export function folderFault(folder: string): string | undefined {
  const path = realFolder(folder);
  const sign = IN_THE_WAY.find((one) => path.includes(one));
  if (sign === undefined) return undefined;
  return `the site cannot be built in ${JSON.stringify(path)}: the build takes paths without ${IN_THE_WAY.slice(0, 2).join(' and ')}. Rename the folder or move Pushlab to another; what is built already can be served from anywhere.`;
}

function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}
