/** The process: options, listen, signals. Everything else is app.ts. */
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { buildApp } from './app.ts';
import { invitation, joinAddressFault, keepSecret, movedTo, openLog } from './classroom/start.ts';
import { howToTrust, listenSecure, type SecureFront } from './network/https.ts';
import { insideNote, insideOf } from './network/inside.ts';
import { certificateFor, isFor, ownNames, type ServedCertificate } from './network/kept-certificate.ts';
import { lookAtNetworks } from './network/networks.ts';
import { loopbackWithoutProxy } from './network/no-proxy.ts';
import { openFilesFault, watchOpenFiles } from './network/open-files.ts';
import { OpenError, openAt, placeFor, portAfter, type Wanted } from './network/opened.ts';
import { listensEverywhere, listensHereOnly, ownOrigin } from './network/own-address.ts';
import { HELP, isBehindProxy, type Options, OptionsError, readOptions } from './options.ts';
import { StoreError } from './store/errors.ts';
import { VERSION } from './version.ts';
import { readPolicy } from './web/site.ts';

/** From the first signal until open connections are cut off; well inside the 2 s in which the process has to be gone. */
const PATIENCE_MS = 1200;
/** Two signals within so long (ms) are one. */
const TOGETHER_MS = 300;

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
    if (typeof options === 'object') return options;
    process.stdout.write(options === 'help' ? HELP : `Pushlab ${VERSION}, Node ${process.versions.node}\n`);
    process.exit(0);
  } catch (error) {
    if (error instanceof OptionsError) fail(error.message);
    throw error;
  }
}

// The simulated subscribers, a process of their own, reach the server by loopback.
loopbackWithoutProxy();
const options = optionsOrEnd();
const { port, site, secondPort, dataDir, redisUrl } = options;
if (site) {
  await readPolicy(siteDir).catch((error: Error) => fail(error.message));
}

const networks = await lookAtNetworks();
// 0.0.0.0 is all of IPv4; where there is none, a class that named no host is open to IPv6.
const onlyIpv6 = networks.ipv4.length === 0 && networks.ipv6.length > 0;
const host = options.classroom && options.hostFrom === undefined && onlyIpv6 ? '::' : options.host;
if (options.joinAddress !== undefined) {
  const fault = joinAddressFault(options.joinAddress, networks);
  if (fault !== undefined) fail(fault);
}
for (const url of options.production ? options.publicUrls : [])
  if (url.startsWith('http:'))
    process.stderr.write(
      `pushlab: ${url} is plain HTTP: what devices send, codes and links of a class among it, can be read on the way. Give the proxy a certificate and --public-url an https address.\n`,
    );
let stoppingSince: number | undefined;
const scheme = options.https ? 'https' : 'http';
const wanted: Wanted = { host, hostFrom: options.hostFrom, port, portFrom: '--port' };
// Before anything is kept: a start that fails leaves no class behind.
const place = await placeFor(wanted).catch(failOpening);
function failOpening(error: Error): never {
  if (stoppingSince !== undefined) process.exit(0);
  if (error instanceof OpenError) fail(error.message);
  throw error;
}

const log = options.classroom
  ? await openLog(dataDir, redisUrl).catch((error) =>
      fail(error instanceof StoreError ? error.message : (error as Error).message),
    )
  : undefined;
let front: SecureFront | undefined;
// Said once: who runs into it does so again and again.
const openFiles = watchOpenFiles(() => process.stderr.write(`pushlab: ${openFilesFault()}\n`));
const app = await buildApp({
  http2Host: options.http2Host,
  redisUrl,
  redisChanged: (up, fault) =>
    process.stderr.write(`pushlab: ${up ? REDIS_UP : `${fault ?? 'Redis cannot be reached'}. ${REDIS_DOWN}`}\n`),
  publicUrls: options.publicUrls,
  allowHosts: options.allowHosts,
  redisSays: (text) => process.stderr.write(`pushlab: ${text.replace(/\.?$/, '.')}\n`),
  allowOrigins: options.allowOrigins,
  limits: options.limits,
  metricsFrom: options.metricsFrom,
  behindProxy: isBehindProxy(options),
  openFilesReached: () => openFiles.reached,
  logged: options.accessLog ? (line) => process.stdout.write(line) : undefined,
  trustProxy: options.trustProxy,
  addressOf: (port) => front?.addressOf(port),
  ...(site ? { siteDir } : {}),
  classroom: options.classroom
    ? {
        name: options.classroomName,
        log,
        keepDays: options.keepDays,
        publicUrl: options.publicUrls[0],
        joinAddress: options.joinAddress,
        listensAt: () => ({ protocol: scheme, host, port: place.port }),
        moved(join) {
          process.stdout.write(movedTo(join));
          void certifyAlso(join.addresses.map(({ address }) => address).filter(Boolean));
        },
      }
    : undefined,
}).catch((error: Error) => {
  if (error instanceof StoreError) fail(error.message);
  throw error;
});
const closers: (() => Promise<void>)[] = [];

// From now on, so that a signal that comes while it still opens its doors ends it in good order, too.
async function stop(signal: NodeJS.Signals): Promise<void> {
  // npm passes on a Ctrl-C that the terminal has sent already: what comes together is one.
  if (stoppingSince !== undefined && performance.now() - stoppingSince < TOGETHER_MS) return;
  if (stoppingSince !== undefined) process.exit(128 + constants.signals[signal]);
  stoppingSince = performance.now();
  const open = app.ledger.openConnections();
  if (open > 0)
    process.stdout.write(
      `Stopping: streams end, and ${open === 1 ? '1 open connection has' : `${open} open connections have`} ${PATIENCE_MS / 1000} s to close. A second signal ends at once.\n`,
    );
  const patience = setTimeout(() => app.endConnections(), PATIENCE_MS);
  const closed = closers.map((close) => close());
  await app.close();
  await Promise.all(closed);
  front?.close();
  openFiles.close();
  clearTimeout(patience);
  process.exit(0);
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

let certificate: ServedCertificate | undefined;
/** Under which names and addresses devices may find this machine, the newest first. */
let certified = options.publicUrls.map((url) => new URL(url).hostname.replace(/^\[|\]$/g, ''));
/** The certificate for this machine, also at these addresses. */
async function certify(addresses: readonly string[]): Promise<ServedCertificate> {
  certified = [...addresses, ...certified];
  const keepsFiles = options.classroom && dataDir !== ':memory:';
  const made = await certificateFor(ownNames(certified), keepsFiles ? dataDir : undefined);
  for (const note of made.notes) process.stderr.write(`pushlab: ${note}\n`);
  return made;
}
/** Devices that join at addresses which came later find them in the certificate, too. */
async function certifyAlso(addresses: readonly string[]): Promise<void> {
  if (!front || !certificate || isFor(certificate, addresses)) return;
  certificate = await certify(addresses);
  front.show(certificate);
  process.stdout.write(howToTrust(certificate.fingerprint));
}
if (options.https) {
  const shown = host === '::' ? [...networks.ipv4, ...networks.ipv6] : networks.ipv4;
  certificate = await certify(shown.map(({ address }) => address));
  await app.listen({ port: 0, host: '127.0.0.1' });
  const inner = app.server.address();
  if (typeof inner === 'object' && inner)
    front = await listenSecure(certificate, { place, to: inner.port }).catch(failOpening);
} else closers.push(await openAt(app, place, wanted).catch(failOpening));
const origin = ownOrigin(scheme, host, place.port);
process.stdout.write(`Pushlab listens on ${origin}\n`);
if (listensEverywhere(host)) process.stdout.write('Others reach it at every address of this machine.\n');

/** A port that nobody named may be another one; one that was named is meant. */
async function listenSecond(): Promise<void> {
  const wanted: Wanted = {
    host,
    hostFrom: options.hostFrom,
    port: typeof secondPort === 'number' ? secondPort : portAfter(place.port),
    portFrom: '--second-port',
  };
  const found = await placeFor(wanted).catch((error) => {
    if (secondPort !== 'near') failOpening(error);
    return placeFor({ ...wanted, port: 0 });
  });
  closers.push(await openAt(app.secondOrigin, found, wanted).catch(failOpening));
  process.stdout.write(`The hostile page of the lesson on security is on ${ownOrigin(scheme, host, found.port)}\n`);
}
// A page over HTTPS may show no frame over HTTP: the hostile page stays away.
if (site && secondPort !== 'none' && !front) await listenSecond();
if (app.classroom) {
  // A log is kept, copied and read by many; a terminal stands before the one who started this.
  const shown = process.stdout.isTTY && !options.production;
  const keep = (links: string) =>
    keepSecret(dataDir, 'teacher-link', links).catch((error: Error) =>
      fail(`the teacher's link cannot be kept (${error.message}): give a --data-dir that this user may write to.`),
    );
  const inside = options.publicUrls.length === 0 && !listensHereOnly(host) ? insideOf() : undefined;
  const note = inside && ((networked: boolean) => insideNote(inside, place.port, networked));
  process.stdout.write(await invitation(app.classroom, origin, shown ? undefined : keep, note));
}
if (certificate) process.stdout.write(howToTrust(certificate.fingerprint));
