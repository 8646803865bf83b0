/** Two servers of one class, one of them a process of its own that can be killed; and a device that behaves as a page does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { redisLog } from '../../demo-server/classroom/log/redis-log.ts';
import type { DeviceResult } from '../../demo-server/classroom/protocol.ts';
import type { ClassDevice } from '../helpers/classroom.ts';
import type { TestRedis } from '../helpers/redis.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const CLASS_NAME = 'Two servers';

export interface ClassServer extends TestServer {
  code: string;
  token: string;
  /** The class's id, which is also that of its feed's run. */
  id: string;
}

/** A server in this process that carries the class. */
export async function classOn({ url }: TestRedis): Promise<ClassServer> {
  const server = await startServer({ redisUrl: url, classroom: { name: CLASS_NAME, log: await redisLog(url) } });
  const { token, room } = server.classroom as NonNullable<TestServer['classroom']>;
  return { ...server, code: room.state.code, token, id: room.id };
}

export interface ServerProcess {
  url: string;
  port: number;
  child: ChildProcess;
  /** Resolves when it is gone. */
  ended: Promise<unknown>;
}

/** A server of the class as a process of its own. */
export const classProcessOn = (redis: TestRedis): Promise<ServerProcess> =>
  serverProcessOn(redis, ['--classroom-name', CLASS_NAME, '--data-dir', ':memory:'], /private link is in/);

/** A server as a process of its own, ready when it has said `ready` and that Redis is there. */
export async function serverProcessOn(
  redis: TestRedis,
  more: string[] = [],
  ready = /listens on http/,
): Promise<ServerProcess> {
  const main = join(import.meta.dirname, '../../demo-server/main.ts');
  const options = ['--no-site', '--port', '0', '--second-port', 'none', '--host', '127.0.0.1'];
  const child = spawn(process.execPath, [main, ...options, ...more], {
    env: { ...process.env, REDIS_URL: redis.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let [said, told] = ['', ''];
  await new Promise<void>((resolve, reject) => {
    const look = (): void => {
      if (ready.test(said) && /Redis is there/.test(told)) resolve();
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      look();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      told += text;
      look();
    });
    void ended.then(() => reject(new Error(`the server ended: ${told}`)));
  });
  const [url = '', port] = /http:\/\/127\.0\.0\.1:(\d+)/.exec(said) ?? [];
  return { url, port: Number(port), child, ended };
}

/** Makes the device's own run for the class run that is called, on the server at `url`, and says that it is ready. */
export async function getReady(url: string, device: ClassDevice): Promise<{ classRun: string; run: string }> {
  const called = await device.until(() => device.class()?.run);
  const made = await fetch(`${url}/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify(called.settings),
  });
  const { id } = (await made.json()) as { id: string };
  device.send({ type: 'ready', classRun: called.id, run: id });
  return { classRun: called.id, run: id };
}

/** What a device measured that received so many events. */
export const measured = (received: number): DeviceResult => ({
  lanes: { sse: { received, lost: 0, p50: 1, p95: 2, max: 3, bins: new Array(66).fill(0) } },
  conditions: { isolated: true, resolutionMs: 0.005, uncertaintyMs: 0.2, hidden: false },
  startedAt: null,
});
