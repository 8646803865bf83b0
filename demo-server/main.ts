/** The process: options, listen, signals. Everything else is app.ts. */
import { access } from 'node:fs/promises';
import { isIP } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildApp } from './app.ts';
import { StoreError } from './classroom/sqlite-log.ts';
import { invitation, openLog } from './classroom/start.ts';
import { readOrigin } from './cors.ts';
import { certificateFor, listenSecure, ownNames, type SecureFront } from './https.ts';

const HELP = `Pushlab: site and demo server.

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

/** From the first signal until open connections are cut off; well inside the 2 s in which the process has to be gone. */
const PATIENCE_MS = 1200;

const REDIS_UP = 'Redis is there; this server serves the runs of all that share it.';
const REDIS_DOWN = 'Runs go on here; it is tried again until it is there.';

const siteDir = fileURLToPath(new URL('../dist', import.meta.url));

function fail(line: string): never {
  process.stderr.write(`pushlab: ${line}\n`);
  process.exit(1);
}

function options() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: process.env.PORT || '4321' },
        host: { type: 'string' },
        'http2-host': { type: 'string' },
        'second-port': { type: 'string', default: process.env.SECOND_PORT || '' },
        classroom: { type: 'boolean', default: false },
        'classroom-name': { type: 'string' },
        'public-url': { type: 'string' },
        'data-dir': { type: 'string', default: 'data' },
        'trust-proxy': { type: 'string' },
        https: { type: 'boolean', default: false },
        'no-site': { type: 'boolean', default: false },
        'allow-origin': { type: 'string', multiple: true, default: [] },
        help: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (error) {
    return fail(`${(error as Error).message.split('\n')[0]?.replace(/\.?$/, '.')} See npm start -- --help.`);
  }
}

const {
  port: portText,
  'http2-host': http2Host,
  'second-port': secondText,
  'no-site': noSite,
  'allow-origin': origins,
  help,
  ...given
} = options();
const withClass = given.classroom || given['classroom-name'] !== undefined;
const host = given.host ?? (process.env.HOST || (withClass ? '0.0.0.0' : 'localhost'));
if (help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const port = Number(portText);
if (!/^\d+$/.test(portText) || port > 65535)
  fail(`--port (or PORT) takes a number from 0 to 65535, got ${JSON.stringify(portText)}.`);
if (!/^(\d*|none)$/.test(secondText) || Number(secondText) > 65535)
  fail(`--second-port (or SECOND_PORT) takes a number from 0 to 65535, or none, got ${JSON.stringify(secondText)}.`);
if (host === '') fail('--host takes a name or an address, got "".');
for (const one of origins) {
  if (readOrigin(one) === undefined)
    fail(
      `--allow-origin takes an origin, as in https://pushlab.example (no path, no slash), got ${JSON.stringify(one)}.`,
    );
}
if (!noSite) {
  // Written when the build has all but ended: index.html is there even where it broke off.
  await access(`${siteDir}/csp.json`).catch(() =>
    fail('the site is not built yet: run npm run build, or npm start, which does.'),
  );
}

const trustProxy = given['trust-proxy']?.split(',').map((one) => one.trim());
for (const one of trustProxy ?? []) {
  const [address = '', bits = '', ...more] = one.split('/');
  if (isIP(address) === 0 || !/^\d{0,3}$/.test(bits) || more.length > 0)
    fail(`--trust-proxy takes an address or a network, as in 127.0.0.1 or 10.0.0.0/8, got ${JSON.stringify(one)}.`);
}
// From the environment alone: it may hold a password, and options stand in everybody's list of processes.
const redisUrl = process.env.REDIS_URL || undefined;
if (redisUrl !== undefined && !/^rediss?:$/.test(URL.parse(redisUrl)?.protocol ?? ''))
  fail(
    'REDIS_URL takes redis://host:port or rediss://host:port; what was given is not shown, as it may hold a password.',
  );
const publicUrl = given['public-url'];
if (publicUrl !== undefined && readOrigin(publicUrl) === undefined)
  fail(
    `--public-url takes an origin, as in https://class.example (no path, no slash), got ${JSON.stringify(publicUrl)}.`,
  );
if (given['classroom-name']?.trim() === '') fail('--classroom-name takes a name, got none.');
const log = withClass
  ? await openLog(given['data-dir'], redisUrl).catch((error) =>
      fail(error instanceof StoreError ? error.message : (error as Error).message),
    )
  : undefined;
let front: SecureFront | undefined;
const app = await buildApp({
  http2Host,
  redisUrl,
  redisChanged: (up, fault) =>
    process.stderr.write(`pushlab: ${up ? REDIS_UP : `${fault ?? 'Redis cannot be reached'}. ${REDIS_DOWN}`}\n`),
  allowOrigins: origins,
  trustProxy,
  addressOf: (port) => front?.addressOf(port),
  ...(noSite ? {} : { siteDir }),
  classroom: withClass
    ? { name: given['classroom-name']?.trim(), log, publicUrl, secureFront: () => front }
    : undefined,
}).catch((error: Error) => {
  if (error instanceof StoreError) fail(error.message);
  throw error;
});
const keepsFiles = withClass && given['data-dir'] !== ':memory:';
const certificate = given.https
  ? await certificateFor(ownNames(), keepsFiles ? given['data-dir'] : undefined)
  : undefined;
try {
  await app.listen(certificate ? { port: 0, host: '127.0.0.1' } : { port, host });
  const inner = app.server.address();
  if (certificate && typeof inner === 'object' && inner)
    front = await listenSecure(certificate, { host, port, to: inner.port });
} catch (error) {
  explain(error as NodeJS.ErrnoException, port, '--port');
}
function explain({ code, message }: NodeJS.ErrnoException, port: number, option: string): never {
  if (code === 'EADDRINUSE') fail(`port ${port} is taken: stop what listens there, or choose another with ${option}.`);
  if (code === 'EACCES') fail(`port ${port} needs more rights: choose one above 1023 with ${option}.`);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EADDRNOTAVAIL')
    fail(`--host ${host} is no address of this machine: choose localhost, or 0.0.0.0 to be reached by everyone.`);
  fail(message);
}
const address = app.server.address();
const boundPort = front?.port ?? (typeof address === 'object' && address ? address.port : port);
const scheme = front ? 'https' : 'http';
const origin = `${scheme}://${host.includes(':') ? `[${host}]` : host}`;
process.stdout.write(`Pushlab listens on ${origin}:${boundPort}\n`);

/** A port that nobody named may be another one; one that was named is meant. */
async function listenSecond(): Promise<void> {
  const wanted = secondText === '' ? (boundPort + 1) % 65536 : Number(secondText);
  await app.secondOrigin.listen({ port: wanted, host }).catch((error) => {
    if (secondText !== '') explain(error, wanted, '--second-port');
    return app.secondOrigin.listen({ port: 0, host });
  });
  const second = app.secondOrigin.server.address();
  if (typeof second === 'object' && second)
    process.stdout.write(`The hostile page of the lesson on security is on ${origin}:${second.port}\n`);
}
// A page over HTTPS may show no frame over HTTP: the hostile page stays away.
if (!noSite && secondText !== 'none' && !front) await listenSecond();
if (app.classroom) process.stdout.write(invitation(app.classroom, `${scheme}://localhost:${boundPort}`));
if (certificate) process.stdout.write(howToTrust(certificate.fingerprint));

/** No authority vouches for it: the first visit of each device shows a warning, and a way past it. */
function howToTrust(fingerprint: string): string {
  return `
The certificate was made by this server, so every browser warns once. Look at the certificate that the warning shows: if
its SHA-256 fingerprint is this one, nobody stands in between, and one may go on (“Advanced”).
  ${fingerprint}
`;
}

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  const patience = setTimeout(() => app.endConnections(), PATIENCE_MS);
  await app.close();
  front?.close();
  clearTimeout(patience);
  process.exit(0);
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
