/** What the reader's own EventSource makes of a stream: the server answers with exactly these bytes. */
import { demoServer } from '../../kit/server-address.ts';
import type { Dispatch } from './sse-parse.ts';

/** Bytes as the address takes them. */
const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

/**
 * The events that the browser dispatches for `bytes`, which come in two pieces, cut after `cut` bytes. `types` are those that
 * are listened for: an EventSource tells of no others. Rejects where the stream did not come, or `signal` says stop.
 */
export function realDispatches(
  bytes: Uint8Array,
  cut: number,
  types: Iterable<string>,
  signal: AbortSignal,
): Promise<Dispatch[]> {
  const source = new EventSource(`${demoServer()}/typed-stream?cut=${cut}&bytes=${base64url(bytes)}`);
  const dispatches: Dispatch[] = [];
  const take = (event: Event): void => {
    if (!(event instanceof MessageEvent)) return;
    const { type, data, lastEventId } = event as MessageEvent<string>;
    dispatches.push({ type, data, lastEventId });
  };
  for (const type of new Set(['message', ...types])) source.addEventListener(type, take);
  return new Promise((resolve, reject) => {
    const stop = () => end(() => reject(signal.reason));
    const end = (settle: () => void): void => {
      source.close();
      signal.removeEventListener('abort', stop);
      settle();
    };
    signal.addEventListener('abort', stop);
    // At its end it would reconnect, which it says by an error that is no message; a stream may name an event so, too.
    source.addEventListener('error', (event) => {
      if (event instanceof MessageEvent) return;
      if (source.readyState === EventSource.CLOSED) end(() => reject(new Error('the stream did not come')));
      else end(() => resolve(dispatches));
    });
  });
}
