/**
 * HTTPS for a network without a name or an authority: a certificate made on the spot, and TLS ended in front of the server.
 * Behind it everything is as without: the tap counts the bytes of HTTP, which are those inside TLS.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Certificate } from './certificate.ts';
import { alsoListen, type Place } from './listen.ts';

/** The first byte of a TLS handshake (RFC 9846 5.1); HTTP begins with a letter. */
const HANDSHAKE = 0x16;
/** A client that says or takes nothing for so long (ms), before its handshake or at the end, is let go. */
const LAST_MS = 10_000;

/** Where devices reach the server over HTTPS. */
export interface SecureFront {
  port: number;
  /** Whose connection reaches the plain server from this port of loopback; undefined where it is not one of these. */
  addressOf(port: number | undefined): string | undefined;
  /** Shows this certificate to clients that connect from now on; what is open stays. */
  show(certificate: Certificate): void;
  /** Lets nobody in any more, and ends what is open. */
  close(): void;
}

/**
 * Listens at a place and passes on to the plain server at loopback port `to`. A client that comes with plain HTTP is sent
 * to the same address with https. Rejects as listen does.
 */
export async function listenSecure(
  { key, cert }: Certificate,
  { place, to }: { place: Place; to: number },
): Promise<SecureFront> {
  const sockets = new Set<Socket>();
  const addresses = new Map<number, string>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
  };
  const secure = createTlsServer({ key, cert, ALPNProtocols: ['http/1.1'], handshakeTimeout: LAST_MS }, (outer) => {
    const inner = connect(to, '127.0.0.1');
    keep(outer);
    keep(inner);
    const from = outer.remoteAddress ?? '';
    inner.once('connect', () => {
      const port = inner.localPort as number;
      addresses.set(port, from);
      inner.once('close', () => addresses.delete(port));
    });
    outer.setNoDelay(true);
    inner.setNoDelay(true);
    outer.pipe(inner).pipe(outer);
    outer.on('close', () => inner.destroy());
    inner.on('close', () => {
      outer.destroySoon();
      // What is on its way still goes, but not to a reader that takes nothing.
      outer.setTimeout(LAST_MS, () => outer.destroy());
    });
  });
  secure.on('tlsClientError', (_error, socket) => socket.destroy());
  const server = createServer({ noDelay: true }, (socket) => {
    keep(socket);
    socket.setTimeout(LAST_MS, () => socket.destroy());
    socket.once('readable', () => {
      const first = socket.read() as Buffer | null;
      if (!first) return;
      // A client that neither reads nor goes is ended by the same time.
      if (first[0] !== HANDSHAKE) return redirect(socket, first);
      socket.setTimeout(0);
      socket.unshift(first);
      secure.emit('connection', socket);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: place.port, host: place.first }, resolve);
  });
  const closeFurther = await alsoListen(server, place);
  return {
    port: (server.address() as AddressInfo).port,
    addressOf: (own) => addresses.get(own ?? 0),
    show: ({ key, cert }) => secure.setSecureContext({ key, cert }),
    close() {
      server.close();
      void closeFurther();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function redirect(socket: Socket, head: Buffer): void {
  const [, method, path = '/'] = /^([A-Z]+) (\/[!-~]*) HTTP\/1\.[01]\r\n/.exec(head.toString('latin1')) ?? [];
  const [, host = ''] = /\r\nhost: *([\w.:[\]-]+)\r\n/i.exec(head.toString('latin1')) ?? [];
  const words = 'This port speaks HTTPS. Use https:// in the address.\n';
  const answer = host
    ? `HTTP/1.1 307 Temporary Redirect\r\nLocation: https://${host}${path}\r\n`
    : 'HTTP/1.1 400 Bad Request\r\n';
  const lines = ['Content-Type: text/plain; charset=utf-8', `Content-Length: ${words.length}`, 'Connection: close'];
  // The response to HEAD has no content (RFC 9110 9.3.2).
  socket.end(`${answer}${lines.join('\r\n')}\r\n\r\n${method === 'HEAD' ? '' : words}`);
}

/** For the terminal: no authority vouches for the certificate, so the first visit of each device shows a warning, and a way past it. */
export function howToTrust(fingerprint: string): string {
  return `
The certificate was made by this server, so every browser warns once. Look at the certificate that the warning shows: if
its SHA-256 fingerprint is this one, nobody stands in between, and one may go on (“Advanced”).
  ${fingerprint}
`;
}

/** Asked when a request comes: the address of a client may be known only after its connection was accepted here. */
export function nameBehind(socket: Socket, addressOf: (port: number | undefined) => string | undefined): void {
  const { remoteAddress, remotePort } = socket;
  Object.defineProperty(socket, 'remoteAddress', { get: () => addressOf(remotePort) ?? remoteAddress });
}
