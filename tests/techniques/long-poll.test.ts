import { expect, test } from 'vitest';
import { get, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer, tenEvents } from '../helpers/server.ts';
import { contract, understandList } from './contract.ts';

contract({ id: 'long-poll', kind: 'list', request: (path) => get(path), understand: understandList, overStatus: 410 });

test('long-poll holds the request until its time limit, then answers with an empty list', async () => {
  const server = await startServer();
  const run = await server.run({ techniques: ['long-poll'], longPollTimeoutMs: 100 }, false);
  const connection = rawConnection(server.port, get(`/push/long-poll?run=${run.id}&after=0`));
  const answer = readAnswer(await connection.until((sofar) => readAnswer(sofar)?.complete === true));
  expect(answer?.body.toString()).toBe('{"events":[],"next":0}');
  expect(answer?.status).toBe(200);
});

test('long-poll answers a held question when the run is stopped, and forgets it when its client leaves', async () => {
  const server = await startServer({ limits: { streamsPerRun: 1 } });
  const run = await server.run(tenEvents('long-poll'), false);
  const question = get(`/push/long-poll?run=${run.id}&after=0`);
  const leaver = rawConnection(server.port, question);
  const ledger = async () => (await server.ledger(run.id)).lanes['long-poll'];
  while ((await ledger())?.requests !== 1);
  leaver.destroy();
  // The place of the one that left is free again as soon as the server has seen it go.
  let answer: ReturnType<typeof readAnswer>;
  do {
    const held = rawConnection(server.port, question);
    const stop = setImmediate(() => void fetch(`${server.url}/runs/${run.id}`, { method: 'DELETE' }));
    answer = readAnswer(await held.until((sofar) => readAnswer(sofar)?.complete === true));
    clearImmediate(stop);
  } while (answer?.status === 429);
  expect(answer?.body.toString()).toBe('{"events":[],"next":0}');
});
