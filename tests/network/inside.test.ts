/** Inside WSL, ChromeOS or a container the addresses of the process are not those of the machine, and the teacher is told. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { joinPicture } from '../../demo-server/classroom/addresses.ts';
import type { OpenedClass } from '../../demo-server/classroom/index.ts';
import { invitation } from '../../demo-server/classroom/start.ts';
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

test.each(['wsl', 'crostini', 'container'] as const)(
  '%s without a network: one piece of advice, for that',
  (inside) => {
    const note = insideNote(inside, 4321, false);
    expect(note).toMatch(/^No other device can join yet[.:] /);
    expect(note).toContain('--public-url http://ADDRESS:4321');
  },
);

test.each([
  ['without a network', [], false],
  ['with one', [{ address: '172.17.0.2', network: 'eth0', virtual: false }], true],
])('a class in a container %s gets one piece of advice', async (_how, ipv4, networked) => {
  const networks = { ipv4, ipv6: [], linkLocal: false };
  const opened = {
    room: { state: { name: 'Physics', seats: new Map() }, log: { kind: 'sqlite' } },
    token: 'token',
    join: () => joinPicture({ protocol: 'http', host: '0.0.0.0', port: 4321 }, '12345678', { networks }),
  } as unknown as OpenedClass;
  const note = (has: boolean) => insideNote('container', 4321, has);
  const lines = await invitation(opened, 'http://localhost:4321', undefined, note);
  expect(lines.split(note(networked))).toHaveLength(2);
  expect(lines).not.toContain('Wi-Fi');
  expect(lines.match(/--public-url/g)).toHaveLength(1);
  expect(await invitation(opened, 'http://localhost:4321')).not.toContain('--public-url');
});
