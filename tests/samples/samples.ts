/** The samples of /languages/, read from the page itself, and what the tests of each do with them: run, speak to, build. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const page = readFileSync(join(root, 'content/docs/languages.mdx'), 'utf8');

const BLOCK = /^```(\w+) title="([^"]+)" frame="code"\n([\s\S]*?)^```$/gm;
export const samples = new Map([...page.matchAll(BLOCK)].map(([, , title = '', code = '']) => [title, code]));

/** The code of a sample, by the name that stands above it; throws where the page has none of that name. */
export function sample(title: string): string {
  const code = samples.get(title);
  if (code === undefined) throw new Error(`/languages/ has no sample ${title}, has ${[...samples.keys()].join(', ')}`);
  return code;
}

/** An empty folder, removed when the test is over. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'pushlab-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export interface Program {
  /** Resolves with the first line on stdout or stderr that matches; rejects with all lines when the program ends before. */
  line(pattern: RegExp): Promise<string>;
  /** Resolves with the exit code when it has ended by itself. */
  ended: Promise<number | null>;
}

/** Starts a program whose lines the test reads; it is killed when the test is over. `input` is its standard input. */
export function start(
  command: string,
  args: string[],
  { input = '', cwd = root, env = {} }: { input?: string; cwd?: string; env?: Record<string, string> } = {},
): Program {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env } });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const check of [...waiting]) check();
  };
  for (const stream of [child.stdout, child.stderr])
    createInterface(stream).on('line', (line) => {
      lines.push(line);
      wake();
    });
  child.stdin.end(input);
  let over = false;
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      over = true;
      wake();
      resolve(code);
    });
  });
  // The test that waits for nothing of it must not fail for it.
  ended.catch(() => {});
  return {
    ended,
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const line = lines.find((one) => pattern.test(one));
          if (line === undefined && !over) return;
          waiting.delete(check);
          if (line !== undefined) resolve(line);
          else reject(new Error(`${command} ended: ${lines.join('\n')}`));
        };
        waiting.add(check);
        check();
        ended.catch(reject);
      }),
  };
}

/** The port in the line that every server among the samples prints once it listens. */
export async function portOf(program: Program): Promise<number> {
  const line = await program.line(/listening on (TCP address )?\S*\d+$/i);
  return Number(/\d+$/.exec(line)?.[0]);
}
