import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Full paths of all files below `dist` whose name ends in one of the extensions. */
export function builtFiles(dist: string, ...extensions: string[]): string[] {
  return readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && extensions.some((extension) => entry.name.endsWith(`.${extension}`)))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
