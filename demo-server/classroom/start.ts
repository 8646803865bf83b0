/** What the terminal has to do with a class: open where it is kept, and print how to come in. */

import { qrForTerminal } from './addresses.ts';
import type { OpenedClass } from './index.ts';
import type { ClassLog } from './log.ts';
import { memoryLog } from './log.ts';
import { redisLog } from './redis-log.ts';
import { StoreError, sqliteLog } from './sqlite-log.ts';

/**
 * The log in Redis where there is one, so that several servers serve the class; else in folder `dir`, or in memory for the
 * name ":memory:". Throws a StoreError with a sentence for the terminal.
 */
export function openLog(dir: string, redisUrl?: string): Promise<ClassLog> {
  if (redisUrl !== undefined) {
    return redisLog(redisUrl).catch((error: Error) => {
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

/**
 * The lines that a teacher reads after the start: name, addresses, code, QR code, and the private link, whose token stands
 * behind the # so that no request and no log has it. `origin` is that of this very machine.
 */
export function invitation({ room, token, join }: OpenedClass, origin: string): string {
  const { code, addresses } = join();
  const [first] = addresses;
  const { state, log } = room;
  const again = state.seats.size > 0 ? `It goes on with ${state.seats.size} seats and all results so far.\n` : '';
  const kept = KEPT[log.kind];
  const others = addresses.slice(1).map(({ url }) => `           or  ${url}\n`);
  const elsewhere =
    first && new URL(first.url).origin !== origin
      ? `  elsewhere    ${new URL(first.url).origin}/teach/#${token}\n`
      : '';
  return `
Class “${state.name}” is open. ${again}${kept}
  join at      ${first?.url}
${others.join('')}  code         ${code.slice(0, 3)} ${code.slice(3)}

${first ? qrForTerminal(first.qr) : ''}

For the teacher only (whoever has this link leads the class):
  this machine ${origin}/teach/#${token}
${elsewhere}`;
}
