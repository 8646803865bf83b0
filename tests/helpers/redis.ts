/** Debian's Redis as a child process with its own port and folder, never the system's service. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePort } from '../../demo-server/probes/nginx.ts';
import { onPath } from './programs.ts';

export interface TestRedis {
  url: string;
  /** Kills it, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty. */
  start(): Promise<void>;
  /** Makes it unable to write its dump, as on a full disk. */
  blockDump(): Promise<void>;
}

/** Starts a Redis for one test, with `settings` if given. Nothing is written to disk unless they say so. */
export async function startRedis(...settings: string[]): Promise<TestRedis> {
  const program = onPath(['redis-server']);
  if (!program) throw new Error('no redis-server on PATH; node tests/setup.ts installs it');
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'pushlab-redis-'));
  let child: ChildProcess | undefined;
  let ended = Promise.resolve();

  async function start(): Promise<void> {
    const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, ...settings];
    const redis = spawn(program as string, options, { stdio: ['ignore', 'pipe', 'inherit'] });
    child = redis;
    ended = new Promise((resolve) => redis.once('close', () => resolve()));
    await new Promise<void>((resolve, reject) => {
      redis.stdout.setEncoding('utf8').on('data', (text: string) => {
        if (text.includes('Ready to accept connections')) resolve();
      });
      void ended.then(() => reject(new Error('redis-server ended before it was ready')));
    });
  }
  async function kill(): Promise<void> {
    child?.kill('SIGKILL');
    await ended;
  }
  onTestFinished(async () => {
    await kill();
    await rm(folder, { recursive: true, force: true });
  });
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    start,
    blockDump: async () => void (await mkdir(join(folder, 'dump.rdb', 'in-the-way'), { recursive: true })),
  };
}
