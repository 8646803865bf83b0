/** What the server was started with: its options and the environment, read and checked before anything is opened. */
import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { readOrigin } from './cors.ts';
import { isBadPort } from './network/bad-ports.ts';

export const HELP = `Pushlab: site and demo server.

  npm start -- [options]

  --port <n>     port to listen on, 0 = any free one      (default 4321, or PORT)
  --host <name>  address to listen on, 0.0.0.0 = everyone (default localhost, or PUSHLAB_HOST)
  --http2-host <name>  where the lab of connections starts its HTTP/2 servers (default: this machine alone)
  --second-port <n>  port of the hostile page in the lesson on security, 0 = any free one, none = no such page
                 (default: one above the port, or any free one)
  --no-site      only the demo routes, without the pages
  --trust-proxy <address>  believes this proxy who asked (X-Forwarded-For); an address or network, several with commas
  --allow-origin <origin>  pages of this origin may use the server, too; may be given several times

  --classroom             opens a class for everyone in the network (then --host is 0.0.0.0 unless given)
  --classroom-name <text> what it is called; goes on with the last class of that name
  --join-address <address>  which of this machine's addresses the code on the wall shows: an address, or the name of a
                          network (default: the likeliest; the teacher's console can choose, too)
  --public-url <origin>   where devices reach the class, if not here: a proxy's address, a container's host
  --https                 speaks HTTPS, with a certificate made on the spot (browsers then give finer timers)
  --data-dir <folder>     where classes are kept, ":memory:" = nowhere (default data)

  --help         this text

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
  /** Port of the hostile page, 0 = any free one; undefined where nobody named one. */
  secondPort: number | 'none' | undefined;
  /** Whether the pages are served beside the demo routes. */
  site: boolean;
  /** Addresses and networks of proxies; undefined where none is trusted. */
  trustProxy: string[] | undefined;
  allowOrigins: string[];
  classroom: boolean;
  classroomName: string | undefined;
  publicUrls: string[];
  /** An address of this machine or the name of a network of it; undefined = the likeliest. */
  joinAddress: string | undefined;
  https: boolean;
  /** ":memory:" = nowhere. */
  dataDir: string;
  redisUrl: string | undefined;
}

/** An option or variable that makes no sense: what was given, and what is taken, in one sentence for the terminal. */
export class OptionsError extends Error {}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        'http2-host': { type: 'string' },
        'second-port': { type: 'string' },
        classroom: { type: 'boolean', default: false },
        'classroom-name': { type: 'string' },
        'join-address': { type: 'string' },
        'public-url': { type: 'string', multiple: true, default: [] },
        'data-dir': { type: 'string', default: 'data' },
        'trust-proxy': { type: 'string' },
        https: { type: 'boolean', default: false },
        'no-site': { type: 'boolean', default: false },
        'allow-origin': { type: 'string', multiple: true, default: [] },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    const [line = ''] = (error as Error).message.split('\n');
    throw new OptionsError(`${line.replace(/\.?$/, '.')} See npm start -- --help.`);
  }
}

/**
 * Reads the command line (without node and script) and the environment. The command line has the last word; a variable
 * that is empty is not there. 'help' where that is asked for, whatever else is. Throws an OptionsError.
 */
export function readOptions(argv: readonly string[], env: NodeJS.ProcessEnv): Options | 'help' {
  const given = parse(argv);
  if (given.help) return 'help';
  const classroomName = given['classroom-name']?.trim();
  const classroom = given.classroom || classroomName !== undefined;
  // HOST itself means other things to many shells (zsh, csh, conda export the machine's name): it is not read.
  const named = given.host ?? (env.PUSHLAB_HOST || undefined);
  const host = named ?? (classroom ? '0.0.0.0' : 'localhost');
  const secondText = given['second-port'] ?? (env.SECOND_PORT || undefined);
  const options: Options = {
    port: readPort(given.port ?? (env.PORT || '4321'), '--port (or PORT)', 'a number from 0 to 65535'),
    host,
    hostFrom: named === undefined ? undefined : given.host === undefined ? 'PUSHLAB_HOST' : '--host',
    http2Host: given['http2-host'],
    secondPort:
      secondText === undefined || secondText === 'none'
        ? secondText
        : readPort(secondText, '--second-port (or SECOND_PORT)', 'a number from 0 to 65535, or none'),
    site: !given['no-site'],
    trustProxy: given['trust-proxy'] === undefined ? undefined : readProxies(given['trust-proxy']),
    allowOrigins: given['allow-origin'].map((one) => checkOrigin('--allow-origin', 'https://pushlab.example', one)),
    classroom,
    classroomName,
    publicUrls: given['public-url'].map((one) => checkOrigin('--public-url', 'https://class.example', one)),
    joinAddress: readJoinAddress(given['join-address'], given['public-url']),
    https: given.https,
    dataDir: given['data-dir'],
    redisUrl: readRedis(env.REDIS_URL || undefined),
  };
  if (host === '' || /[\s/@?#]/.test(host))
    throw new OptionsError(
      `${options.hostFrom} takes a name or an address of this machine, as in localhost or 0.0.0.0, got ${JSON.stringify(host)}.`,
    );
  if (classroomName === '') throw new OptionsError('--classroom-name takes a name, got none.');
  return options;
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

function checkOrigin(option: string, example: string, text: string): string {
  const origin = readOrigin(text);
  if (origin !== undefined) return origin;
  throw new OptionsError(
    `${option} takes an origin, as in ${example} (no path, no slash), got ${JSON.stringify(text)}.`,
  );
}

function readProxies(list: string): string[] {
  const proxies = list.split(',').map((one) => one.trim());
  for (const one of proxies) {
    const [, address = '', bits = '0'] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(one) ?? [];
    const family = isIP(address);
    if (family === 0 || Number(bits) > (family === 4 ? 32 : 128))
      throw new OptionsError(
        `--trust-proxy takes an address or a network, as in 127.0.0.1 or 10.1.2.0/24, got ${JSON.stringify(one)}.`,
      );
  }
  return proxies;
}

/** From the environment alone: it may hold a password, and options stand in everybody's list of processes. */
function readRedis(url: string | undefined): string | undefined {
  if (url === undefined || /^rediss?:$/.test(URL.parse(url)?.protocol ?? '')) return url;
  throw new OptionsError(
    'REDIS_URL takes redis://host:port or rediss://host:port; what was given is not shown, as it may hold a password.',
  );
}
