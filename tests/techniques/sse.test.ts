import { expect, test } from 'vitest';
import { type Answer, get, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer } from '../helpers/server.ts';
import { contract, type Understood } from './contract.ts';

/** What HTML 9.2.6 makes of the stream so far: an event exists once its blank line is there. */
function understandEventStream({ status, body, complete }: Answer): Understood {
  const blocks = status === 200 ? body.toString().split('\n\n').slice(0, -1) : [];
  const of = (block: string, field: string): string | undefined => new RegExp(`^${field}: (.*)$`, 'm').exec(block)?.[1];
  const events = blocks.filter((block) => of(block, 'data') !== undefined);
  const resets = events.filter((block) => of(block, 'event') === 'reset');
  return {
    seqs: events.filter((block) => !resets.includes(block)).map((block) => Number(of(block, 'id'))),
    resets: resets.map((block) => Number(of(block, 'id'))),
    heartbeats: blocks.filter((block) => block === ':').length,
    ended: complete,
  };
}

contract({
  id: 'sse',
  kind: 'stream',
  // As a browser reconnects: the URL stays what it was, the header says where it stopped.
  request: (path, after) =>
    get(path.replace(/&after=\d+$/, '&after=0'), after > 0 ? { 'Last-Event-ID': String(after) } : {}),
  understand: understandEventStream,
  overStatus: 204,
});

test('sse says its type, its charset and when to come back', async () => {
  const server = await startServer();
  const connection = rawConnection(server.port, get('/push/sse'));
  const answer = readAnswer(await connection.until((sofar) => sofar.includes('\n\n')));
  expect(answer?.headers['content-type']).toBe('text/event-stream; charset=utf-8');
  expect(answer?.headers['cache-control']).toBe('no-store');
  expect(answer?.body.toString()).toMatch(/^retry: \d+\n\n/);
});
