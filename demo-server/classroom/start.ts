/** What the terminal has to do with a class: open where it is kept, and print how to come in. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Networks } from '../network/networks.ts';
import { StoreError } from '../store/errors.ts';
import { makeFolder } from '../store/folder.ts';
import { isNamed, type JoinPicture, qrForTerminal } from './addresses.ts';
import type { OpenedClass } from './index.ts';
import type { ClassLog } from './log/log.ts';
import { memoryLog } from './log/log.ts';
import { redisLog } from './log/redis-log.ts';
import { sqliteLog } from './log/sqlite-log.ts';
import { spacedCode } from './protocol.ts';

/**
 * The log in Redis where there is one, so that several servers serve the class; else in folder `dir`, or in memory for the
 * name ":memory:". Throws a StoreError with a sentence for the terminal.
 */
export function openLog(dir: string, redisUrl?: string): Promise<ClassLog> {
  if (redisUrl !== undefined) {
    return redisLog(redisUrl).catch((error: Error) => {
      if (error instanceof StoreError) throw error;
      throw new StoreError(`the class cannot be opened: ${error.message}. Start Redis first, or leave REDIS_URL out.`);
    });
  }
  return dir === ':memory:' ? Promise.resolve(memoryLog()) : sqliteLog(dir);
}

const KEPT: Record<ClassLog['kind'], string> = {
  memory: 'It is kept in memory: what happens in it is gone when the server stops.\n',
  sqlite: '',
  redis: 'It is kept in Redis, for every server that shares it. Each server prints a link that leads the same class.\n',
};

const TROUBLE: Record<NonNullable<JoinPicture['trouble']>, string> = {
  'this-machine':
    'Only this machine can join: the server listens for it alone. Leave --host out (or give --host 0.0.0.0) to open the class to the network.',
  'no-network':
    'No other device can join yet: this machine is in no network. Connect it to the Wi-Fi or cable of the class; the address then appears here and on the projector.',
  'link-local':
    'No other device can join yet: the network has given this machine no address (it has one from 169.254.0.0/16 only). Join the network again; the address then appears here and on the projector.',
  'ipv6-only':
    'No other device can join: this network has IPv6 only, and the server listens for IPv4. Start it again with --host ::',
};

/** Where to join, as lines for the terminal; where nobody can, why: in the words of `instead`, if there are any. */
function whereToJoin({ code, addresses, trouble }: JoinPicture, instead?: string): string {
  const [first, ...more] = addresses;
  const others = more.filter(({ virtual }) => !virtual);
  if (trouble) {
    const here = trouble === 'this-machine' ? `  join at      ${first?.url}\n` : '';
    return `${here}  code         ${spacedCode(code)}\n\n${instead ?? TROUBLE[trouble]}\n`;
  }
  const also = others.map(({ url, network }) => `           or  ${url}${network ? `  (${network})` : ''}\n`).join('');
  const choice = more.length > 0 ? '  (--join-address or the console choose another for the code on the wall)\n' : '';
  return `  join at      ${first?.url}\n${also}${choice}  code         ${spacedCode(code)}\n${first?.qr ? `\n${qrForTerminal(first.qr)}\n` : ''}`;
}

/** What the terminal says when this machine is in another network than before. */
export function movedTo(join: JoinPicture): string {
  return `\nThe network has changed.\n${whereToJoin(join)}`;
}

/** Why the wall cannot show this address, as one sentence; undefined where it can. `name` is an address or the name of a network. */
export function joinAddressFault(name: string, { ipv4, ipv6 }: Networks): string | undefined {
  const all = [...ipv4, ...ipv6];
  if (all.some((one) => isNamed(one, name))) return undefined;
  const has = all.map(({ address, network }) => (network ? `${address} (${network})` : address)).join(', ');
  return `--join-address ${name} is no address and no network of this machine, which has ${has || 'none'}. An address elsewhere, as of a proxy or of a container’s host, is one for --public-url.`;
}

/**
 * The lines that a teacher reads after the start: name, addresses, code, QR code, and the private link, whose token stands
 * behind the # so that no request has it. `origin` is that of this very machine. Where `keep` is given, the link goes there,
 * and the lines only say where it is: `keep` takes the text and resolves with its file. Rejects as that does. `noteInside` makes
 * what is to be said where the process has networks of its own (inside.ts), by whether it has one.
 */
export async function invitation(
  { room, token, join }: OpenedClass,
  origin: string,
  keep?: (links: string) => Promise<string>,
  noteInside?: (networked: boolean) => string,
): Promise<string> {
  const place = join();
  const { state, log } = room;
  const again = state.seats.size > 0 ? `It goes on with ${state.seats.size} seats and all results so far.\n` : '';
  const first = place.addresses[0] && new URL(place.addresses[0].url).origin;
  const elsewhere = first && first !== origin ? `  elsewhere    ${first}/teach/#${token}\n` : '';
  const links = `  this machine ${origin}/teach/#${token}\n${elsewhere}`;
  const forTeacher = keep
    ? `The teacher's private link is in ${await keep(links)}, for this user's eyes only: whoever has it leads the class.\n`
    : `For the teacher only (whoever has this link leads the class):\n${links}`;
  const note = noteInside?.(place.trouble === null);
  return `
Class “${state.name}” is open. ${again}${KEPT[log.kind]}
${whereToJoin(place, note)}
${forTeacher}${note && place.trouble === null ? `\n${note}\n` : ''}`;
}

/**
 * Writes a secret to a file that only this user may read, in folder `dir`, or for ":memory:" in a new one among the
 * temporary files. Resolves with its path. Rejects as the file system does.
 */
export async function keepSecret(dir: string, name: string, text: string): Promise<string> {
  const folder = dir === ':memory:' ? await mkdtemp(join(tmpdir(), 'pushlab-')) : dir;
  makeFolder(folder);
  const file = join(folder, name);
  // Made anew: one that is there may be somebody's to read, or a link to elsewhere.
  await rm(file, { force: true });
  await writeFile(file, text, { mode: 0o600, flag: 'wx' });
  return file;
}
