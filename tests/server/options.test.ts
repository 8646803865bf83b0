import { expect, test } from 'vitest';
import { type Options, OptionsError, readOptions } from '../../demo-server/options.ts';

const read = (argv: string[], env: NodeJS.ProcessEnv = {}): Options => {
  const options = readOptions(argv, env);
  if (options === 'help') throw new Error('the help was asked for');
  return options;
};
const fault = (argv: string[], env: NodeJS.ProcessEnv = {}): string => {
  try {
    readOptions(argv, env);
  } catch (error) {
    if (error instanceof OptionsError) return error.message;
    throw error;
  }
  throw new Error('the options were taken');
};

test('nothing given is a server for this machine alone, with the pages and without a class', () => {
  expect(read([])).toMatchObject({
    port: 4321,
    host: 'localhost',
    hostFrom: undefined,
    joinAddress: undefined,
    secondPort: undefined,
    site: true,
    trustProxy: undefined,
    allowOrigins: [],
    publicUrls: [],
    classroom: false,
    https: false,
    dataDir: 'data',
    redisUrl: undefined,
  });
});

test('a class listens everywhere unless a host is given', () => {
  expect(read(['--classroom']).host).toBe('0.0.0.0');
  expect(read(['--classroom-name', ' 10b '])).toMatchObject({ host: '0.0.0.0', classroom: true, classroomName: '10b' });
  expect(read(['--classroom', '--host', '127.0.0.1']).host).toBe('127.0.0.1');
  expect(read(['--classroom'], { PUSHLAB_HOST: '10.0.0.2' }).host).toBe('10.0.0.2');
});

test('the command line goes before the environment, and an empty variable is not there', () => {
  const env = { PORT: '81', PUSHLAB_HOST: 'a', SECOND_PORT: '82' };
  expect(read([], env)).toMatchObject({ port: 81, host: 'a', hostFrom: 'PUSHLAB_HOST', secondPort: 82 });
  expect(read(['--port', '83', '--host', 'b', '--second-port', 'none'], env)).toMatchObject({
    port: 83,
    host: 'b',
    hostFrom: '--host',
    secondPort: 'none',
  });
  expect(read([], { PORT: '', PUSHLAB_HOST: '', SECOND_PORT: '', REDIS_URL: '' })).toEqual(read([]));
});

test('several are taken where several make sense', () => {
  const options = read([
    '--public-url=https://a.example',
    '--public-url=https://b.example:8443',
    '--allow-origin=https://c.example',
    '--trust-proxy=127.0.0.1, ::1,10.1.2.0/24',
  ]);
  expect(options).toMatchObject({
    publicUrls: ['https://a.example', 'https://b.example:8443'],
    allowOrigins: ['https://c.example'],
    trustProxy: ['127.0.0.1', '::1', '10.1.2.0/24'],
  });
});

test('the help is given whatever else is asked', () => {
  expect(readOptions(['--help', '--port', 'x'], { PORT: 'y' })).toBe('help');
});

test.each<[string[], NodeJS.ProcessEnv, string]>([
  [['--port', 'http'], {}, '--port (or PORT) takes a number from 0 to 65535, got "http".'],
  [[], { SECOND_PORT: 'no' }, '--second-port (or SECOND_PORT) takes a number from 0 to 65535, or none, got "no".'],
  [['--public-url', 'class.example'], {}, '--public-url takes an origin, as in https://class.example'],
  [['--public-url', 'https://class.example/'], {}, 'got "https://class.example/"'],
  [['--trust-proxy', 'proxy'], {}, '--trust-proxy takes an address or a network, as in 127.0.0.1'],
  [['--trust-proxy', '10.0.0.0/8/8'], {}, 'got "10.0.0.0/8/8"'],
  [['--trust-proxy', '10.0.0.0/33'], {}, 'got "10.0.0.0/33"'],
  [['--trust-proxy', '10.0.0.0/'], {}, 'got "10.0.0.0/"'],
  [['--classroom-name', ' '], {}, '--classroom-name takes a name, got none.'],
  [['--bogus'], {}, "'--bogus'"],
])('%j with %j is refused in one line', (argv, env, words) => {
  expect(fault(argv, env)).toContain(words);
  expect(fault(argv, env)).not.toContain('\n');
});

test('what stands in REDIS_URL is never repeated', () => {
  const words = fault([], { REDIS_URL: 'http://user:secret@redis.example' });
  expect(words).toContain('REDIS_URL takes redis://host:port');
  expect(words).not.toContain('secret');
});
