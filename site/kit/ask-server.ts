/** What the small labs ask of the demo server, wherever it is, and how they find out that none answers. */
import type { Refusal } from '../../demo-server/protocol.ts';
import { demoServer } from './server-address.ts';

/** Nothing that is ours answered: the server is down, or this is a static host with a page of its own for what it has not. */
export class NoServer extends Error {}

/** Fetches JSON from the demo server. Throws NoServer, or an Error with the server's words where it refuses. */
export async function askServer<T>(path: string, init: RequestInit): Promise<T> {
  const answer = await fetch(demoServer() + path, { cache: 'no-store', ...init }).catch((error: unknown) => {
    throw init.signal?.aborted ? error : new NoServer(String(error));
  });
  const body = (await answer.json().catch(() => null)) as (T & Refusal) | null;
  if (answer.ok && body) return body;
  if (!body?.message) throw new NoServer(`${answer.status}`);
  throw new Error(body.message);
}

/** Whether a demo server answers. */
export async function serverAnswers(signal: AbortSignal): Promise<boolean> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(5000)]);
  const health = await askServer<{ status?: string }>('/healthz', { signal: limited }).catch(() => null);
  return health?.status === 'ok';
}
