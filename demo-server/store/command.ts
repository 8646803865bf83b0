/** How the commands for kept classes read their options, and how they end. */
import { parseArgs } from 'node:util';
import { keptByNpm } from '../npm-options.ts';
import { StoreError } from './errors.ts';

/**
 * Runs `act` with --data-dir and the one file that the command takes by the option `file`, and prints what it resolves
 * with. Ends the process with 0, or with 1 and one line on stderr.
 */
export async function command(
  help: string,
  file: 'to' | 'from',
  act: (dir: string, file: string) => Promise<string>,
): Promise<void> {
  try {
    const options = {
      'data-dir': { type: 'string', default: 'data' },
      [file]: { type: 'string' },
      help: { type: 'boolean', default: false },
    } as const;
    const name = file === 'to' ? 'backup' : 'restore';
    const kept = keptByNpm(`npm run ${name}`, Object.keys(options), process.env);
    if (kept !== undefined) throw new StoreError(kept);
    const { values } = parseArgs({ options });
    if (values.help) {
      process.stdout.write(help);
      return;
    }
    const [dir, path] = [String(values['data-dir']), values[file]];
    if (typeof path !== 'string' || path === '') throw new StoreError(`--${file} takes a file. See --help.`);
    if (dir === ':memory:') throw new StoreError('what is kept in memory is in no folder: give --data-dir a folder.');
    if (process.env.REDIS_URL)
      throw new StoreError(
        'REDIS_URL is set, so the classes are in Redis and not in a folder: copy what Redis keeps (its dump.rdb or appendonlydir), or leave REDIS_URL out for the classes in a folder.',
      );
    process.stdout.write(`${await act(dir, path)}\n`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!(error instanceof StoreError) && !code?.startsWith('ERR_PARSE_ARGS')) throw error;
    const [line = ''] = (error as Error).message.split('\n');
    const hint = error instanceof StoreError ? '' : ' See --help.';
    process.stderr.write(`pushlab: ${line.replace(/\.?$/, '.')}${hint}\n`);
    process.exitCode = 1;
  }
}
