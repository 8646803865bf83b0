/** The process: options, listen, signals. Everything else is app.ts. */
import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { buildApp } from './app.ts';
import { StoreError } from './classroom/sqlite-log.ts';
import { invitation, openLog } from './classroom/start.ts';
import { certificateFor, listenSecure, ownNames, type SecureFront } from './https.ts';
import { HELP, type Options, OptionsError, readOptions } from './options.ts';

/** From the first signal until open connections are cut off; well inside the 2 s in which the process has to be gone. */
const PATIENCE_MS = 1200;

const REDIS_UP = 'Redis is there; this server serves the runs of all that share it.';
const REDIS_DOWN = 'Runs go on here; it is tried again until it is there.';

const siteDir = fileURLToPath(new URL('../dist', import.meta.url));

function fail(line: string): never {
  process.stderr.write(`pushlab: ${line}\n`);
  process.exit(1);
}

function optionsOrEnd(): Options {
  try {
    const options = readOptions(process.argv.slice(2), process.env);
    if (options !== 'help') return options;
  } catch (error) {
    if (error instanceof OptionsError) fail(error.message);
    throw error;
  }
  process.stdout.write(HELP);
  process.exit(0);
}

const options = optionsOrEnd();
const { host, port, site, secondPort, dataDir, redisUrl } = options;
if (site) {
  // Written when the build has all but ended: index.html is there even where it broke off.
  await access(`${siteDir}/csp.json`).catch(() =>
    fail('the site is not built yet: run npm run build, or npm start, which does.'),
  );
}

const log = options.classroom
  ? await openLog(dataDir, redisUrl).catch((error) =>
      fail(error instanceof StoreError ? error.message : (error as Error).message),
    )
  : undefined;
let front: SecureFront | undefined;
const app = await buildApp({
  http2Host: options.http2Host,
  redisUrl,
  redisChanged: (up, fault) =>
    process.stderr.write(`pushlab: ${up ? REDIS_UP : `${fault ?? 'Redis cannot be reached'}. ${REDIS_DOWN}`}\n`),
  allowOrigins: options.allowOrigins,
  trustProxy: options.trustProxy,
  addressOf: (port) => front?.addressOf(port),
  ...(site ? { siteDir } : {}),
  classroom: options.classroom
    ? { name: options.classroomName, log, publicUrl: options.publicUrls[0], secureFront: () => front }
    : undefined,
}).catch((error: Error) => {
  if (error instanceof StoreError) fail(error.message);
  throw error;
});
const keepsFiles = options.classroom && dataDir !== ':memory:';
const certificate = options.https ? await certificateFor(ownNames(), keepsFiles ? dataDir : undefined) : undefined;
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
  const wanted = typeof secondPort === 'number' ? secondPort : (boundPort + 1) % 65536;
  await app.secondOrigin.listen({ port: wanted, host }).catch((error) => {
    if (secondPort !== undefined) explain(error, wanted, '--second-port');
    return app.secondOrigin.listen({ port: 0, host });
  });
  const second = app.secondOrigin.server.address();
  if (typeof second === 'object' && second)
    process.stdout.write(`The hostile page of the lesson on security is on ${origin}:${second.port}\n`);
}
// A page over HTTPS may show no frame over HTTP: the hostile page stays away.
if (site && secondPort !== 'none' && !front) await listenSecond();
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
