import { expect, test } from 'vitest';
import type { Answer } from '../helpers/raw.ts';
import { get, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer } from '../helpers/server.ts';
import { contract, type Understood } from './contract.ts';

/** What a browser's parser makes of the page so far: the calls of all scripts that are closed. */
function understandScripts({ status, body, complete }: Answer): Understood {
  if (status !== 200 && status !== 410) return { seqs: [], resets: [], heartbeats: 0, ended: complete };
  const calls = [...body.toString().matchAll(/<script>p\((.*?)\)<\/script>/g)].map(([, json]) => json);
  const messages = calls.filter((json) => json !== '').map((json) => JSON.parse(json ?? ''));
  return {
    seqs: messages.filter(({ seq }) => seq).map(({ seq }) => seq),
    resets: messages.filter(({ reset }) => reset).map(({ next }) => next),
    heartbeats: calls.length - messages.length,
    ended: complete,
  };
}

contract({
  id: 'iframe-stream',
  kind: 'stream',
  request: (path) => get(path),
  understand: understandScripts,
  overStatus: 410,
});

test('iframe-stream names its charset and its callback, and lets nothing but a name be called', async () => {
  const server = await startServer();
  const named = rawConnection(server.port, get('/push/iframe-stream?callback=told'));
  const answer = readAnswer(await named.until((sofar) => sofar.includes('</script>')));
  expect(answer?.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(answer?.body.toString()).toContain('parent.told(e)');

  const hostile = rawConnection(server.port, get('/push/iframe-stream?callback=alert(1)//'));
  const refused = readAnswer(await hostile.until((sofar) => readAnswer(sofar)?.complete === true));
  expect(refused?.status).toBe(400);
});
