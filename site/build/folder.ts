/** What stands against building in a folder: its name, or what a system has left in it. */
import { readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { isLeftBehind } from './inputs.ts';

/** Vite reads a file's path as an address, where these begin other parts. */
const IN_THE_WAY = ['#', '?'];

/** What stands against building in `folder`, as one sentence; undefined where nothing does. */
export function folderFault(folder: string): string | undefined {
  const path = realFolder(folder);
  const sign = IN_THE_WAY.find((one) => path.includes(one));
  if (sign === undefined) return leftInTheWay(path);
  return `the site cannot be built in ${JSON.stringify(path)}: the build takes paths without ${IN_THE_WAY.join(' and ')}. Rename the folder or move Pushlab to another; what is built already can be served from anywhere.`;
}

function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}

/** Starlight reads every .json of this folder, those that macOS leaves on a USB stick (`._en.json`) as well. */
function leftInTheWay(folder: string): string | undefined {
  const texts = join(folder, 'content/i18n');
  const left = namesIn(texts).find((name) => name.endsWith('.json') && isLeftBehind(name));
  if (left === undefined) return undefined;
  return `the site cannot be built while ${JSON.stringify(join(texts, left))} is there, which is none of Pushlab's files: remove it, then start again.`;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
