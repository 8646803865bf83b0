/** At the limit of open files the server says so once, and goes on. */
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { run } from '../helpers/process.ts';

test('the limit is named in the log once, what is open goes on, and there is room again when others have gone', async () => {
  const server = run(['--no-site', '--port', '0', '--host', '127.0.0.1'], {}, undefined, [
    'sh',
    '-c',
    'ulimit -n 80 && exec "$@"',
    'sh',
  ]);
  const { port } = await server.listening();
  const stream = await fetch(`http://127.0.0.1:${port}/push/sse`);
  const events = stream.body?.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  const said = new Promise<string>((resolve) => {
    let text = '';
    server.child.stderr?.on('data', (more: string) => {
      text += more;
      if (text.includes('\n')) resolve(text);
    });
  });

  /** Connections that stay open, until one is closed at once. */
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  const fill = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1');
      sockets.push(socket);
      socket.on('error', () => {}).once('close', () => resolve(false));
      socket.once('data', () => resolve(true));
      socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    });
  while (await fill());
  expect(sockets.length).toBeGreaterThan(20);
  expect(await said).toMatch(
    /^pushlab: the limit of open files is reached \(80\): what is open goes on, but new connections .+\n$/,
  );
  let text = '';
  while (!/data: /.test(text)) text += (await events?.next())?.value ?? '';

  for (const socket of sockets) socket.destroy();
  await expect
    .poll(() =>
      fetch(`http://127.0.0.1:${port}/healthz`).then(
        ({ status }) => status,
        () => 0,
      ),
    )
    .toBe(200);
  server.child.kill('SIGTERM');
  const { code, stderr } = await server.ended;
  expect({ code, lines: stderr.trim().split('\n').length }).toEqual({ code: 0, lines: 1 });
});
