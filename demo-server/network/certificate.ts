/**
 * A certificate for the lab's own HTTPS, made when it is asked for and kept in memory only. Browsers speak HTTP/2 over
 * TLS alone, Node makes keys but no certificates, and openssl need not be there. The 60 lines of DER below spare a
 * library of some twenty packages.
 * @see https://www.rfc-editor.org/rfc/rfc5280.html
 */
import { generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';

export interface Certificate {
  /** PEM. */
  key: string;
  /** PEM, signed with that key. */
  cert: string;
  /** SHA-256 of the certificate as browsers show it: `AB:CD:…`. */
  fingerprint: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Makes a certificate that is valid for these names and addresses, from the day before `now` (clocks differ; ms since the
 * epoch) for `days` days.
 */
export function makeCertificate(names: readonly string[], days = 30, now: number = Date.now()): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(set(sequence(oid('2.5.4.3'), der(0x0c, Buffer.from('Pushlab on this machine')))));
  const body = sequence(
    // Version 3, as only that has extensions.
    der(0xa0, der(0x02, Buffer.from([2]))),
    serial(),
    sequence(oid(ECDSA_WITH_SHA256)),
    name,
    sequence(time(now - DAY_MS), time(now + days * DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      sequence(
        // Browsers look at these names only, never at the common one.
        extension('2.5.29.17', sequence(...names.map(alternativeName))),
        // What it may be used for: as a TLS server.
        extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'))),
      ),
    ),
  );
  const signature = sign('sha256', body, privateKey);
  const bytes = sequence(body, sequence(oid(ECDSA_WITH_SHA256)), der(0x03, Buffer.from([0]), signature));
  const certificate = new X509Certificate(bytes);
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: certificate.toString(),
    fingerprint: certificate.fingerprint256,
  };
}

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';

/** One value in DER: tag, length in the shortest form, content. */
function der(tag: number, ...content: Buffer[]): Buffer {
  const inside = Buffer.concat(content);
  const size = inside.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), inside]);
}

const sequence = (...content: Buffer[]): Buffer => der(0x30, ...content);
const set = (...content: Buffer[]): Buffer => der(0x31, ...content);

/** Positive, and never the same twice: Firefox refuses another certificate with a serial that it has seen. */
function serial(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return der(0x02, bytes);
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const septets = (value: number): number[] =>
    value < 0x80 ? [value] : [...septets(value >> 7).map((byte) => byte | 0x80), value & 0x7f];
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(septets)]));
}

/** UTCTime, `YYMMDDhhmmssZ`, from 1950 to 2049, else GeneralizedTime, with four digits for the year (RFC 5280 4.1.2.5). */
function time(ms: number): Buffer {
  const at = new Date(ms);
  const digits = at.toISOString().replace(/\D/g, '').slice(0, 14);
  const short = at.getUTCFullYear() >= 1950 && at.getUTCFullYear() < 2050;
  return short ? der(0x17, Buffer.from(`${digits.slice(2)}Z`)) : der(0x18, Buffer.from(`${digits}Z`));
}

const extension = (id: string, value: Buffer): Buffer => sequence(oid(id), der(0x04, value));

function alternativeName(name: string): Buffer {
  if (isIPv4(name)) return der(0x87, Buffer.from(name.split('.').map(Number)));
  if (isIPv6(name)) return der(0x87, ipv6Bytes(name));
  return der(0x82, Buffer.from(name));
}

/** The 16 bytes of an IPv6 address without a zone. */
function ipv6Bytes(address: string): Buffer {
  // An address knows one form only in a URL: groups in hex, the longest row of zeros as ::.
  const [before = '', after] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string): number[] =>
    text
      .split(':')
      .filter(Boolean)
      .map((group) => Number.parseInt(group, 16));
  const [head, tail] = [groups(before), groups(after ?? '')];
  const zeros = new Array<number>(8 - head.length - tail.length).fill(0);
  return Buffer.from([...head, ...zeros, ...tail].flatMap((group) => [group >> 8, group & 0xff]));
}
