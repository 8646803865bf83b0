/** The server as a process, as `npm start` runs it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const root = join(import.meta.dirname, '../..');

export interface Ended {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

export interface Process {
  child: ChildProcess;
  ended: Promise<Ended>;
  /** Resolves when stdout matches this pattern. */
  said(words: string): Promise<void>;
  /** The address that it says it listens on. Rejects if it ends first. */
  listening(): Promise<URL>;
}

/**
 * Starts the server from the folder `from`. A command `by`, if given, is put before it and sets what the process may do. The
 * process is killed when the test is over.
 */
export function run(options: string[], env: NodeJS.ProcessEnv = {}, from = root, by: string[] = []): Process {
  const { PORT, PUSHLAB_HOST, SECOND_PORT, REDIS_URL, ...rest } = process.env;
  const [program = '', ...words] = [...by, process.execPath, join(from, 'demo-server/main.ts'), ...options];
  const child = spawn(program, words, {
    env: { ...rest, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  const told = Promise.withResolvers<URL>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
    const [, address] = /^Pushlab listens on (\S+)\n/m.exec(said.stdout) ?? [];
    if (address) told.resolve(new URL(address));
    for (const look of [...waiting]) look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => {
      told.reject(new Error(`it ended with ${code ?? signal}: ${said.stderr}`));
      resolve({ code, signal, ...said });
    });
  });
  told.promise.catch(() => {});
  const saying = (words: string) =>
    new Promise<void>((resolve) => {
      const look = (): void => {
        if (!new RegExp(words).test(said.stdout)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return { child, ended, said: saying, listening: () => told.promise };
}
