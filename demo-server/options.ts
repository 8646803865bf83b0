/** What the server was started with: its options and the environment, read and checked before anything is opened. */
import { isIP } from 'node:net';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { LIMIT_NAMES, LIMITS, type LimitName, type Limits } from './limits.ts';
import { isBadPort } from './network/bad-ports.ts';
import { keptByNpm } from './npm-options.ts';
import { readOrigin } from './web/cors.ts';
import { isLoopbackName } from './web/names.ts';

export const HELP = `Pushlab: site and demo server.

  npm start -- [options]

  --port <n>     port to listen on, 0 = any free one      (default 4321, or PORT)
  --host <name>  address to listen on, 0.0.0.0 = everyone (default localhost, or PUSHLAB_HOST)
  --http2-host <name>  where the lab of connections starts its HTTP/2 servers (default: this machine alone)
  --second-port <n>  port of the hostile page in the lesson on security, 0 = any free one, none = no such page
                 (default: one above the port, or any free one, where the server is for this machine alone; else none)
  --no-site      only the demo routes, without the pages

  --production            for a server that is reached from outside: takes --public-url, opens no hostile page
  --public-url <origin>   where readers and the devices of a class reach the server, if not here: a proxy's address,
                          a container's host; may be given several times, the first is in the QR code of a class
  --allow-host <name>     answers under this name, too, as one that a proxy writes into Host; may be given several times
  --allow-origin <origin> pages of this origin may use the server, too; may be given several times
  --trust-proxy <address> trusts this proxy for the client's address and scheme (X-Forwarded-For, X-Forwarded-Proto); an
                          address or network, several with commas
  --metrics-from <address> lets this address or network read /metrics, several with commas (default: this machine;
                          with --production, --public-url or --trust-proxy nobody)
  --access-log            prints a line for each request: time, method, path, status, bytes, ms; no addresses
  --limit <name>=<n>      changes a limit, may be given several times: ${LIMIT_NAMES.slice(0, 6).join(', ')},
                          ${LIMIT_NAMES.slice(6).join(', ')}

  --classroom             opens a class for everyone in the network (then --host is 0.0.0.0 unless given)
  --classroom-name <text> what it is called; goes on with the last class of that name
  --join-address <address>  which of this machine's addresses the code on the wall shows: an address, or the name of a
                          network (default: the likeliest; the teacher's console can choose, too)
  --https                 speaks HTTPS, with a certificate made on the spot (browsers then give finer timers)
  --data-dir <folder>     where classes are kept, ":memory:" = nowhere (default data)
  --keep-days <n>         deletes classes that nobody has used for so many days, at the start and daily (default: none)

  --help         this text
  --version      the version of Pushlab and of Node

  REDIS_URL      redis://[user:password@]host[:port] of the Redis by which several servers serve the same runs;
                 without it this server is alone and needs none
`;

export interface Options {
  /** 0 = any free one. */
  port: number;
  host: string;
  /** Where the host was read: an option or a variable; undefined where nobody named one. */
  hostFrom: '--host' | 'PUSHLAB_HOST' | undefined;
  http2Host: string | undefined;
  /** Port of the hostile page, 0 = any free one, 'near' = one above the port or any free one. */
  secondPort: number | 'near' | 'none';
  /** Whether the pages are served beside the demo routes. */
  site: boolean;
  /** Reached from outside: what is open must have been asked for by name. */
  production: boolean;
  /** Addresses and networks of proxies; undefined where none is trusted. */
  trustProxy: string[] | undefined;
  publicUrls: string[];
  allowHosts: string[];
  allowOrigins: string[];
  limits: Partial<Limits>;
  /** Addresses and networks that may read /metrics. */
  metricsFrom: string[];
  accessLog: boolean;
  classroom: boolean;
  classroomName: string | undefined;
  /** An address of this machine or the name of a network of it; undefined = the likeliest. */
  joinAddress: string | undefined;
  https: boolean;
  /** ":memory:" = nowhere. */
  dataDir: string;
  /** Days that a class is kept after it was used last; undefined = for ever. */
  keepDays: number | undefined;
  redisUrl: string | undefined;
}

/** An option or variable that makes no sense: what was given, and what is taken, in one sentence for the terminal. */
export class OptionsError extends Error {}

const OPTIONS = {
  port: { type: 'string' },
  host: { type: 'string' },
  'http2-host': { type: 'string' },
  'second-port': { type: 'string' },
  classroom: { type: 'boolean', default: false },
  'classroom-name': { type: 'string' },
  'join-address': { type: 'string' },
  'public-url': { type: 'string', multiple: true, default: [] },
  'keep-days': { type: 'string' },
  'data-dir': { type: 'string', default: 'data' },
  'trust-proxy': { type: 'string' },
  https: { type: 'boolean', default: false },
  'no-site': { type: 'boolean', default: false },
  production: { type: 'boolean', default: false },
  'allow-host': { type: 'string', multiple: true, default: [] },
  'allow-origin': { type: 'string', multiple: true, default: [] },
  'metrics-from': { type: 'string' },
  'access-log': { type: 'boolean', default: false },
  limit: { type: 'string', multiple: true, default: [] },
  version: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} satisfies ParseArgsConfig['options'];

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS }).values;
  } catch (error) {
    const [line = ''] = (error as Error).message.split('\n');
    throw new OptionsError(`${line.replace(/\.?$/, '.')} See npm start -- --help.`);
  }
}

/**
 * Reads the command line (without node and script) and the environment. The command line has the last word; a variable
 * that is empty is not there. 'help' or 'version' where that is asked for, whatever else is. Throws an OptionsError.
 */
export function readOptions(argv: readonly string[], env: NodeJS.ProcessEnv): Options | 'help' | 'version' {
  const kept = keptByNpm('npm start', Object.keys(OPTIONS), env);
  if (kept !== undefined) throw new OptionsError(kept);
  const given = parse(argv);
  if (given.help) return 'help';
  if (given.version) return 'version';
  const classroomName = given['classroom-name']?.trim();
  const classroom = given.classroom || classroomName !== undefined;
  // HOST itself means other things to many shells (zsh, csh, conda export the machine's name): it is not read.
  const named = given.host ?? (env.PUSHLAB_HOST || undefined);
  const hostFrom = named === undefined ? undefined : given.host === undefined ? 'PUSHLAB_HOST' : '--host';
  // In production the proxy in front is what the network reaches.
  const host = named ?? (classroom && !given.production ? '0.0.0.0' : 'localhost');
  if (host === '' || /[\s/@?#]/.test(host))
    throw new OptionsError(
      `${hostFrom} takes a name or an address of this machine, as in localhost or 0.0.0.0, got ${JSON.stringify(host)}.`,
    );
  if (classroomName === '') throw new OptionsError('--classroom-name takes a name, got none.');
  const options: Options = {
    port: readPort(given.port ?? (env.PORT || '4321'), '--port (or PORT)', 'a number from 0 to 65535'),
    host,
    hostFrom,
    http2Host: given['http2-host'],
    secondPort: 'none',
    site: !given['no-site'],
    production: given.production,
    trustProxy: given['trust-proxy'] === undefined ? undefined : readProxies(given['trust-proxy'], given.production),
    publicUrls: given['public-url'].map((one) => checkOrigin('--public-url', 'https://class.example', one)),
    allowHosts: given['allow-host'].map(checkHost),
    allowOrigins: given['allow-origin'].map((one) => checkOrigin('--allow-origin', 'https://pushlab.example', one)),
    metricsFrom: given['metrics-from'] === undefined ? [] : readNetworks('--metrics-from', given['metrics-from']),
    accessLog: given['access-log'],
    limits: Object.fromEntries(given.limit.map(readLimit)),
    classroom,
    classroomName,
    joinAddress: readJoinAddress(given['join-address'], given['public-url']),
    https: given.https,
    dataDir: given['data-dir'],
    keepDays: given['keep-days'] === undefined ? undefined : readDays(given['keep-days']),
    redisUrl: readRedis(env.REDIS_URL || undefined),
  };
  options.secondPort = secondPortOf(given['second-port'] ?? (env.SECOND_PORT || undefined), options);
  for (const name of ['join-address', 'keep-days'] as const)
    if (given[name] !== undefined && !classroom)
      throw new OptionsError(`--${name} is for a class, and none is opened: add --classroom.`);
  if (options.production && options.publicUrls.length === 0)
    throw new OptionsError(
      '--production takes the address at which readers reach the server: add --public-url https://pushlab.example, with your own name.',
    );
  return options;
}

/**
 * Whether a proxy may stand in front, as far as the options say. Where a request comes from then tells nothing: a proxy on
 * this machine may show by nothing that it passes on what others ask (nginx from 1.29.7 on, with proxy_pass alone).
 */
export function isBehindProxy({
  production,
  trustProxy,
  publicUrls,
}: Pick<Options, 'production' | 'trustProxy' | 'publicUrls'>): boolean {
  return production || trustProxy !== undefined || publicUrls.length > 0;
}

/** Unless somebody names a port for it, a page that attacks is opened only where nobody but this machine can reach it. */
function secondPortOf(text: string | undefined, options: Options): Options['secondPort'] {
  const { host, production, redisUrl, classroom } = options;
  const alone = isLoopbackName(host) && !isBehindProxy(options) && !redisUrl && !classroom;
  if (text === 'none' || (text === undefined && !alone)) return 'none';
  if (text === undefined) return 'near';
  const port = readPort(text, '--second-port (or SECOND_PORT)', 'a number from 0 to 65535, or none');
  if (!production) return port;
  throw new OptionsError(
    `--production opens no hostile page, but --second-port (or SECOND_PORT) asks for one at port ${port}: leave one of the two out.`,
  );
}

function readPort(text: string, option: string, takes: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535)
    throw new OptionsError(`${option} takes ${takes}, got ${JSON.stringify(text)}.`);
  if (isBadPort(port))
    throw new OptionsError(
      `${option} got ${port}, a port that browsers refuse to open, as another protocol has it: choose another, such as 4321 or 8080.`,
    );
  return port;
}

function readJoinAddress(text: string | undefined, publicUrls: readonly string[]): string | undefined {
  if (text === undefined) return undefined;
  if (publicUrls.length > 0)
    throw new OptionsError('--join-address and --public-url both say where devices join: give one of them.');
  const address = text.trim();
  if (address !== '' && !/[/@?#]|^https?:/i.test(address)) return address;
  throw new OptionsError(
    `--join-address takes an address of this machine or the name of a network, as in 192.168.1.20 or wlan0, got ${JSON.stringify(text)}. An address elsewhere is one for --public-url.`,
  );
}

function readDays(text: string): number {
  const days = Number(text);
  if (/^\d+$/.test(text) && days >= 1 && days <= 36_500) return days;
  throw new OptionsError(`--keep-days takes a whole number of days from 1 to 36500, got ${JSON.stringify(text)}.`);
}

function checkOrigin(option: string, example: string, text: string): string {
  const origin = readOrigin(text);
  if (origin !== undefined) return origin;
  throw new OptionsError(`${option} takes an origin, as in ${example} (no path), got ${JSON.stringify(text)}.`);
}

function checkHost(text: string): string {
  const { hostname, host } = URL.parse(`http://${text}`) ?? {};
  if (hostname && host === text.toLowerCase() && host === hostname) return hostname;
  throw new OptionsError(
    `--allow-host takes a name, as in pushlab.example (no scheme, no port), got ${JSON.stringify(text)}.`,
  );
}

function readLimit(text: string): [LimitName, number] {
  const [, name = '', digits = ''] = /^(\w+)=(\d+)$/.exec(text) ?? [];
  const value = Number(digits);
  if (Object.hasOwn(LIMITS, name) && value >= 1 && value <= Number.MAX_SAFE_INTEGER) return [name as LimitName, value];
  throw new OptionsError(
    `--limit takes a name and a number from 1, as in runsPerAddress=90, with one of the names ${LIMIT_NAMES.join(', ')}; got ${JSON.stringify(text)}.`,
  );
}

/** Whether a network is so wide that devices which only happen to be in it are believed: a /16 may be one of containers alone. */
function isWide(address: string, prefix: number): boolean {
  const mapped = /^::ffff:(?=[\d.]+$)/i;
  if (mapped.test(address)) return isWide(address.replace(mapped, ''), prefix - 96);
  if (isIP(address) === 6) return prefix < 48;
  // The last two are whole private networks: of homes, and of machines that nobody gave an address.
  return prefix < 16 || (prefix === 16 && /^(192\.168|169\.254)\./.test(address));
}

function readProxies(list: string, production: boolean): string[] {
  const proxies = readNetworks('--trust-proxy', list);
  const wide = proxies.find((one) => {
    const [address = '', bits] = one.split('/');
    return bits !== undefined && !isLoopbackName(address) && isWide(address, Number(bits));
  });
  if (!production || wide === undefined) return proxies;
  throw new OptionsError(
    `--trust-proxy ${wide} would believe every device of that network who it is: with --production name the proxy's own address, or a network that only proxies are in, as in 172.18.0.0/24.`,
  );
}

/** Addresses and networks with commas between. */
function readNetworks(option: string, list: string): string[] {
  return list.split(',').map((text) => {
    const one = text.trim();
    const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(one) ?? [];
    const family = isIP(address);
    if (family !== 0 && Number(bits ?? 0) <= (family === 4 ? 32 : 128)) return one;
    throw new OptionsError(
      `${option} takes an address or a network, as in 127.0.0.1 or 10.1.2.0/24, got ${JSON.stringify(one)}.`,
    );
  });
}

/** From the environment alone: it may hold a password, and options stand in everybody's list of processes. */
function readRedis(url: string | undefined): string | undefined {
  if (url === undefined || /^rediss?:$/.test(URL.parse(url)?.protocol ?? '')) return url;
  throw new OptionsError(
    'REDIS_URL takes redis://host:port or rediss://host:port; what was given is not shown, as it may hold a password.',
  );
}
