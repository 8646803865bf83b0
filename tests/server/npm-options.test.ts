/** `npm start --classroom`, as people type it: npm keeps the option, and the command says so. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** The package's scripts in an empty folder, without the build before them. */
async function scripts(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pushlab-npm-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const all = Object.entries<string>(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')).scripts);
  const last = all.map(([name, line]) => [
    name,
    line.split(' && ').at(-1)?.replace('demo-server', `${root}/demo-server`),
  ]);
  await writeFile(join(folder, 'package.json'), JSON.stringify({ scripts: Object.fromEntries(last) }));
  return folder;
}
async function npm(cwd: string, ...args: string[]): Promise<string> {
  const child = spawn('npm', args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  onTestFinished(() => void child.kill('SIGTERM'));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await new Promise((resolve) => child.on('close', resolve));
  return said;
}

test('each command of npm names the options that npm kept', async () => {
  const cwd = await scripts();
  expect(await npm(cwd, 'start', '--classroom', '--classroom-name', 'Physics 8b')).toContain(
    'write npm start -- --classroom --classroom-name,',
  );
  expect(await npm(cwd, 'run', 'backup', '--data-dir', 'data', '--to', 'copy')).toContain(
    'write npm run backup -- --data-dir',
  );
  expect(await npm(cwd, 'run', 'restore', '--from', 'copy')).toContain('write npm run restore -- --from,');
  expect(await npm(cwd, 'run', 'classroom:rehearse', '--students=5')).toContain(
    'npm run classroom:rehearse -- --students,',
  );
  expect(await npm(cwd, 'run', 'compare', '--techniques', 'sse')).toContain('npm run compare -- --techniques,');
});
