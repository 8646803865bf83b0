/** Names and addresses of machines: which mean this one, and which nobody else can give to it. */
import { isIP } from 'node:net';
import { hostname } from 'node:os';

/** A host as it is compared: small, without the brackets that an address has in a URL, or the dot that ends a whole name. */
const bare = (host: string): string => host.toLowerCase().replace(/^\[|\]$|\.$/g, '');

/** Whether a host (a name or an address, without a port) leads a machine to itself. */
export function isLoopbackName(host: string): boolean {
  const name = bare(host);
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}

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
