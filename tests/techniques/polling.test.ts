import { expect, test } from 'vitest';
import { get, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer } from '../helpers/server.ts';
import { contract, understandList } from './contract.ts';

contract({ id: 'polling', kind: 'list', request: (path) => get(path), understand: understandList, overStatus: 410 });

test('polling answers at once when there is nothing new', async () => {
  const server = await startServer();
  const run = await server.run({ techniques: ['polling'] }, false);
  const connection = rawConnection(server.port, get(`/push/polling?run=${run.id}&after=0`));
  const answer = readAnswer(await connection.until((sofar) => readAnswer(sofar)?.complete === true));
  expect(answer?.body.toString()).toBe('{"events":[],"next":0}');
});
