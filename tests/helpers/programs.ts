import { spawnSync } from 'node:child_process';
import { onPath } from '../../demo-server/probes/programs.ts';

export { onPath };

/** A Python that can import all of these modules: the first on PATH, or the system's own, for which Debian has packages. Null if neither can. */
export function pythonWith(modules: string[]): string | null {
  const imports = modules.map((name) => `import ${name}`).join('\n');
  const candidates = [onPath(['python3']) ?? 'python3', '/usr/bin/python3'];
  return candidates.find((python) => spawnSync(python, ['-c', imports]).status === 0) ?? null;
}
