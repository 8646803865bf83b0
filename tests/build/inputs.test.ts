/** What the build looks at: the files that belong to it, on any system, beside whatever editors and file managers leave. */
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { folderFault } from '../../site/build/folder.ts';
import { hashOfInputs, isLeftBehind } from '../../site/build/inputs.ts';
import { bodyOf, unixLines } from '../../site/components/prose/source-files.ts';

async function inputs(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'pushlab-inputs-'));
  onTestFinished(() => rm(root, { recursive: true }));
  for (const folder of ['site', 'content/docs', 'demo-server']) await mkdir(join(root, folder), { recursive: true });
  for (const file of [
    'astro.config.mjs',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'content/docs/start.mdx',
  ])
    await writeFile(join(root, file), file);
  return root;
}

test('a change, a new file and a new name are seen', async () => {
  const root = await inputs();
  const seen = new Set([hashOfInputs(root)]);
  await writeFile(join(root, 'content/docs/start.mdx'), 'other');
  seen.add(hashOfInputs(root));
  await writeFile(join(root, 'content/docs/new.mdx'), '');
  seen.add(hashOfInputs(root));
  await rename(join(root, 'content/docs/new.mdx'), join(root, 'content/docs/newer.mdx'));
  seen.add(hashOfInputs(root));
  await symlink(join(root, 'package.json'), join(root, 'site/linked.json'));
  seen.add(hashOfInputs(root));
  expect(seen.size).toBe(5);
});

test('what is left behind is not, nor a link that leads nowhere, in a circle or to a folder', async () => {
  const root = await inputs();
  const before = hashOfInputs(root);
  await symlink('user@host.1:1', join(root, 'content/docs/.#start.mdx'));
  await symlink('nowhere', join(root, 'site/gone.ts'));
  await symlink('round', join(root, 'site/round'));
  await symlink('..', join(root, 'site/up'));
  const left = [
    '.DS_Store',
    '._start.mdx',
    'start.mdx~',
    '#start.mdx#',
    '.start.mdx.swp',
    '.start.mdx.swo',
    '4913',
    'Thumbs.db',
  ];
  const more = [
    'desktop.ini',
    '.directory',
    'start.mdx.orig',
    'start.mdx___jb_tmp___',
    '.~lock.start.mdx#',
    '.nfs000000000001',
  ];
  for (const name of [...left, ...more, 'start.sync-conflict-20261128-101010-ABCDEFG.mdx'])
    await writeFile(join(root, 'content/docs', name), 'x');
  expect(hashOfInputs(root)).toBe(before);
});

test('no file of this repository counts as left behind', async () => {
  const { execFileSync } = await import('node:child_process');
  const files = execFileSync('git', ['ls-files'], { cwd: join(import.meta.dirname, '../..'), encoding: 'utf8' });
  const names = files
    .trim()
    .split('\n')
    .map((path) => path.slice(path.lastIndexOf('/') + 1));
  expect(names.filter(isLeftBehind)).toEqual([]);
});

test.each(['/home/a/class #1/pushlab', '/srv/what?/pushlab'])(
  '%s is no folder to build in, and one sentence says so',
  (folder) => {
    expect(folderFault(folder)).toMatch(
      /^the site cannot be built in ".+": the build takes paths without # and \?\. Rename/,
    );
    expect(folderFault(folder)).not.toContain('\n');
  },
);

test.each(['/home/ä ö/100%/pushlab', 'C:\\Users\\Zoë\\my class (1)', '/srv/100%25 [x]/b%41c'])(
  '%s is one',
  (folder) => {
    expect(folderFault(folder)).toBeUndefined();
  },
);

test('sources that Git checked out with CRLF are shown as the others', () => {
  const code = "/** A. */\nimport a from 'a';\nimport {\n  b,\n} from 'b';\n\nconst c = 1;\n";
  expect(bodyOf(unixLines(code.replaceAll('\n', '\r\n')))).toBe(bodyOf(code));
});

test('a file that macOS left among the texts of the interface is named, as Starlight would read it', async () => {
  const root = await inputs();
  await mkdir(join(root, 'content/i18n'));
  await writeFile(join(root, 'content/i18n/en.json'), '{}');
  await writeFile(join(root, 'content/i18n/.DS_Store'), 'x');
  expect(folderFault(root)).toBeUndefined();
  await writeFile(join(root, 'content/i18n/._en.json'), 'x');
  expect(folderFault(root)).toMatch(
    /^the site cannot be built while ".+\/content\/i18n\/\._en\.json" is there, .+ remove it/,
  );
});
