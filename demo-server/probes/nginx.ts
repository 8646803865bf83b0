/**
 * A real nginx as a child in the foreground, with a folder and a port of its own; never the system's service. It ends with
 * this process, however that ends: a shell between the two waits for its input to close, and clears away.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NginxDefaults } from '../protocol.ts';

export interface Nginx {
  port: number;
  url: string;
  /** The configuration of the site as nginx read it. */
  conf: string;
  /** Ends the child and removes its folder. */
  stop(): Promise<void>;
  /** Resolves when it has ended, whoever ended it. */
  ended: Promise<void>;
}

/** The addresses that stand in content/proxy/*.conf, to be copied; here the real ones take their place. */
const LISTEN = '127.0.0.1:8080';
const SERVER = '127.0.0.1:4321';
/** Somebody else may take a free port before nginx does. */
const ATTEMPTS = 5;

/**
 * `sh -c … nginx folder`: runs nginx until standard input ends, which it does when the process behind it has gone, by
 * SIGKILL too. A Ctrl+C in the terminal reaches all of the group; this one has to live on to clear away.
 */
const UNTIL_INPUT_ENDS = `
trap '' INT TERM HUP
exec 3<&0
"$0" -p "$1" -c "$1/nginx.conf" -e stderr 3<&- </dev/null & nginx=$!
{ cat <&3 >/dev/null; kill "$nginx" 2>/dev/null; } 2>/dev/null &
exec 3<&- 2>&-
wait "$nginx"
rm -rf "$1"
`;

/** As in `nginx 1.22.1`. `program` is its full path. */
export function nginxVersion(program: string): string {
  const said = execFileSync('sh', ['-c', '"$0" -v 2>&1', program], { encoding: 'utf8' });
  return said.trim().replace(/^nginx version: nginx\/(\S+).*/s, 'nginx $1');
}

/** One of the configurations that the pages show: `content/proxy/<name>.conf`. */
export function proxyConf(name: string): Promise<string> {
  return readFile(join(import.meta.dirname, '../../content/proxy', `${name}.conf`), 'utf8');
}

/** A configuration by the defaults before or since nginx 1.29.7, set by hand, whichever nginx reads it. */
export async function withDefaults(defaults: NginxDefaults, conf: string): Promise<string> {
  return `${await proxyConf(`${defaults}-defaults`)}\n${conf}`;
}

/** A configuration with more lines in its `server`. Throws where it has none. */
export function withLines(conf: string, ...lines: string[]): string {
  const [before, after, ...more] = conf.split('\nserver {\n');
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`takes a configuration with one server, got ${JSON.stringify(conf)}`);
  return `${before}\nserver {\n${lines.map((line) => `  ${line}\n`).join('')}${after}`;
}

/**
 * Starts nginx with `conf` (what one would put into conf.d/) in front of a server, given by its port on 127.0.0.1 or as
 * `host:port`; resolves when it listens.
 */
export async function startNginx(program: string, conf: string, server: number | string): Promise<Nginx> {
  for (const address of [LISTEN, SERVER]) {
    if (!conf.includes(address)) throw new Error(`takes a configuration with ${address}, got ${JSON.stringify(conf)}`);
  }
  const upstream = typeof server === 'number' ? `127.0.0.1:${server}` : server;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOn(await freePort(), program, conf.replaceAll(SERVER, upstream));
    } catch (error) {
      if (attempt === ATTEMPTS || !String(error).includes('bind()')) throw error;
    }
  }
}

async function startOn(port: number, program: string, conf: string): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'pushlab-nginx-'));
  const site = conf.replaceAll(LISTEN, `127.0.0.1:${port}`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${of};`);
  await writeFile(join(folder, 'site.conf'), site);
  await writeFile(
    join(folder, 'nginx.conf'),
    [
      'daemon off;',
      // One process: its end is the end of all of it.
      'master_process off;',
      'pid nginx.pid;',
      'error_log stderr notice;',
      'events {}',
      `http { access_log off; ${temporary.join(' ')} include site.conf; }`,
    ].join('\n'),
  );
  const child = spawn('sh', ['-c', UNTIL_INPUT_ENDS, program, folder], { stdio: ['pipe', 'ignore', 'pipe'] });
  child.stdin.on('error', () => {});
  // What waits for the input to end has nothing to wait for once nginx has ended by itself.
  child.once('exit', () => child.stdin.destroy());
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  const stop = async (): Promise<void> => {
    child.stdin.destroy();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  let said = '';
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (): void => reject(new Error(`nginx did not start: ${said}`));
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-4096);
        // It would go on trying for seconds.
        if (said.includes('bind()')) fail();
        // Said once it listens.
        if (/\[notice\].* OS: /.test(said)) resolve();
      });
      void ended.then(fail);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, url: `http://127.0.0.1:${port}`, conf: site, stop, ended };
}

/** A port of loopback that is free now; somebody else may take it before it is used. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
