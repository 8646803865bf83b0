/** Over which network this machine reaches others: there the devices of a class are most likely, too. */
import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';

/** The default routes by family, the preferred one first: each the name of a network, or the address that it gives this machine. */
export interface DefaultRoutes {
  ipv4: string[];
  ipv6: string[];
}

/** Addresses that are in no network, kept for documentation (RFC 5737, RFC 3849); the way to them is the default route. */
const NOWHERE = { udp4: '192.0.2.1', udp6: '2001:db8::1' } as const;
/** RTF_UP and RTF_REJECT of Linux's route.h. */
const UP = 0x1;
const REJECT = 0x200;

/** Looks it up: on Linux in /proc/net, elsewhere by the source address that the system would choose. Sends nothing. Never rejects. */
export async function defaultRoutes(): Promise<DefaultRoutes> {
  const [ipv4, ipv6] = await Promise.all([routesIn('route', defaultsIn), routesIn('ipv6_route', defaultsIn6)]);
  // Not on Linux, or where a program may not read it, as on Android.
  return {
    ipv4: ipv4 ?? (await sourceAddress('udp4', NOWHERE.udp4)),
    ipv6: ipv6 ?? (await sourceAddress('udp6', NOWHERE.udp6)),
  };
}

function routesIn(name: string, read: (table: string) => string[]): Promise<string[] | undefined> {
  return readFile(`/proc/net/${name}`, 'utf8').then(read, () => undefined);
}

/** The networks of the default routes in Linux's /proc/net/route, lowest metric first. */
export function defaultsIn(table: string): string[] {
  const routes = table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/));
  return inOrder(
    routes
      .filter(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')
      .map(([name = '', , , flags = '', , , metric]) => ({
        name,
        flags: Number.parseInt(flags, 16),
        metric: Number(metric),
      })),
  );
}

/** The same for /proc/net/ipv6_route, whose numbers are all in hex; its "default by lo" says that there is none. */
export function defaultsIn6(table: string): string[] {
  const routes = table.split('\n').map((line) => line.trim().split(/\s+/));
  return inOrder(
    routes
      .filter(([destination, bits]) => destination === '0'.repeat(32) && bits === '00')
      .map(([, , , , , metric = '', , , flags = '', name = '']) => ({
        name,
        flags: Number.parseInt(flags, 16),
        metric: Number.parseInt(metric, 16),
      })),
  );
}

function inOrder(routes: { name: string; flags: number; metric: number }[]): string[] {
  const usable = routes.filter(({ name, flags }) => name !== 'lo' && (flags & UP) !== 0 && (flags & REJECT) === 0);
  return [...new Set(usable.sort((a, b) => a.metric - b.metric).map(({ name }) => name))];
}

/**
 * The address that a packet to `to` would leave from, none without a route there: a UDP socket that is connected has it, and
 * sends nothing. Port 9 is that of "discard".
 */
export function sourceAddress(type: 'udp4' | 'udp6', to: string, port = 9): Promise<string[]> {
  return new Promise((resolve) => {
    const socket = createSocket(type);
    const done = (addresses: string[]): void => {
      socket.close();
      resolve(addresses);
    };
    socket.once('error', () => done([]));
    socket.connect(port, to, () => {
      const { address } = socket.address();
      // Without a route some systems take any address for the right one.
      done(address === '::' || address === '0.0.0.0' ? [] : [address]);
    });
  });
}
