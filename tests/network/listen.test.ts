/** Both names of this machine for itself lead to this server, or a sentence says at which of them another program is. */
import { type AddressInfo, createServer, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { alsoListen, findPlace, ListenError } from '../../demo-server/network/listen.ts';
import { placeFor } from '../../demo-server/network/opened.ts';
import { run } from '../helpers/process.ts';

/** Another program at this address; resolves with its port. */
async function occupy(host: string, port = 0): Promise<number> {
  const other = createServer();
  await new Promise<void>((listening, failed) => void other.once('error', failed).listen({ port, host }, listening));
  onTestFinished(() => void other.close());
  return (other.address() as AddressInfo).port;
}
const wanted = (host: string, port: number) => ({ host, hostFrom: undefined, port, portFrom: '--port' as const });
const get = async (url: string) => (await fetch(url)).json();

test('localhost is both loopback addresses, and so is every host that takes all addresses', async () => {
  for (const host of ['localhost', '0.0.0.0']) {
    const server = run(['--no-site', '--port', '0', '--host', host]);
    const { port, hostname } = await server.listening();
    expect(hostname).toBe('localhost');
    for (const address of ['127.0.0.1', '[::1]', 'localhost'])
      expect(await get(`http://${address}:${port}/healthz`), `${host} at ${address}`).toEqual({ status: 'ok' });
    server.child.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);
  }
});

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '[::1]'],
])(
  'another program at %s is named, with what to do, whatever host the server was to listen at',
  async (address, named) => {
    const port = await occupy(address);
    for (const host of ['localhost', '0.0.0.0', '::'])
      await expect(placeFor(wanted(host, port)), host).rejects.toThrow(
        new RegExp(
          `^port ${port} is in use (?:on this machine|at localhost \\(.+\\)): stop the program that has it .*${port}.*, or choose another port with --port\\.$`,
        ),
      );
    await expect(placeFor(wanted('localhost', port))).rejects.toThrow(`at localhost (${named}):`);
  },
);

test('a start that fails leaves no class behind', async () => {
  const port = await occupy('::1');
  const options = ['--no-site', '--port', `${port}`, '--classroom', '--https', '--data-dir', '/nonexistent/x'];
  const { stderr, code } = await run(options).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^pushlab: port \d+ is in use at localhost \(\[::1\]\): [^\n]+ with --port\.\n$/);
});

test('the sentence for 4321 thinks of Astro, which takes it as well', async () => {
  // Whoever has it, somebody has.
  await occupy('127.0.0.1', 4321).catch(() => {});
  await expect(placeFor(wanted('localhost', 4321))).rejects.toThrow('Astro’s dev server');
});

test('an address that a user did not write is not in the sentence: 0.0.0.0 is this machine', async () => {
  const port = await occupy('0.0.0.0');
  const fault = await placeFor(wanted('0.0.0.0', port)).catch((error: Error) => error.message);
  expect(fault).toMatch(new RegExp(`^port ${port} is in use on this machine: `));
  expect(fault).not.toContain('0.0.0.0');
});

test('a free port is one that is free at both addresses', async () => {
  for (let n = 0; n < 20; n += 1) {
    const { port, first, further } = await findPlace('localhost', 0);
    expect(first).toBe('127.0.0.1');
    for (const address of [first, ...further]) await occupy(address, port);
  }
});

test('over --https both addresses answer, too', async () => {
  const server = run(['--no-site', '--port', '0', '--https']);
  const { port, protocol } = await server.listening();
  expect(protocol).toBe('https:');
  for (const host of ['127.0.0.1', '::1']) {
    const { get: ask } = await import('node:https');
    const status = await new Promise((resolve, reject) =>
      ask({ host, port, path: '/healthz', rejectUnauthorized: false, agent: false }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      }).on('error', reject),
    );
    expect(status, host).toBe(200);
  }
});

test('what a further door cannot have closes those that it had', async () => {
  const server: Server = createServer();
  const port = await occupy('::1');
  const place = { port, first: '127.0.0.1', further: ['127.0.0.2', '::1'] };
  await expect(alsoListen(server, place)).rejects.toThrow(ListenError);
  await occupy('127.0.0.2', port);
});
