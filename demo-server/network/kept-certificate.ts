/**
 * The certificate of `--https`, kept in a file so that nobody has to trust another one after each start; made anew, and said
 * so, wherever the one that is kept cannot serve: damaged, of another time, for other names.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { makeFolder } from '../store/folder.ts';
import { type Certificate, makeCertificate } from './certificate.ts';

/** A certificate is made anew when it would end within so long, and lasts a school year. */
const RENEW_MS = 7 * 24 * 60 * 60 * 1000;
const DAYS = 365;
const FILE = 'certificate.json';
/** No clock that is right shows less: this part of Pushlab was written later. */
const WRITTEN_MS = Date.UTC(2026, 10, 1);
/** Names of networks that the machine was in before stay in a new certificate, so that it need not be made anew in each room. */
const NAMES = 24;

/** A certificate, and what has to be said of it in the terminal: sentences, none where all is as it was. */
export interface ServedCertificate extends Certificate {
  notes: string[];
}

/** The names under which devices find this machine: its own, then these addresses and names. */
export function ownNames(others: readonly string[]): string[] {
  const local = hostname().split('.')[0] ?? '';
  const named = /^[\w-]+$/.test(local) ? [local, `${local}.local`] : [];
  return [...new Set(['localhost', '127.0.0.1', '::1', ...named, ...others])];
}

/** Whether a certificate names all of these names and addresses. */
export const isFor = ({ cert }: Certificate, names: readonly string[]): boolean =>
  firstMissing(new X509Certificate(cert), names) === undefined;

/**
 * The certificate for these names: the one kept in folder `dir` while it fits, else a new one, kept there readable by its
 * owner only. Without a folder it lives as long as the process. Never rejects: what cannot be kept is served all the same.
 * `clock` in ms since the epoch.
 */
export async function certificateFor(
  names: readonly string[],
  dir?: string,
  clock: () => number = Date.now,
): Promise<ServedCertificate> {
  const notes: string[] = [];
  if (clock() < WRITTEN_MS)
    notes.push(
      `The clock of this machine says ${dayOf(clock())}, which cannot be right: devices will take the certificate for one that has ended. Set the clock, then start again.`,
    );
  if (dir === undefined) return { ...makeCertificate(names, DAYS, clock()), notes };
  const file = join(dir, FILE);
  const { certificate, fault, knew } = await readKept(file, names, clock());
  if (certificate) return { ...certificate, notes };
  const made = makeCertificate([...new Set([...names, ...knew])].slice(0, NAMES), DAYS, clock());
  if (fault) notes.push(`${fault} A new certificate was made, with another fingerprint: devices are warned once more.`);
  await keep(dir, file, made).catch((error: Error) => {
    notes.push(
      `The certificate cannot be kept in ${file} (${error.message}): the next start makes another one. Give this user the right to write there, or choose another folder with --data-dir.`,
    );
  });
  return { ...made, notes };
}

/** What is kept: the certificate if it can serve, else why not (null where there was none), and the names that it had. */
async function readKept(
  file: string,
  names: readonly string[],
  at: number,
): Promise<{ certificate?: Certificate; fault: string | null; knew: string[] }> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { fault: code === 'ENOENT' ? null : `The certificate in ${file} cannot be read (${message}).`, knew: [] };
  }
  let key: string;
  let x509: X509Certificate;
  try {
    const read = JSON.parse(text) as { key: string; cert: string };
    key = read.key;
    x509 = new X509Certificate(read.cert);
    if (!x509.checkPrivateKey(createPrivateKey(key))) throw new Error('the key is that of another certificate');
  } catch {
    return { fault: `The certificate in ${file} was damaged.`, knew: [] };
  }
  const knew = (x509.subjectAltName ?? '').split(', ').map((one) => one.replace(/^(?:DNS|IP Address):/, ''));
  const fault = faultOf(x509, names, at);
  if (fault !== undefined) return { fault, knew };
  return { certificate: { key, cert: x509.toString(), fingerprint: x509.fingerprint256 }, fault: null, knew };
}

/** Why a certificate cannot serve at this time under these names; undefined where it can. */
function faultOf(x509: X509Certificate, names: readonly string[], at: number): string | undefined {
  const [from, to] = [x509.validFromDate.getTime(), x509.validToDate.getTime()];
  if (at < from)
    return `The certificate that was kept is valid from ${dayOf(from)} only: this machine's clock was ahead when it was made, or is behind now.`;
  if (to - RENEW_MS < at) return `The certificate that was kept is valid until ${dayOf(to)}.`;
  const missing = firstMissing(x509, names);
  if (missing !== undefined) return `The certificate that was kept is not for ${missing}.`;
  return undefined;
}

const firstMissing = (x509: X509Certificate, names: readonly string[]): string | undefined =>
  names.find((name) => !(isIP(name) ? x509.checkIP(name) : x509.checkHost(name)));

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Writes a file beside it and puts that in its place: where power fails, the old one or the new one is there, whole. */
async function keep(dir: string, file: string, { key, cert }: Certificate): Promise<void> {
  makeFolder(dir);
  const beside = `${file}.${process.pid}.new`;
  try {
    const handle = await open(beside, 'w', 0o600);
    try {
      await handle.writeFile(JSON.stringify({ key, cert }));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
