/** Two builds at once in one folder: the second waits until the first has ended, however that ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';

const LOCK = join(import.meta.dirname, '../../site/build/lock.ts');
const PROGRAM = `
import { buildAlone } from ${JSON.stringify(LOCK)};
await buildAlone(process.argv[1], () => console.log('waits'));
console.log('builds');
globalThis.gc?.();
process.stdin.resume();
`;

/** A process that takes a folder and keeps it until its input ends; `line()` resolves with the next line that it prints. */
function builder(root: string) {
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', PROGRAM, root], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return { child, closed, line: async () => (await lines.next()).value as string };
}

test.each(['SIGKILL', 'end'] as const)(
  'a second build waits for the first one, and goes on after its %s',
  async (how) => {
    const root = await mkdtemp(join(tmpdir(), 'pushlab-lock-'));
    onTestFinished(() => rm(root, { recursive: true }));
    const first = builder(root);
    expect(await first.line()).toBe('builds');
    const second = builder(root);
    expect(await second.line()).toBe('waits');
    if (how === 'end') first.child.stdin.end();
    else first.child.kill(how);
    await first.closed;
    expect(await second.line()).toBe('builds');
  },
);
