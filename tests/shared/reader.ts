/** A reader that changes servers as a browser behind a load balancer does: over SSE, with its cursor in Last-Event-ID. */
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { onTestFinished } from 'vitest';
import type { PushEvent } from '../../demo-server/protocol.ts';

export interface Reader {
  /** Every event that has come, in order of arrival. */
  readonly events: PushEvent[];
  /** What came besides events, such as `reset`. */
  readonly notices: string[];
  /** Resolves when event `seq` has come. */
  until(seq: number): Promise<void>;
  /** Resolves when it has been told that the run is over (204). */
  readonly over: Promise<void>;
}

/**
 * Reads run `run` from the first of `servers` (base addresses), then, whenever a connection ends, from the next one. `ca`
 * in PEM for https.
 */
export function readFrom(servers: readonly string[], run: string, ca?: string): Reader {
  const events: PushEvent[] = [];
  const notices: string[] = [];
  const waiting = new Set<() => void>();
  const over = Promise.withResolvers<void>();
  const gone = new AbortController();
  onTestFinished(() => gone.abort());
  let turn = 0;
  let again: NodeJS.Timeout | undefined;
  onTestFinished(() => clearTimeout(again));

  function connect(): void {
    const server = servers[turn % servers.length] ?? '';
    turn += 1;
    const headers = { 'Last-Event-ID': String(events.at(-1)?.seq ?? 0) };
    const { get } = server.startsWith('https:') ? https : http;
    const request = get(`${server}/push/sse?run=${run}`, { headers, agent: false, ca, signal: gone.signal }, read);
    request.once('error', next);
  }
  function read(answer: IncomingMessage): void {
    if (answer.statusCode === 204) {
      over.resolve();
      return;
    }
    let text = '';
    answer.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        take(text.slice(0, end));
        text = text.slice(end + 2);
      }
    });
    answer.once('error', () => {});
    answer.once('close', next);
  }
  function take(block: string): void {
    const data = /^data: (.*)$/m.exec(block)?.[1];
    if (data === undefined) return;
    if (/^event: /m.test(block)) notices.push(block);
    else events.push(JSON.parse(data) as PushEvent);
    for (const check of [...waiting]) check();
  }
  function next(): void {
    // A server that is down refuses at once: not in a loop without a breath.
    if (!gone.signal.aborted) again = setTimeout(connect, 50);
  }
  connect();
  return {
    events,
    notices,
    over: over.promise,
    until(seq) {
      return new Promise((resolve) => {
        const check = (): void => {
          if ((events.at(-1)?.seq ?? 0) < seq) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      });
    },
  };
}
