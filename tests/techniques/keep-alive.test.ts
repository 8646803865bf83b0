import { expect, test } from 'vitest';
import { get, rawConnection } from '../helpers/raw.ts';
import { startServer, tenEvents } from '../helpers/server.ts';
import { contract, understandList } from './contract.ts';

contract({
  id: 'keep-alive',
  kind: 'state',
  request: (path) => get(path),
  understand: understandList,
  overStatus: 410,
});

test('keep-alive answers request after request on one connection, and resent state counts as redundant', async () => {
  const server = await startServer();
  const run = await server.run(tenEvents('keep-alive'));
  await server.finished(run.id);
  const connection = rawConnection(server.port);
  const answers = (bytes: Buffer): number => bytes.toString('latin1').split('HTTP/1.1 410').length - 1;
  for (let n = 1; n <= 3; n += 1) {
    connection.socket.write(get(`/push/keep-alive?run=${run.id}`));
    await connection.until((sofar) => answers(sofar) === n && sofar.toString('latin1').endsWith('"next":10}'));
  }
  const lane = (await server.ledger(run.id)).lanes['keep-alive'];
  expect(lane).toMatchObject({ requests: 3, connectionsOpened: 1, connectionsReused: 2, eventsSent: 10 });
  expect(lane?.bytes.down.redundantPayload).toBe(2 * (lane?.bytes.down.payload ?? 0));
});
