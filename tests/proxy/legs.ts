/** What was said on the server's side of a proxy, from the bytes of the run. */
import type { TechniqueId, WireTranscript } from '../../demo-server/protocol.ts';

/** The HTTP versions of a lane's first request and of its answer, and that request's Connection header, as they stood on the server's wire. */
export async function legs(
  url: string,
  run: string,
  technique: TechniqueId,
): Promise<{ request: string; connection: string | null; answer: string }> {
  const { exchanges } = (await (await fetch(`${url}/runs/${run}/wire/${technique}`)).json()) as WireTranscript;
  const heads = (direction: 'up' | 'down'): string =>
    (exchanges[0]?.segments ?? [])
      .filter((segment) => segment.direction === direction && segment.kind === 'head')
      .map(({ bytes }) => Buffer.from(bytes, 'base64').toString('latin1'))
      .join('');
  return {
    request: /^GET \S+ HTTP\/(\d\.\d)\r\n/.exec(heads('up'))?.[1] ?? 'none',
    connection: /\r\nconnection: ([^\r]*)/i.exec(heads('up'))?.[1] ?? null,
    answer: /^HTTP\/(\d\.\d) /.exec(heads('down'))?.[1] ?? 'none',
  };
}
