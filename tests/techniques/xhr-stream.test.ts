import { expect, test } from 'vitest';
import { get, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer } from '../helpers/server.ts';
import { contract, understandLines } from './contract.ts';

contract({
  id: 'xhr-stream',
  kind: 'stream',
  request: (path) => get(path),
  understand: ({ status, body, complete }) => understandLines(status === 200 ? body : Buffer.alloc(0), complete),
  overStatus: 410,
});

test('xhr-stream forbids sniffing, or Chromium would hold its first events back', async () => {
  const server = await startServer();
  const connection = rawConnection(server.port, get('/push/xhr-stream'));
  const answer = readAnswer(await connection.until((sofar) => (readAnswer(sofar)?.body.length ?? 0) > 0));
  expect(answer?.headers).toMatchObject({
    'content-type': 'application/x-ndjson; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'x-accel-buffering': 'no',
  });
});
