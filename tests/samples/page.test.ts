/** The samples of /languages/ that nothing here can run are read as far as a program for it is here; and none is forgotten. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { expect, test } from 'vitest';
import { onPath } from '../helpers/programs.ts';
import { folder, page, root, sample, samples } from './samples.ts';

test('chat.cpp compiles against our declarations of uWebSockets, which Debian does not have', () => {
  const compiler = onPath(['g++', 'clang++']);
  if (!compiler) throw new Error('no g++ on PATH; node tests/setup.ts installs it');
  const file = join(folder(), 'chat.cpp');
  writeFileSync(file, sample('chat.cpp'));
  execFileSync(compiler, ['-std=c++20', '-fsyntax-only', '-I', join(root, 'tests/samples/uws'), file]);
});

test('nginx.conf is read by nginx -t', () => {
  const nginx = onPath(['nginx', '/usr/sbin/nginx']);
  if (!nginx) throw new Error('no nginx on PATH; node tests/setup.ts installs it');
  const path = folder();
  const file = join(path, 'nginx.conf');
  writeFileSync(file, `pid ${path}/pid;\nerror_log ${path}/error.log;\n${sample('nginx.conf')}`);
  execFileSync(nginx, ['-t', '-q', '-p', path, '-c', file]);
});

test.each(['In the page (Scaledrone)', 'On your server (Scaledrone)'])('%s is parsed', (title) => {
  expect(() => new Script(sample(title))).not.toThrow();
});

test('every sample has its test, and the page names each with how it is checked', () => {
  expect([...samples.keys()].sort()).toEqual(
    [
      ...['chat.mjs', 'both.mjs', 'read-websocket.mjs', 'read-sse.mjs'],
      ...['news.py', 'consumers.py', 'asgi.py', 'chat.cpp', 'server.go', 'client.go', 'nginx.conf'],
      ...['In the page (Scaledrone)', 'On your server (Scaledrone)'],
    ].sort(),
  );
  const table = page.slice(page.indexOf('## How these samples are checked'));
  for (const title of samples.keys()) if (!title.includes(' ')) expect(table).toContain(`\`${title}\``);
});
