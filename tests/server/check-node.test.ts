/** A Node that cannot run Pushlab is told so in one sentence, before anything else could fail. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const script = join(import.meta.dirname, '../../demo-server/check-node.mjs');

/** What the check says where `pretend` has changed the process. */
function check(pretend = '', env: NodeJS.ProcessEnv = {}) {
  const { NODE_OPTIONS, ...rest } = process.env;
  const preload = `data:text/javascript,${encodeURIComponent(pretend)}`;
  const { status, stderr } = spawnSync(process.execPath, ['--import', preload, script], {
    env: { ...rest, ...env },
    encoding: 'utf8',
  });
  return { status, stderr };
}
const version = (text: string) => `Object.defineProperty(process, 'versions', { value: { node: '${text}' } })`;

test('this one may', () => expect(check()).toEqual({ status: 0, stderr: '' }));

test.each(['8.17.0', '18.20.8', '20.20.2', '22.17.1', '23.5.0'])('Node %s may not', (text) => {
  expect(check(version(text))).toEqual({
    status: 1,
    stderr: `Pushlab needs Node 22.18 or newer (of 23: 23.6) and this is Node ${text}. Install a current one from https://nodejs.org and run the command again.\n`,
  });
});

test.each(['22.18.0', '23.6.0', '24.0.0', '26.10.0'])('Node %s may', (text) => {
  expect(check(version(text)).status).toBe(0);
});

test('one without TypeScript is told whether it was built so or told so', () => {
  const built = check('globalThis.process = Object.create(process, { features: { value: { typescript: false } } })');
  expect(built.status).toBe(1);
  expect(built.stderr).toMatch(
    /^Pushlab is written in TypeScript.+ This one was built without, as by some Linux distributions\..+\n$/,
  );
  for (const option of ['--no-strip-types', '--no-experimental-strip-types'])
    expect(check('', { NODE_OPTIONS: option }).stderr).toMatch(/Take --no-strip-types out of NODE_OPTIONS and run/);
});
