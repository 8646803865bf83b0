/** Listening so that each name of this machine for itself leads here, or to a sentence that says what stands in the way. */
import { createServer, type Server } from 'node:net';

/** A port that cannot be had at one of the addresses at which it has to be. */
export class ListenError extends Error {
  code: string;
  address: string;

  constructor(code: string, address: string, message: string) {
    super(message);
    this.code = code;
    this.address = address;
  }
}

/** Where a server listens: `first` by itself, `further` by `alsoListen`. */
export interface Place {
  port: number;
  first: string;
  further: string[];
}

/** Why an address does not exist here: IPv6 is switched off, or was left out of the kernel. */
const ABSENT = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'];
/** A free port of one loopback address that another program has at the other one is left to it so often. */
const TRIES = 20;

/**
 * The addresses to listen on for a host, and those at which no other program may listen, as "localhost" would lead to it:
 * browsers take localhost for ::1 and for 127.0.0.1, whatever a hosts file says (RFC 6761 6.3), and try ::1 first.
 */
function addressesOf(host: string): { listen: string[]; free: string[] } {
  if (host === 'localhost') return { listen: ['127.0.0.1', '::1'], free: [] };
  if (host === '0.0.0.0') return { listen: ['0.0.0.0', '::1'], free: ['127.0.0.1'] };
  // Where IPv6 is there, :: takes both families; macOS lets others keep one of the addresses within.
  if (host === '::') return { listen: ['::'], free: ['127.0.0.1', '::1'] };
  return { listen: [host], free: [] };
}

/**
 * Finds out whether `port` (0 = any free one) can be had at every address of `host`. Rejects with a ListenError that names
 * the first at which it cannot.
 */
export async function findPlace(host: string, port: number): Promise<Place> {
  const { listen, free } = addressesOf(host);
  const [first = host] = listen;
  for (let tries = 1; ; tries += 1) {
    try {
      // One after the other: at the same time a wildcard would be in the way of the addresses within it.
      const chosen = await tryOut(first, port);
      if (chosen === undefined) throw new ListenError('EADDRNOTAVAIL', first, `${first} is no address of this machine`);
      const further: string[] = [];
      for (const address of listen.slice(1)) if ((await tryOut(address, chosen)) !== undefined) further.push(address);
      for (const address of free) await tryOut(address, chosen);
      return { port: chosen, first, further };
    } catch (error) {
      const taken = error instanceof ListenError && error.code === 'EADDRINUSE';
      if (port !== 0 || !taken || tries >= TRIES) throw error;
    }
  }
}

/** Listens for a moment; resolves with the port, undefined where this machine has no such address. Rejects with a ListenError. */
function tryOut(address: string, port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', ({ code = '', message }: NodeJS.ErrnoException) => {
      if (ABSENT.includes(code) && address.includes(':')) resolve(undefined);
      else reject(new ListenError(code, address, message));
    });
    server.listen({ port, host: address }, () => {
      const at = server.address();
      server.close(() => resolve(typeof at === 'object' && at ? at.port : port));
    });
  });
}

/**
 * Accepts connections at further addresses on behalf of `server`, which listens already: to it they are as its own. Resolves
 * with what stops that, which resolves when those that are open have come to their end. Rejects with a ListenError.
 */
export async function alsoListen(server: Server, { port, further }: Place): Promise<() => Promise<void>> {
  const doors: Server[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(doors.map((door) => new Promise((resolve) => door.close(resolve))));
  };
  for (const address of further) {
    // As node:http has its own: a client that has sent all may still read.
    const door = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => server.emit('connection', socket));
    await new Promise<void>((resolve, reject) => {
      door.once('error', ({ code = '', message }: NodeJS.ErrnoException) => {
        void close();
        reject(new ListenError(code, address, message));
      });
      door.listen({ port, host: address }, resolve);
    });
    doors.push(door);
  }
  return close;
}
