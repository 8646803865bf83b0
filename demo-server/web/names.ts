/** Names and addresses of machines: which mean this one, and which nobody else can give to it. */
import { isIP, isIPv6 } from 'node:net';
import { hostname } from 'node:os';

/** A host as it is compared: small, without the brackets that an address has in a URL, or the dot that ends a whole name. */
const bare = (host: string): string => host.toLowerCase().replace(/^\[|\]$|\.$/g, '');

/** Whether a host (a name or an address, without a port) leads a machine to itself. */
export function isLoopbackName(host: string): boolean {
  const name = bare(host);
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}

/** An IPv4 address as such, also where a socket for both families writes it as one of IPv6. */
export const plainAddress = (address: string | undefined = ''): string => address.replace(/^::ffff:(?=[\d.]+$)/i, '');

/** Suffixes that a home or a school hangs behind its machines' names and that nobody can register (RFC 6762, 8375, ICANN). */
const LOCAL_SUFFIXES = ['local', 'lan', 'home.arpa', 'internal', 'localdomain'];

/**
 * Whether a stranger's DNS can make this name lead here. It cannot for an address, for a name without a dot, for
 * localhost, and for this machine's own name, alone or in its local network. `machine` is that name.
 */
export function isOwnName(host: string, machine: string = hostname()): boolean {
  const name = bare(host);
  const own = machine.toLowerCase();
  if (isIP(name) !== 0 || isLoopbackName(name) || !name.includes('.')) return true;
  const [short] = own.split('.');
  return name === own || LOCAL_SUFFIXES.some((suffix) => name === `${short}.${suffix}`);
}

/**
 * The network that an address counts for in a limit: an IPv4 address itself, of IPv6 the first 64 bits, as one device can
 * have all addresses of such a network. What is no address (a proxy may pass on any text) counts as one, and so do clients
 * that have gone before they were looked at: Node then knows no address, although Fastify's type of `request.ip` says so.
 */
export function networkOf(address: string | undefined = ''): string {
  const [, ipv4] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  if (ipv4) return ipv4;
  const [plain = ''] = address.split('%');
  if (!isIPv6(plain)) return isIP(plain) === 4 ? plain : 'unknown';
  const [head = '', tail] = plain.split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const all = [...groups, ...new Array<string>(missing).fill('0'), ...(tail ? tail.split(':') : [])];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
