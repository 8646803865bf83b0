/** The samples of /languages/: what can run here runs, the rest is read as far as a program for it is here. Names say how far. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import treeSitter from '@vscode/tree-sitter-wasm';
import { expect, onTestFinished, test } from 'vitest';
import { upgrade } from '../helpers/frames.ts';
import { onPath } from '../helpers/programs.ts';
import { rawConnection } from '../helpers/raw.ts';
import { startServer } from '../helpers/server.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'content/docs/languages.mdx'), 'utf8');
const BLOCK = /^```(\w+) title="([^"]+)" frame="code"\n([\s\S]*?)^```$/gm;
const samples = new Map(
  [...page.matchAll(BLOCK)].map(([, language, title = '', code = '']) => [title, { language, code }]),
);

function sample(title: string): string {
  const found = samples.get(title);
  if (!found) throw new Error(`/languages/ has no sample ${title}, has ${[...samples.keys()].join(', ')}`);
  return found.code;
}

/** Runs a Node sample as a module, where it finds the packages; resolves lines that it prints. */
function run(title: string, args: string[] = []): { line(fits: (line: string) => boolean): Promise<string> } {
  const child = spawn(process.execPath, ['--input-type=module', '-', ...args], {
    cwd: root,
    env: { ...process.env, PORT: '0' },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdin.end(sample(title));
  const errors: string[] = [];
  createInterface(child.stderr).on('line', (line) => errors.push(line));
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const check of [...waiting]) check();
  };
  createInterface(child.stdout).on('line', (line) => {
    lines.push(line);
    wake();
  });
  let over = false;
  child.once('close', () => {
    over = true;
    wake();
  });
  return {
    line: (fits) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const line = lines.find(fits);
          if (line === undefined && !over) return;
          waiting.delete(check);
          if (line !== undefined) resolve(line);
          else reject(new Error(`${title} ended: ${[...lines, ...errors].join('\n')}`));
        };
        waiting.add(check);
        check();
      }),
  };
}

async function serve(title: string): Promise<number> {
  const said = await run(title).line((line) => line.startsWith('listening on '));
  return Number(said.slice('listening on '.length));
}

/** Opens a WebSocket, says a word, and resolves with the first message. */
function converse(port: number, path: string, word: string): Promise<string> {
  const socket = new WebSocket(`ws://localhost:${port}${path}`);
  onTestFinished(() => socket.close());
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => socket.send(word));
    socket.addEventListener('message', ({ data }) => resolve(data as string));
    socket.addEventListener('error', () => reject(new Error(`no WebSocket at ${port}${path}`)));
  });
}

/** The status line that a handshake with this Origin gets. */
async function handshake(port: number, path: string, origin: string): Promise<string> {
  const connection = rawConnection(port, upgrade(path, { Host: `localhost:${port}`, Origin: origin }));
  const answer = await connection.until((bytes) => bytes.includes('\r\n\r\n'));
  connection.destroy();
  return answer.toString('latin1').split('\r\n')[0] ?? '';
}

/** Brackets outside of strings and comments open and close in order. */
function balanced(code: string, comment: RegExp): boolean {
  const bare = code.replace(/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`/g, '').replace(comment, '');
  const open: string[] = [];
  const pairs: Record<string, string> = { ')': '(', ']': '[', '}': '{' };
  for (const letter of bare) {
    if ('([{'.includes(letter)) open.push(letter);
    else if (letter in pairs && open.pop() !== pairs[letter]) return false;
  }
  return open.length === 0;
}

/** A folder for the files of one test. */
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'pushlab-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test('chat.mjs runs: what one says all hear, a foreign page is refused', async () => {
  const port = await serve('chat.mjs');
  expect(await converse(port, '/', 'hello')).toBe('hello');
  expect(await handshake(port, '/', 'https://evil.example')).toBe('HTTP/1.1 403 Forbidden');
  expect(await handshake(port, '/', 'http://localhost:8080')).toBe('HTTP/1.1 101 Switching Protocols');
});

test('both.mjs runs: echo, a stream of events, a foreign page is refused by both', async () => {
  const port = await serve('both.mjs');
  expect(await converse(port, '/echo', 'hello')).toBe('hello');
  expect(await handshake(port, '/echo', 'https://evil.example')).toBe('HTTP/1.1 403 Forbidden');
  expect(await handshake(port, '/echo', 'null')).toBe('HTTP/1.1 403 Forbidden');
  expect(await handshake(port, '/echo', `http://localhost:${port}`)).toBe('HTTP/1.1 101 Switching Protocols');
  const stop = new AbortController();
  const answer = await fetch(`http://localhost:${port}/time`, { signal: stop.signal });
  const reader = answer.body?.getReader();
  const first = new TextDecoder().decode((await reader?.read())?.value);
  expect(first).toMatch(/^data: \d{4}-.+Z\n\n$/);
  stop.abort();
  const foreign = await fetch(`http://localhost:${port}/time`, { headers: { origin: 'https://evil.example' } });
  expect(foreign.status).toBe(403);
});

test('read-websocket.mjs runs against the demo server', async () => {
  const server = await startServer();
  const reader = run('read-websocket.mjs', [`ws://127.0.0.1:${server.port}/push/websocket?after=0`]);
  expect(Number(await reader.line((line) => /^\d+$/.test(line)))).toBeGreaterThan(0);
});

test('read-sse.mjs runs against the demo server', async () => {
  const server = await startServer();
  const reader = run('read-sse.mjs', [`${server.url}/push/sse?after=0`]);
  expect(await reader.line((line) => line.startsWith('data: '))).toMatch(/^data: \{"seq":\d+,/);
});

test.each(['consumers.py', 'asgi.py'])('%s is parsed by Python', (title) => {
  const python = onPath(['python3']);
  if (!python) throw new Error('no python3 on PATH; node tests/setup.ts installs it');
  execFileSync(python, ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], { input: sample(title) });
});

/** Parses a sample by the grammar of its language and expects no error; compilers for them would be 200 to 350 MB more to install. */
async function expectParsed(title: string, language: 'go' | 'cpp'): Promise<void> {
  const { Parser, Language } = treeSitter;
  await Parser.init();
  const parser = new Parser();
  parser.setLanguage(
    await Language.load(join(root, `node_modules/@vscode/tree-sitter-wasm/wasm/tree-sitter-${language}.wasm`)),
  );
  expect(parser.parse(sample(title))?.rootNode.hasError).toBe(false);
  expect(parser.parse(`${sample(title)}\n)`)?.rootNode.hasError, 'the parser sees an error').toBe(true);
}

test('news.cpp is parsed, and compiles against our declarations of uWebSockets where there is a compiler', async () => {
  await expectParsed('news.cpp', 'cpp');
  const compiler = onPath(['g++', 'clang++']);
  if (!compiler) return;
  const file = join(folder(), 'news.cpp');
  writeFileSync(file, sample('news.cpp'));
  execFileSync(compiler, ['-std=c++20', '-fsyntax-only', '-I', join(root, 'tests/lessons/uws'), file]);
});

test.each(['server.go', 'client.go'])('%s is parsed, and in the form of gofmt where there is one', async (title) => {
  await expectParsed(title, 'go');
  const gofmt = onPath(['gofmt']);
  if (gofmt) expect(execFileSync(gofmt, { input: sample(title), encoding: 'utf8' })).toBe(sample(title));
});

test('nginx.conf is read by nginx -t, or where there is none its braces are', () => {
  const nginx = onPath(['nginx', '/usr/sbin/nginx']);
  expect(balanced(sample('nginx.conf'), /#.*$/gm)).toBe(true);
  if (!nginx) return;
  const path = folder();
  const file = join(path, 'nginx.conf');
  writeFileSync(file, `pid ${path}/pid;\nerror_log ${path}/error.log;\n${sample('nginx.conf')}`);
  execFileSync(nginx, ['-t', '-q', '-p', path, '-c', file]);
});

test.each(['In the page (Scaledrone)', 'On your server (Scaledrone)'])('%s is parsed', (title) => {
  expect(() => new Script(sample(title))).not.toThrow();
});

test('every sample is one of these, and the page names each with how it is checked', () => {
  expect([...samples.keys()].sort()).toEqual(
    [
      ...['chat.mjs', 'both.mjs', 'read-websocket.mjs', 'read-sse.mjs'],
      ...['consumers.py', 'asgi.py', 'news.cpp', 'server.go', 'client.go', 'nginx.conf'],
      ...['In the page (Scaledrone)', 'On your server (Scaledrone)'],
    ].sort(),
  );
  const table = page.slice(page.indexOf('## How these samples are checked'));
  for (const title of samples.keys()) if (!title.includes(' ')) expect(table).toContain(`\`${title}\``);
});
