import { lookup } from 'node:dns/promises';
import { cp, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openControl } from '../helpers/control.ts';
import { frames, upgrade } from '../helpers/frames.ts';
import { run } from '../helpers/process.ts';
import { type Answer, get, type RawConnection, rawConnection, readAnswer } from '../helpers/raw.ts';

const root = join(import.meta.dirname, '../..');

const whole = (bytes: Buffer): Answer | undefined => {
  const answer = readAnswer(bytes);
  return answer?.complete ? answer : undefined;
};
const closeFrame = (bytes: Buffer) =>
  frames(readAnswer(bytes)?.body ?? Buffer.alloc(0)).find(({ opcode }) => opcode === 8);

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('ends every open stream properly, and the process with 0', async () => {
    const server = run(['--no-site', '--port', '0', '--host', '127.0.0.1']);
    const port = Number((await server.listening()).port);
    const streams = ['iframe-stream', 'xhr-stream', 'sse'].map((id) => rawConnection(port, get(`/push/${id}`)));
    const websocket = rawConnection(port, upgrade('/push/websocket'));
    const held = rawConnection(port, get('/push/long-poll?after=999999999') + get('/push/long-poll'));
    for (const connection of [...streams, websocket, held])
      await connection.until((bytes) => bytes.includes('\r\n\r\n'));
    const idle = rawConnection(port, get('/healthz'));
    await idle.until((bytes) => whole(bytes) !== undefined);
    const control = await openControl(port);

    server.child.kill(signal);
    // As a browser does: it answers a Close with a Close, and then the server closes the connection.
    const code = async (connection: RawConnection) => {
      const { payload } = closeFrame(await connection.until((bytes) => closeFrame(bytes) !== undefined)) ?? {};
      connection.socket.write(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9]));
      return payload?.readUInt16BE(0);
    };
    expect(await code(websocket)).toBe(1012);
    expect(await control.closed).toBe(1012);
    for (const connection of streams) await connection.until((bytes) => whole(bytes) !== undefined);
    const second = (bytes: Buffer) => whole(bytes.subarray(bytes.lastIndexOf('HTTP/1.1')));
    const answer = second(await held.until((bytes) => bytes.toString('latin1').split('HTTP/1.1').length === 3));
    expect(answer?.body.toString()).toMatch(/^\{"events":\[.*\],"next":\d+\}$/);
    expect(await server.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  });
});

test('a signal ends the process also where clients do not let go', async () => {
  const server = run(['--no-site', '--port', '0', '--host', '127.0.0.1']);
  const port = Number((await server.listening()).port);
  const silent = rawConnection(port);
  const halfHead = rawConnection(port, 'GET /healthz HTTP/1.1\r\nHost: loc');
  const deaf = rawConnection(port, upgrade('/push/websocket'));
  await deaf.until((bytes) => bytes.includes('\r\n\r\n'));
  const open = rawConnection(port, get('/push/sse'));
  await open.until((bytes) => bytes.includes('retry:'));
  server.child.kill('SIGTERM');
  // npm passes on a Ctrl-C that the terminal has sent already: the two are one.
  server.child.kill('SIGINT');
  expect(await server.ended).toMatchObject({ code: 0, signal: null });
  for (const connection of [silent, halfHead, deaf, open]) await connection.ended();
  expect(whole(open.received())?.complete).toBe(true);
});

test('says what it waits for, and a second signal ends it at once', async () => {
  const server = run(['--no-site', '--port=0', '--host=127.0.0.1']);
  const deaf = rawConnection(Number((await server.listening()).port), upgrade('/push/websocket'));
  await deaf.until((bytes) => bytes.includes('\r\n\r\n'));
  server.child.kill('SIGTERM');
  await server.said('Stopping: streams end, and 1 open connection has 1.2 s to close. A second signal ends at once.');
  // Until it counts as another one: signals that come together are one.
  const again = setInterval(() => server.child.kill('SIGINT'), 50);
  const { code } = await server.ended;
  clearInterval(again);
  expect(code).toBe(130);
});

test('without --host it listens on localhost, by whatever addresses that has, and ends streams on all of them', async () => {
  const server = run(['--no-site', '--port=0']);
  const address = await server.listening();
  expect(address.hostname).toBe('localhost');
  const hosts = await lookup('localhost', { all: true });
  const bodies = hosts.map(async ({ address: ip, family }) => {
    const answer = await fetch(`http://${family === 6 ? `[${ip}]` : ip}:${address.port}/push/sse`);
    return answer.text();
  });
  const control = await openControl(Number(address.port));
  await control.until(() => (control.told('ledger').at(-1)?.ledger.lanes.sse?.responses ?? 0) === hosts.length);
  server.child.kill('SIGTERM');
  for (const body of await Promise.all(bodies)) expect(body).toMatch(/^retry: \d+\n\n/);
  expect((await server.ended).code).toBe(0);
});

describe('a class', () => {
  test('keeps the teacher’s link out of what may be a log, in a file for this user alone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pushlab-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'teacher-link');
    // One that is there already, and that everybody may read, is not written into.
    await writeFile(file, 'old', { mode: 0o644 });
    const server = run(['--no-site', '--port=0', '--host=127.0.0.1', '--classroom', '--data-dir', folder]);
    const { port } = await server.listening();
    await server.said('For the teacher|private link is in');
    const links = await readFile(file, 'utf8');
    expect(links).toMatch(new RegExp(`^ {2}this machine http://127.0.0.1:${port}/teach/#[\\w-]{43}\n`));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    server.child.kill('SIGTERM');
    const { stdout, stderr } = await server.ended;
    expect(stdout).toContain(`private link is in ${file}`);
    expect(stdout + stderr).not.toContain('/teach/');
    expect(stdout + stderr).not.toContain(/#([\w-]{43})/.exec(links)?.[1]);
  });

  test('says why where the link cannot be kept', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pushlab-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await mkdir(join(folder, 'teacher-link'));
    const { code, stderr } = await run([
      '--no-site',
      '--port=0',
      '--host=127.0.0.1',
      '--classroom',
      '--data-dir',
      folder,
    ]).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^pushlab: the teacher's link cannot be kept \([^\n]+\): give a --data-dir [^\n]+\n$/);
  });
});

describe('the options', () => {
  test('--version prints what runs', async () => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    const { code, stdout, stderr } = await run(['--version']).ended;
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: `Pushlab ${version}, Node ${process.versions.node}\n`,
      stderr: '',
    });
  });

  test('of production say which address of several is plain HTTP', async () => {
    const urls = ['https://pushlab.example', 'http://pushlab.example'].map((url) => `--public-url=${url}`);
    const server = run(['--no-site', '--port=0', '--production', ...urls]);
    await server.listening();
    server.child.kill('SIGTERM');
    const { stderr } = await server.ended;
    expect(stderr).toMatch(/^pushlab: http:\/\/pushlab\.example is plain HTTP: [^\n]+ https address\.\n$/);
  });

  test('of production refuse rebinding and a wrong scheme, and let the public address in', async () => {
    const server = run(['--no-site', '--port=0', '--production', '--public-url=https://pushlab.example']);
    const { port } = await server.listening();
    const status = async (host: string, origin: string) => {
      const { socket, ended } = rawConnection(
        Number(port),
        get('/runs', { Host: host, Origin: origin, 'Content-Length': '0', Connection: 'close' }).replace('GET', 'POST'),
      );
      const answer = readAnswer(await ended());
      socket.destroy();
      return answer?.status;
    };
    expect(await status('evil.example', 'https://evil.example')).toBe(421);
    expect(await status('pushlab.example', 'http://pushlab.example')).toBe(403);
    expect(await status('pushlab.example', 'https://pushlab.example')).toBe(201);
    server.child.kill('SIGTERM');
    expect((await server.ended).stdout).toBe(`Pushlab listens on http://localhost:${port}\n`);
  });

  test.each([
    [[], 403],
    [['--metrics-from', '127.0.0.1'], 200],
  ])('of production let this machine read the metrics with %j: %i', async (options, status) => {
    const server = run([
      '--no-site',
      '--port=0',
      '--host=127.0.0.1',
      '--production',
      '--public-url=https://pushlab.example',
      ...options,
    ]);
    const { origin } = await server.listening();
    expect((await fetch(`${origin}/metrics`)).status).toBe(status);
    server.child.kill('SIGTERM');
    await server.ended;
  });

  test.each([['--help'], ['--help', '--port', '0']])('%s prints what there is, and that is all', async (...options) => {
    const { code, stdout, stderr } = await run(options).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const word of [
      'npm start',
      '--port',
      '--host',
      '--no-site',
      '--help',
      'PORT',
      'PUSHLAB_HOST',
      '4321',
      'localhost',
    ]) {
      expect(stdout).toContain(word);
    }
    expect(stdout).not.toContain('listens');
  });

  test('can come from the environment, and the command line has the last word', async () => {
    const env = { PORT: '0', PUSHLAB_HOST: '127.0.0.1' };
    const byEnvironment = await run(['--no-site'], env).listening();
    expect(byEnvironment.hostname).toBe('127.0.0.1');
    expect(byEnvironment.port).not.toBe('4321');
    expect((await fetch(new URL('/healthz', byEnvironment))).status).toBe(200);
    const byOption = await run(['--no-site', '--port', '0', '--host', '127.0.0.1'], {
      PORT: 'x',
      PUSHLAB_HOST: 'nowhere.invalid',
    });
    expect((await byOption.listening()).hostname).toBe('127.0.0.1');
  });

  test('that are empty in the environment are not there', async () => {
    expect((await run(['--no-site', '--port', '0'], { PUSHLAB_HOST: '' }).listening()).hostname).toBe('localhost');
    const { stderr } = await run(['--no-site', '--host', 'nowhere.invalid'], { PORT: '' }).ended;
    expect(stderr).toContain('nowhere.invalid');
  });

  test.each<[string[], NodeJS.ProcessEnv, string]>([
    [['--prot', '1'], {}, "'--prot'. See npm start -- --help."],
    [['4321'], {}, "'4321'"],
    [['--port'], {}, 'See npm start -- --help.'],
    [['--port', 'http'], {}, 'takes a number from 0 to 65535, got "http"'],
    [['--port', '65536'], {}, 'takes a number from 0 to 65535, got "65536"'],
    [['--allow-origin', 'https://pushlab.example/lab'], {}, 'got "https://pushlab.example/lab"'],
    [['--allow-origin', '*'], {}, 'takes an origin, as in https://pushlab.example'],
    [['--port', '80.5'], {}, 'got "80.5"'],
    [['--port='], {}, 'got ""'],
    [['--port', '-1'], {}, 'See npm start -- --help.'],
    [[], { PORT: 'http' }, '(or PORT) takes a number from 0 to 65535, got "http"'],
    [['--host', 'nowhere.invalid'], {}, '--host nowhere.invalid is no address of this machine: choose localhost'],
    [['--host', '192.0.2.1'], {}, '--host 192.0.2.1 is no address of this machine: choose localhost'],
    [['--host='], {}, '--host takes a name or an address'],
    [['--host', 'http://localhost'], {}, 'as in localhost or 0.0.0.0, got "http://localhost"'],
    [[], { PUSHLAB_HOST: 'nowhere.invalid' }, 'PUSHLAB_HOST nowhere.invalid is no address of this machine'],
    [[], { PUSHLAB_HOST: 'a b' }, 'PUSHLAB_HOST takes a name or an address of this machine'],
    [['--no-site=yes'], {}, 'See npm start -- --help.'],
  ])('%j with %j that make no sense are answered in one line, and 1', async (options, env, words) => {
    const { code, stdout, stderr } = await run(['--no-site', ...options], env).ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^pushlab: [^\n]+\n$/);
    expect(stderr).toContain(words);
  });

  test.each(['x86_64-conda-linux-gnu', 'my-laptop', '0.0.0.0', '192.0.2.2'])(
    'do not come from HOST, which shells export for themselves: %s',
    async (host) => {
      const server = run(['--no-site', '--port', '0'], { HOST: host });
      expect((await server.listening()).hostname).toBe('localhost');
    },
  );

  test('with a port that is taken say so in one line, and 1', async () => {
    const other = createServer();
    await new Promise<void>((listening) => void other.listen(0, '127.0.0.1', listening));
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    for (const host of ['127.0.0.1', 'localhost']) {
      const { code, stdout, stderr } = await run(['--no-site', '--port', `${port}`, '--host', host]).ended;
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^pushlab: port \d+ is in use at localhost \(127\.0\.0\.1\): [^\n]+ with --port\.\n$/);
      expect(stderr).toContain(`port ${port} `);
    }
  });
});

describe('the build', () => {
  /** The server in a folder of its own, without a built site. */
  async function copyOfServer(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'pushlab-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await cp(join(root, 'demo-server'), join(folder, 'demo-server'), { recursive: true });
    await writeFile(join(folder, 'package.json'), await readFile(join(root, 'package.json')));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    return folder;
  }

  test('that is missing or broke off is named in one line, and 1', async () => {
    const folder = await copyOfServer();
    const missing = await run(['--port', '0'], {}, folder).ended;
    expect(missing).toMatchObject({ code: 1, stdout: '' });
    expect(missing.stderr).toMatch(/^pushlab: the site is not built yet: run npm run build[^\n]+\n$/);

    await cp(join(root, 'demo-server/limits.ts'), join(folder, 'dist/index.html'));
    await cp(join(root, 'demo-server/limits.ts'), join(folder, 'dist/404.html'));
    expect(await run(['--port', '0'], {}, folder).ended).toEqual(missing);
    for (const left of ['', '\0\0\0', 'null', '{}', '{"scriptHashes":']) {
      await writeFile(join(folder, 'dist/csp.json'), left);
      expect(await run(['--port', '0'], {}, folder).ended).toMatchObject({
        code: 1,
        stderr: 'pushlab: the built site is damaged: run npm run build, which makes it anew.\n',
      });
    }
  });

  test('is not needed with --no-site', async () => {
    const server = run(['--port', '0', '--no-site'], {}, await copyOfServer());
    expect((await fetch(new URL('/healthz', await server.listening()))).status).toBe(200);
  });
});
