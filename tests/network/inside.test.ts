/** Inside WSL, ChromeOS or a container the addresses of the process are not those of the machine, and the teacher is told. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { insideNote, insideOf } from '../../demo-server/network/inside.ts';

async function fileSystem(files: Record<string, string>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'pushlab-inside-'));
  onTestFinished(() => rm(root, { recursive: true }));
  for (const folder of ['proc', 'run', 'dev']) await mkdir(join(root, folder));
  for (const [path, text] of Object.entries(files)) await writeFile(join(root, path), text);
  return `${root}/`;
}
const DEBIAN = 'Linux version 6.1.0-13-amd64 (debian-kernel@lists.debian.org)';
const WSL = 'Linux version 5.15.167.4-microsoft-standard-WSL2 (root@f9c826d3017f)';

test.each<[Record<string, string>, string | undefined]>([
  [{ 'proc/version': DEBIAN }, undefined],
  [{}, undefined],
  [{ 'proc/version': WSL }, 'wsl'],
  [{ 'proc/version': WSL, '.dockerenv': '' }, 'container'],
  [{ 'proc/version': DEBIAN, '.dockerenv': '' }, 'container'],
  [{ 'proc/version': DEBIAN, 'run/.containerenv': '' }, 'container'],
  [{ 'proc/version': DEBIAN, 'dev/.cros_milestone': '120' }, 'crostini'],
])('%j is %s', async (files, inside) => {
  expect(insideOf(await fileSystem(files))).toBe(inside);
});

test.each(['wsl', 'crostini', 'container'] as const)('%s: one sentence that names the option', (inside) => {
  expect(insideNote(inside, 4321)).toContain('--public-url http://ADDRESS:4321');
  expect(insideNote(inside, 4321)).not.toContain('\n');
});

test.each(['wsl', 'crostini', 'container'] as const)('%s without a network: one piece of advice, for that', (inside) => {
  const note = insideNote(inside, 4321, false);
  expect(note).toMatch(/^No other device can join yet[.:] /);
  expect(note).toContain('--public-url http://ADDRESS:4321');
});
