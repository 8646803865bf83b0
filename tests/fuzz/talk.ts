/** Has one conversation with a server on loopback, from an address of its own, and keeps what came back. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Conversation, Door } from './conversation.ts';
import type { Dice } from './dice.ts';

/** A server that has said nothing for so long (ms) since the last piece has no more to say, or streams what it always does. */
const QUIET_MS = 60;
/** A stream never is quiet: left after so long (ms). */
const LONGEST_MS = 400;
/** Of an answer so much is kept, in bytes. */
const KEPT = 256 * 1024;

export interface Spoken {
  /** Port of this end, by which the server names the connection; 0 where none came about. */
  port: number;
  /** The same with the address. */
  client: string;
  received: Buffer;
}

/** The connection itself, and what is written to: the same, or TLS on it. */
function open(
  door: Door,
  port: number,
  localAddress: string,
  dice: Dice,
  alpn?: 'h2',
): { tcp: Socket; socket: Socket; ready: string } {
  const tcp = connect({ port, host: '127.0.0.1', localAddress }).on('error', () => {});
  if (door !== 'secure' && door !== 'h2') return { tcp, socket: tcp, ready: 'connect' };
  const ALPNProtocols = alpn || (door === 'h2' && dice.once(2)) ? ['h2', 'http/1.1'] : ['http/1.1'];
  return { tcp, socket: connectTls({ socket: tcp, rejectUnauthorized: false, ALPNProtocols }), ready: 'secureConnect' };
}

/** Resolves when it is over on this side. Never rejects: whatever the server does to the connection is its right. */
export async function talk(
  { door, alpn, pieces, leave }: Conversation,
  ports: Record<Door, number>,
  dice: Dice,
): Promise<Spoken> {
  const { tcp, socket, ready } = open(door, ports[door], `127.0.${dice.below(250)}.${2 + dice.below(250)}`, dice, alpn);
  const chunks: Buffer[] = [];
  let size = 0;
  let quiet: NodeJS.Timeout | undefined;
  const over = Promise.withResolvers<void>();
  const rest = (): void => {
    clearTimeout(quiet);
    quiet = setTimeout(over.resolve, QUIET_MS);
  };
  socket.on('error', () => {}).on('close', () => over.resolve());
  socket.on('data', (chunk: Buffer) => {
    if (size < KEPT) chunks.push(chunk);
    size += chunk.length;
    if (quiet) rest();
  });
  await new Promise<void>((go) => socket.once(ready, go).once('close', go));
  const port = tcp.localPort ?? 0;
  const client = `${tcp.localAddress}:${port}`;
  for (const piece of pieces) {
    if (!socket.writable) break;
    socket.write(piece);
    await new Promise((turn) => setImmediate(turn));
  }
  if (leave === 'half-close') socket.end();
  else if (leave === 'reset') tcp.resetAndDestroy();
  rest();
  const longest = setTimeout(over.resolve, LONGEST_MS);
  await over.promise;
  clearTimeout(quiet);
  clearTimeout(longest);
  socket.destroy();
  tcp.destroy();
  return { client, port, received: Buffer.concat(chunks) };
}
