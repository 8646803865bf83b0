/** Every shell line of the built site does what the page says: each Try is run against a server on another port. */
import { spawn } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { startServer, type TestServer } from '../helpers/server.ts';

const WRITTEN = 'http://localhost:4321';
const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));

/** The attributes of every `<push-try>` tag of a page, unescaped. */
function triesOf(file: string): Record<string, string>[] {
  const html = readFileSync(join(siteDir, file), 'utf8');
  return [...html.matchAll(/<push-try\b((?:"[^"]*"|[^">])*)>/g)].map(([, tag = '']) =>
    Object.fromEntries(
      [...tag.matchAll(/data-(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, unescaped(value ?? '')]),
    ),
  );
}

const unescaped = (text: string): string =>
  text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (decimal) return String.fromCodePoint(Number(decimal));
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    return ({ amp: '&', lt: '<', gt: '>', quot: '"' } as Record<string, string>)[name] ?? whole;
  });

/** What a command prints, both channels together, until it ends or `enough` finds all in it: many listen to what never ends. */
function run(command: string, atEnd: (end: () => void) => void, enough: (output: string) => boolean): Promise<string> {
  return new Promise((resolve) => {
    const shell = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const end = () => {
      if (shell.pid && shell.exitCode === null && shell.signalCode === null) process.kill(-shell.pid);
    };
    atEnd(end);
    let output = '';
    for (const stream of [shell.stdout, shell.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (enough(output)) end();
      });
    shell.on('close', () => resolve(output));
  });
}

const tries = globSync('**/*.html', { cwd: siteDir })
  .sort()
  .flatMap((file) =>
    triesOf(file).map((data, index) => ({ page: `/${file.replace(/index\.html$/, '')}`, index, data })),
  );

test('there are shell lines to run', () => {
  expect(tries.length).toBeGreaterThan(0);
});

const docs = fileURLToPath(new URL('../../content/docs', import.meta.url));
const withShellBlocks = globSync('**/*.mdx', { cwd: docs }).filter((file) =>
  /^```sh\b/m.test(readFileSync(join(docs, file), 'utf8')),
);

test.each(withShellBlocks)('%s says for which shell its commands are', (file) => {
  expect(readFileSync(join(docs, file), 'utf8')).toContain('Unix shell');
});

test('every line to try says for which shell it is', () => {
  for (const { page } of tries) {
    const html = readFileSync(join(siteDir, page, page.endsWith('/') ? 'index.html' : ''), 'utf8');
    const lines = html.match(/<push-try\b/g)?.length ?? 0;
    expect(html.match(/class="shell[^>]*>For a Unix shell: macOS, Linux, WSL or Git Bash</g), page).toHaveLength(lines);
  }
});

describe.each([
  { age: 'has just started', openEvents: 0 },
  // The replay ring has long lost the first events: a cursor of 0 gets a reset.
  { age: 'has run for a day', openEvents: 86_400 },
])('shell lines, against a server that $age', ({ openEvents }) => {
  let server: TestServer;
  let close: () => Promise<void>;
  beforeAll(async () => {
    server = await startServer({ siteDir, openEvents }, (end) => {
      close = end;
    });
    // The open feed has begun to fill: a page says "as it is after a while". A long poll answers when it has.
    for (const after of [0, 1]) await (await fetch(`${server.url}/push/long-poll?after=${after}`)).text();
    return () => close();
  });

  // At the same time: most of them listen for some seconds to a stream that never ends.
  test.concurrent.for(tries)('$page line $index', async ({ data }, { expect, onTestFinished }) => {
    const command = (data.try ?? '').replaceAll(WRITTEN, server.url);
    const wanted = (JSON.parse(data.expect ?? '[]') as string[]).map((text) => {
      const [, form, flags] = /^\/(.+)\/([a-z]*)$/s.exec(text) ?? [];
      return form === undefined ? text : new RegExp(form, flags);
    });
    const fits = (output: string, one: string | RegExp) =>
      typeof one === 'string' ? output.includes(one) : new RegExp(one).test(output);
    const output = await run(command, onTestFinished, (sofar) => wanted.every((one) => fits(sofar, one)));
    for (const one of wanted)
      if (typeof one === 'string') expect(output).toContain(one);
      else expect(output).toMatch(one);
  });
});
