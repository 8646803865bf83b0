/**
 * What `npm test` runs once the site is built: the tests, and beside them the types of all pages, as the tests wait for much of
 * their time. `npm test -- <what>` hands on what it is given to vitest, and looks at no types.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

const options = process.argv.slice(2);

/** Starts a program of node_modules/.bin, which npm has put on PATH. */
const start = (program: string, args: string[], stdio: 'inherit' | 'pipe') =>
  spawn(program, args, { stdio: ['inherit', stdio, stdio], shell: process.platform === 'win32' });

/** Looks at the types of all files, .astro and .mdx too; says what it found when it has ended, and resolves with whether that is nothing. */
async function types(): Promise<boolean> {
  const child = start('astro', ['check', '--minimumFailingSeverity', 'warning'], 'pipe');
  const closed = once(child, 'close');
  const [said, wrong, [code]] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
    closed,
  ]);
  process.stdout.write(said + wrong);
  return code === 0;
}

async function tests(): Promise<boolean> {
  const [code] = await once(start('vitest', ['run', ...options], 'inherit'), 'close');
  return code === 0;
}

const [typed, passed] = await Promise.all([options.length > 0 || types(), tests()]);
if (!typed) process.stderr.write('pushlab: the types are wrong: see what astro check says above.\n');
process.exitCode = typed && passed ? 0 : 1;
