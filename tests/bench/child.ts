/** The bench's processes: server and load run apart, so that neither waits for the other's event loop. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Child {
  /** Sends one message and resolves with its answer. One question at a time. */
  ask<T>(question: object): Promise<T>;
  /** Resolves when the process is gone. */
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();

/** Starts a file of this folder as a process of its own, with gc() at hand. It ends with stop(), or with this process. */
export function startChild(file: string, ...args: string[]): Child {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    execArgv: ['--expose-gc'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  running.add(child);
  const gone = once(child, 'exit').then(([code, signal]) => {
    running.delete(child);
    throw new Error(`${file} ${args.join(' ')} ended by itself (${signal ?? `exit ${code}`})`);
  });
  gone.catch(() => {});
  return {
    async ask<T>(question: object): Promise<T> {
      const answer = once(child, 'message');
      child.send(question);
      const [{ value, error }] = await Promise.race([answer, gone]);
      if (error) throw new Error(`${file} ${args.join(' ')}: ${error}`);
      return value;
    },
    async stop() {
      child.kill('SIGKILL');
      await gone.catch(() => {});
    },
  };
}

/** Ends every process that was started here and still runs. */
export function stopChildren(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** In such a process: answers each message `{do: name, …}` with what the action of that name returns. */
export function answerWith(actions: Record<string, (question: never) => unknown>): void {
  process.on('message', async (question: { do: string }) => {
    try {
      const value = await actions[question.do]?.(question as never);
      process.send?.({ value });
    } catch (error) {
      process.send?.({ error: (error as Error).message });
    }
  });
  process.on('disconnect', () => process.exit(0));
}
