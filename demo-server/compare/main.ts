/** The process of `npm run compare`: options, the server it starts, signals, what is printed, how it ends. */
import { type ChildProcess, fork } from 'node:child_process';
import { access, constants, readFile, stat, writeFile } from 'node:fs/promises';
import { arch, cpus, release, type } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Recording } from '../measure/recording.ts';
import { documentOf } from '../measure/run-document.ts';
import { loopbackWithoutProxy } from '../network/no-proxy.ts';
import { help, type Options, readOptions, UsageError } from './options.ts';
import { drawProgress } from './progress.ts';
import { ComparisonError, runComparison } from './run.ts';
import { report } from './table.ts';

const FAILURE = 1;
const USAGE = 2;
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** Writes all of it before it resolves: the process ends behind it. A reader that has had enough is no error. */
function print(text: string): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.on('error', () => resolve());
    process.stdout.write(text, () => resolve());
  });
}

function complain(message: string): void {
  process.stderr.write(`compare: ${message}\n`);
}

async function main(): Promise<number> {
  let options: Options | 'help';
  try {
    options = readOptions(process.argv.slice(2), process.env);
    if (options !== 'help' && options.output !== undefined) await checkOutput(options.output);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    complain(error.message);
    return USAGE;
  }
  if (options === 'help') {
    await print(help());
    return 0;
  }
  const { settings, json, output, quiet } = options;
  const stop = new AbortController();
  let interrupted = 0;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupted > 0) process.exit(SIGNALS[signal]);
      interrupted = SIGNALS[signal];
      stop.abort();
    });
  }

  const own = options.server === undefined ? await startServer() : undefined;
  const server = options.server ?? `http://127.0.0.1:${own?.port}`;
  const progress = quiet ? { tell() {}, clear() {} } : drawProgress(process.stderr);
  let told: Recording | undefined;
  let failure: string | undefined;
  try {
    await runComparison({
      server,
      settings,
      stop: stop.signal,
      tell(phase, recording) {
        told = recording;
        progress.tell(phase, recording);
        if (phase !== 'running' || quiet || process.stderr.isTTY) return;
        process.stderr.write(`compare: run ${recording.info?.id} of ${settings.durationSeconds} s at ${server}\n`);
      },
    });
  } catch (error) {
    if (!(error instanceof ComparisonError)) throw error;
    failure = error.message;
  } finally {
    progress.clear();
    own?.child.disconnect();
  }

  if (failure !== undefined) complain(failure);
  if (told?.info) {
    const text = `${JSON.stringify(documentOf(told, await made(server)))}\n`;
    await print(json ? text : report(told, server));
    if (output !== undefined) {
      await writeFile(output, text).catch((error: Error) => {
        failure ??= `--output: could not write ${JSON.stringify(output)}: ${error.message}.`;
        complain(failure);
      });
    }
  }
  if (interrupted > 0) return interrupted;
  const gaveUp = [...(told?.lanes.values() ?? [])].some(({ failed }) => failed !== null);
  return failure !== undefined || gaveUp ? FAILURE : 0;
}

/** Whether the file can be made is asked before the run, not behind it. */
async function checkOutput(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory())
    throw new UsageError(`--output: got the folder ${JSON.stringify(path)}, takes a file in it.`);
  const exists = found !== null;
  await access(exists ? path : dirname(path), constants.W_OK).catch((error: Error) => {
    throw new UsageError(`--output: cannot write ${JSON.stringify(path)}: ${error.message}.`);
  });
}

async function startServer(): Promise<{ child: ChildProcess; port: number }> {
  const path = fileURLToPath(new URL('./serve.ts', import.meta.url));
  const child = fork(path, { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve(Number(message)));
    child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it listened`)));
  });
  return { child, port };
}

async function made(server: string) {
  const file = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(file) as { version: string };
  return {
    at: new Date().toISOString(),
    client: 'node' as const,
    agent: `Node.js ${process.versions.node}`,
    system: `${type()} ${release()} ${arch()}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    server,
    pushlab: version,
  };
}

loopbackWithoutProxy();
// Sockets that a fetch keeps for the next one would keep the process, too.
process.exit(await main());
