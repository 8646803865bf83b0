/** The ports of the process: the app's, and that of the second origin. What stands in the way is a sentence. */
import type { FastifyInstance } from 'fastify';
import { isBadPort } from './bad-ports.ts';
import { alsoListen, findPlace, ListenError, type Place } from './listen.ts';
import { inUrl, listensEverywhere, listensHereOnly } from './own-address.ts';

/** Why a server cannot listen, in one sentence for the terminal. */
export class OpenError extends Error {}

/** What was asked for, with the options by which it was, for the sentence. */
export interface Wanted {
  host: string;
  hostFrom: string | undefined;
  port: number;
  portFrom: '--port' | '--second-port';
}

/** Astro's own, as its documentation says: authors have its dev server open. */
const ASTRO_PORT = 4321;

/** Finds out where to listen. Throws an OpenError. */
export async function placeFor(wanted: Wanted): Promise<Place> {
  return findPlace(wanted.host, wanted.port).catch((error: unknown) => {
    throw explain(error, wanted);
  });
}

/** Lets the app listen at a place; resolves with what closes its further doors. Throws an OpenError. */
export async function openAt(app: FastifyInstance, place: Place, wanted: Wanted): Promise<() => Promise<void>> {
  try {
    await app.listen({ port: place.port, host: place.first });
    return await alsoListen(app.server, place);
  } catch (error) {
    throw explain(error, wanted);
  }
}

/** The port after this one that browsers open; 0, any free one, behind the last. */
export function portAfter(port: number): number {
  let next = port + 1;
  while (isBadPort(next)) next += 1;
  return next > 65535 ? 0 : next;
}

/** Where a port is, in words: of an address as the system has it, a user knows localhost and the machine's own. */
function placeIn(address: string): string {
  if (listensEverywhere(address)) return 'on this machine';
  return listensHereOnly(address) ? `at localhost (${inUrl(address)})` : `at ${inUrl(address)}`;
}

/** How to find the program that has a port, in brackets, by what each system brings along. */
function whichProgram(port: number): string {
  const commands: Partial<Record<NodeJS.Platform, string>> = {
    darwin: `lsof -nP -iTCP:${port} -sTCP:LISTEN`,
    linux: `ss -ltnp "sport = :${port}"`,
    win32: `netstat -ano | findstr :${port}`,
  };
  const command = commands[process.platform];
  return command ? ` (${command} shows which one it is)` : '';
}

function explain(error: unknown, { host, hostFrom, port, portFrom }: Wanted): OpenError {
  const { code, message } = error as NodeJS.ErrnoException;
  const address = error instanceof ListenError ? error.address : host;
  if (code === 'EADDRINUSE') {
    const perhaps = port === ASTRO_PORT ? ', perhaps another Pushlab or Astro’s dev server' : '';
    return new OpenError(
      `port ${port} is in use ${placeIn(address)}: stop the program that has it${perhaps}${whichProgram(port)}, or choose another port with ${portFrom}.`,
    );
  }
  if (code === 'EACCES')
    return new OpenError(
      `port ${port} may not be opened: choose one above 1023 with ${portFrom}; on Windows a range may be reserved (netsh int ipv4 show excludedportrange tcp).`,
    );
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')
    return new OpenError(
      `${hostFrom ?? 'the host'} ${host} is no address of this machine: choose localhost, or 0.0.0.0 to be reached by everyone.`,
    );
  return new OpenError(`port ${port} at ${inUrl(address)} cannot be opened: ${message}.`);
}
