import { expect, test } from 'vitest';
import { get, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer } from '../helpers/server.ts';
import { contract, understandList } from './contract.ts';

contract({ id: 'http10', kind: 'state', request: (path) => get(path), understand: understandList, overStatus: 410 });

test('http10 is a genuine HTTP/1.0 answer, and the server closes the connection', async () => {
  const server = await startServer();
  const connection = rawConnection(server.port, get('/push/http10'));
  const answer = readAnswer(await connection.ended());
  expect(answer).toMatchObject({ version: '1.0', status: 200, complete: true });
});

test('http10 gets on with a client that speaks HTTP/1.0 itself', async () => {
  const server = await startServer();
  const connection = rawConnection(server.port, get('/push/http10', { Connection: 'Keep-Alive' }, '1.0'));
  expect(readAnswer(await connection.ended())).toMatchObject({ version: '1.0', status: 200, complete: true });
});
