import { describe, expect, test } from 'vitest';
import { type Options, OptionsError, readOptions } from '../../demo-server/options.ts';

const read = (argv: string[], env: NodeJS.ProcessEnv = {}): Options => {
  const options = readOptions(argv, env);
  if (typeof options === 'string') throw new Error(`the ${options} was asked for`);
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
    secondPort: 'near',
    site: true,
    production: false,
    limits: {},
    allowHosts: [],
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

test('the help and the version are given whatever else is asked', () => {
  expect(readOptions(['--help', '--port', 'x'], { PORT: 'y' })).toBe('help');
  expect(readOptions(['--version', '--port', 'x', '--production'], { PORT: 'y' })).toBe('version');
});

describe('the hostile page', () => {
  test.each<[string[], NodeJS.ProcessEnv, number | string]>([
    [[], {}, 'near'],
    [['--host', '127.0.0.1'], {}, 'near'],
    [['--host', '::1'], {}, 'near'],
    [['--host', '0.0.0.0'], {}, 'none'],
    [['--host', '192.0.2.1'], {}, 'none'],
    [[], { PUSHLAB_HOST: '::' }, 'none'],
    [['--classroom', '--host', 'localhost'], {}, 'none'],
    [['--trust-proxy', '127.0.0.1'], {}, 'none'],
    [['--public-url', 'https://a.example'], {}, 'none'],
    [[], { REDIS_URL: 'redis://127.0.0.1:6379' }, 'none'],
    [['--host', '0.0.0.0', '--second-port', '4322'], {}, 4322],
    [['--classroom'], { SECOND_PORT: '0' }, 0],
    [['--second-port', 'none'], {}, 'none'],
    [['--production', '--public-url', 'https://a.example'], {}, 'none'],
    [['--production', '--public-url', 'https://a.example', '--second-port', 'none'], {}, 'none'],
  ])('with %j and %j is at %s', (argv, env, port) => {
    expect(read(argv, env).secondPort).toBe(port);
  });
});

describe('--production', () => {
  const production = ['--production', '--public-url', 'https://a.example'];

  test('listens for the proxy in front, also with a class', () => {
    expect(read([...production, '--classroom']).host).toBe('localhost');
    expect(read([...production, '--classroom', '--host', '0.0.0.0']).host).toBe('0.0.0.0');
  });

  test('takes the address at which it is reached, and opens no hostile page', () => {
    expect(fault(['--production'])).toContain('add --public-url https://pushlab.example');
    for (const env of [{}, { SECOND_PORT: '4322' }])
      expect(fault([...production, ...('SECOND_PORT' in env ? [] : ['--second-port', '4322'])], env)).toContain(
        'opens no hostile page, but --second-port (or SECOND_PORT) asks for one at port 4322',
      );
  });

  test.each(['127.0.0.1', '127.0.0.0/8', '::1', '10.1.2.3', '172.18.0.0/16', '10.0.0.0/24', 'fd00:1:2:3::/64'])(
    'trusts the proxies of %s',
    (proxies) => expect(read([...production, '--trust-proxy', proxies]).trustProxy).toEqual([proxies]),
  );
  test.each([
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/8',
    '172.16.0.0/12',
    '192.168.0.0/16',
    '192.168.7.0/16',
    '169.254.0.0/16',
    'fc00::/7',
    'fe80::/10',
    '::ffff:10.0.0.0/104',
  ])('does not trust all of %s', (network) => {
    expect(fault([...production, '--trust-proxy', `127.0.0.1,${network}`])).toContain(
      `--trust-proxy ${network} would believe every device of that network`,
    );
    expect(read(['--trust-proxy', network]).trustProxy).toEqual([network]);
  });
});

test('limits and names are taken as they are meant', () => {
  expect(read(['--limit', 'runsPerAddress=5', '--limit=bodyBytes=1024'])).toMatchObject({
    limits: { runsPerAddress: 5, bodyBytes: 1024 },
  });
  expect(read(['--allow-host', 'Pushlab.Example', '--allow-host', '10.0.0.1']).allowHosts).toEqual([
    'pushlab.example',
    '10.0.0.1',
  ]);
});

test.each<[string[], NodeJS.ProcessEnv, string]>([
  [['--port', 'http'], {}, '--port (or PORT) takes a number from 0 to 65535, got "http".'],
  [[], { SECOND_PORT: 'no' }, '--second-port (or SECOND_PORT) takes a number from 0 to 65535, or none, got "no".'],
  [['--public-url', 'class.example'], {}, '--public-url takes an origin, as in https://class.example'],
  [['--public-url', 'https://class.example/x'], {}, 'got "https://class.example/x"'],
  [['--allow-host', 'https://a.example'], {}, '--allow-host takes a name, as in pushlab.example (no scheme, no port)'],
  [['--allow-host', 'a.example:80'], {}, 'got "a.example:80"'],
  [['--allow-host', ''], {}, 'got ""'],
  [['--limit', 'runs=5'], {}, 'with one of the names runsAtOnce, runsPerAddress, '],
  [['--limit', 'runsAtOnce=0'], {}, 'got "runsAtOnce=0"'],
  [['--limit', 'toString=1'], {}, 'got "toString=1"'],
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

test('options that npm kept for itself are named, with the line that works', () => {
  const env = { npm_config_classroom: 'true', npm_config_classroom_name: 'Physics 8b', npm_config_user_agent: 'npm' };
  expect(fault(['Physics 8b'], env)).toContain('npm start -- --classroom --classroom-name');
  expect(fault([], { npm_config_site: '' })).toContain('npm start -- --no-site');
  // A person's .npmrc may say these for every command.
  expect(read([], { npm_config_production: 'true', npm_config_version: '1' })).toEqual(read([]));
});

test('an option of a class is refused where none is opened', () => {
  expect(fault(['--join-address', 'wlan0'])).toContain('--join-address is for a class');
  expect(fault(['--keep-days', '30'])).toContain('--keep-days is for a class');
  expect(read(['--classroom', '--join-address', 'wlan0', '--keep-days', '30'])).toMatchObject({ keepDays: 30 });
});
