/** What the terminal has to do with a class: open where it is kept, and print how to come in. */

import { qrForTerminal } from './addresses.ts';
import type { OpenedClass } from './index.ts';
import type { ClassLog } from './log.ts';
import { memoryLog } from './log.ts';
import { sqliteLog } from './sqlite-log.ts';

/** The log in folder `dir`; in memory for the name ":memory:". Throws a StoreError with a sentence for the terminal. */
export function openLog(dir: string): Promise<ClassLog> {
  return dir === ':memory:' ? Promise.resolve(memoryLog()) : sqliteLog(dir);
}

/**
 * The lines that a teacher reads after the start: name, addresses, code, QR code, and the private link, whose token stands
 * behind the # so that no request and no log has it. `origin` is that of this very machine.
 */
export function invitation({ room, token, join }: OpenedClass, origin: string): string {
  const { code, addresses } = join();
  const [first] = addresses;
  const { state, log } = room;
  const again = state.seats.size > 0 ? `It goes on with ${state.seats.size} seats and all results so far.\n` : '';
  const kept = log.kind === 'memory' ? 'It is kept in memory: what happens in it is gone when the server stops.\n' : '';
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
