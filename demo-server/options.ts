/** What the server was started with: its options and the environment, read and checked before anything is opened. */
import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { readOrigin } from './cors.ts';

export const HELP = `Pushlab: site and demo server.

  npm start -- [options]

  --port <n>     port to listen on, 0 = any free one      (default 4321, or PORT)
  --host <name>  address to listen on, 0.0.0.0 = everyone (default localhost, or HOST)
  --http2-host <name>  where the lab of connections starts its HTTP/2 servers (default: this machine alone)
  --second-port <n>  port of the hostile page in the lesson on security, 0 = any free one, none = no such page
                 (default: one above the port, or any free one)
  --no-site      only the demo routes, without the pages
  --trust-proxy <address>  believes this proxy who asked (X-Forwarded-For); an address or network, several with commas
  --allow-origin <origin>  pages of this origin may use the server, too; may be given several times

  --classroom             opens a class for everyone in the network (then --host is 0.0.0.0 unless given)
  --classroom-name <text> what it is called; goes on with the last class of that name
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
  const host = given.host ?? (env.HOST || (classroom ? '0.0.0.0' : 'localhost'));
  const secondText = given['second-port'] ?? (env.SECOND_PORT || undefined);
  const options: Options = {
    port: readPort(given.port ?? (env.PORT || '4321'), '--port (or PORT) takes a number from 0 to 65535'),
    host,
    http2Host: given['http2-host'],
    secondPort:
      secondText === undefined || secondText === 'none'
        ? secondText
        : readPort(secondText, '--second-port (or SECOND_PORT) takes a number from 0 to 65535, or none'),
    site: !given['no-site'],
    trustProxy: given['trust-proxy'] === undefined ? undefined : readProxies(given['trust-proxy']),
    allowOrigins: given['allow-origin'].map((one) => checkOrigin('--allow-origin', 'https://pushlab.example', one)),
    classroom,
    classroomName,
    publicUrls: given['public-url'].map((one) => checkOrigin('--public-url', 'https://class.example', one)),
    https: given.https,
    dataDir: given['data-dir'],
    redisUrl: readRedis(env.REDIS_URL || undefined),
  };
  if (host === '') throw new OptionsError('--host takes a name or an address, got "".');
  if (classroomName === '') throw new OptionsError('--classroom-name takes a name, got none.');
  return options;
}

function readPort(text: string, takes: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65535) return port;
  throw new OptionsError(`${takes}, got ${JSON.stringify(text)}.`);
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
