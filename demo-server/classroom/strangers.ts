/** Connections that have not said yet who they are: the only ones that a network may have few of. */
import { randomInt } from 'node:crypto';
import { isIPv6 } from 'node:net';

/**
 * The network that an address counts for: an IPv4 address itself, of IPv6 the first 64 bits, as one device can have all
 * addresses of such a network.
 */
export function networkOf(address: string): string {
  const [, ipv4] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  if (ipv4) return ipv4;
  const [plain = ''] = address.split('%');
  if (!isIPv6(plain)) return address;
  const [head = '', tail] = plain.split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const all = [...groups, ...new Array<string>(missing).fill('0'), ...(tail ? tail.split(':') : [])];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

/** Holds at most `most` of each network. */
export class Strangers<T> {
  readonly #most: number;
  readonly #byNetwork = new Map<string, Set<T>>();

  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Adds one. Returns the one that has to make room, if any, drawn by lot: with the oldest or the newest, whoever connects
   * most often would shut the others out.
   */
  add(network: string, stranger: T): T | undefined {
    const all = this.#byNetwork.get(network) ?? new Set();
    const out = all.size >= this.#most ? [...all][randomInt(Math.max(1, all.size))] : undefined;
    if (out !== undefined) all.delete(out);
    this.#byNetwork.set(network, all.add(stranger));
    return out;
  }

  remove(network: string, stranger: T): void {
    const all = this.#byNetwork.get(network);
    if (all?.delete(stranger) && all.size === 0) this.#byNetwork.delete(network);
  }
}
