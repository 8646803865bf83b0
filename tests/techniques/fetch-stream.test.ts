import { expect, test } from 'vitest';
import { get, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer } from '../helpers/server.ts';
import { contract, understandLines } from './contract.ts';

contract({
  id: 'fetch-stream',
  kind: 'stream',
  request: (path) => get(path),
  understand: ({ status, body, complete }) => understandLines(status === 200 ? body : Buffer.alloc(0), complete),
  overStatus: 410,
});

test('fetch-stream answers byte for byte what xhr-stream does: only the browser reads it in another way', async () => {
  const server = await startServer();
  const techniques = ['xhr-stream', 'fetch-stream'] as const;
  const run = await server.run({ techniques: [...techniques], eventsPerSecond: 10, durationSeconds: 1, seed: 7 });
  await server.finished(run.id);
  const answers = techniques.map(async (id) => {
    const connection = rawConnection(server.port, get(`/push/${id}?run=${run.id}&after=0`));
    const bytes = await connection.until((sofar) => readAnswer(sofar)?.complete === true);
    return bytes.toString('latin1').replace(/^date: .*$/im, '');
  });
  const [byXhr, byFetch] = await Promise.all(answers);
  expect(byFetch).toBe(byXhr);
  expect(byFetch).toContain('content-type: application/x-ndjson; charset=utf-8\r\n');
  expect(byFetch?.match(/"seq":\d+/g)).toHaveLength(10);
});
