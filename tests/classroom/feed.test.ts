/** The class feed on raw bytes: news over the technique that the teacher picks, counted in its lane, and harmless in each of them. */
import { expect, test } from 'vitest';
import type { ClassNews } from '../../demo-server/classroom/protocol.ts';
import { newsData } from '../../demo-server/classroom/run/feed.ts';
import { TECHNIQUES } from '../../demo-server/protocol.ts';
import { joinClass, openTeacher } from '../helpers/classroom.ts';
import { get, rawConnection } from '../helpers/raw.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

async function openClass() {
  const server = await startServer({ classroom: { name: 'Physics' } });
  const { token, room } = server.classroom as NonNullable<TestServer['classroom']>;
  return { server, code: room.state.code, id: room.id, teacher: await openTeacher(server.port, token) };
}
const newsIn = (text: string): ClassNews[] =>
  [...text.matchAll(/\{"seq":\d+,"sentAt":[\d.]+,"data":("(?:[^"\\]|\\.)*")\}/g)].map(([, data = '""']) =>
    JSON.parse(JSON.parse(data)),
  );

test('is off until the teacher picks a technique, and then there is that one only', async () => {
  const { server, id, teacher, code } = await openClass();
  for (const technique of TECHNIQUES.filter((one) => one !== 'websocket'))
    expect((await fetch(`${server.url}/push/${technique}?run=${id}`)).status, technique).toBe(404);
  expect((await teacher.act({ do: 'say', text: 'x' })).refused).toBe('bad-action');
  await teacher.act({ do: 'feed', technique: 'polling' });
  const { device } = await joinClass(server.port, code, 'Anna');
  // What stood in the feed when the device was told of it: nothing else is news to it.
  const { lastSeq: after } = await server.info(id);
  expect(await device.until(() => device.class()?.feed)).toEqual({ technique: 'polling', run: id, after });
  expect((await fetch(`${server.url}/push/sse?run=${id}`)).status).toBe(404);
  expect((await fetch(`${server.url}/push/polling?run=${id}`)).status).toBe(200);
  for (const [path, method] of [
    ['', 'DELETE'],
    ['/start', 'POST'],
  ]) {
    expect((await fetch(`${server.url}/runs/${id}${path}`, { method: method as string })).status).toBe(403);
  }
});

test('tells who joins and what the teacher says, and its lane counts what that costs', async () => {
  const { server, id, teacher, code } = await openClass();
  await teacher.act({ do: 'feed', technique: 'sse' });
  const reader = rawConnection(server.port, get(`/push/sse?run=${id}`));
  await reader.until((bytes) => bytes.includes('retry:'));
  await joinClass(server.port, code, 'Zoë "Z" \\');
  await teacher.act({ do: 'say', text: 'Look at <b>this</b>' });
  const bytes = await reader.until((all) => newsIn(all.toString()).length >= 2);
  expect(newsIn(bytes.toString())).toEqual([
    { kind: 'joined', nickname: 'Zoë "Z" \\' },
    { kind: 'said', text: 'Look at <b>this</b>' },
  ]);
  const lane = server.readLedger(id).lanes.sse;
  expect(lane).toMatchObject({ requests: 1, eventsSent: 2, unaccountedBytes: 0 });
  const picture = await teacher.until(() => teacher.console()?.feed?.events === 2 && teacher.console()?.feed);
  expect(picture).toMatchObject({ technique: 'sse', counts: { requests: 1, eventsSent: 2 }, latency: null });
});

test('in a streamed page a nickname stays a text: no script of it, no end of ours', async () => {
  const { server, id, teacher, code } = await openClass();
  await teacher.act({ do: 'feed', technique: 'iframe-stream' });
  const reader = rawConnection(server.port, get(`/push/iframe-stream?run=${id}`));
  await reader.until((bytes) => bytes.includes('</script>'));
  const before = reader.received().toString().split('</script>').length;
  await joinClass(server.port, code, '</script><img src=x>');
  const text = (await reader.until((bytes) => newsIn(bytes.toString()).length === 1)).toString();
  expect(newsIn(text)).toEqual([{ kind: 'joined', nickname: '</script><img src=x>' }]);
  expect(text).not.toContain('<img');
  expect(text.split('</script>')).toHaveLength(before + 1);
});

test('news is ASCII without "<", and comes back as it was', () => {
  const news: ClassNews = { kind: 'said', text: '</script> \u2028 é 🦊' };
  expect(newsData(news)).toMatch(/^[ -;=-~]*$/);
  expect(JSON.parse(newsData(news))).toEqual(news);
});

test('a question’s answers are told as counts only', async () => {
  const { server, id, teacher, code } = await openClass();
  await teacher.act({ do: 'feed', technique: 'xhr-stream' });
  const { device } = await joinClass(server.port, code, 'Anna');
  const key = { right: [0], value: null, tolerance: 0, why: ['a secret'] };
  const question = { kind: 'one' as const, text: 'Which?', choices: ['this', 'that'], unit: '', path: '/' };
  await teacher.act({ do: 'ask', question, key });
  const open = await device.until(() => device.class()?.question);
  const reader = rawConnection(server.port, get(`/push/xhr-stream?run=${id}`));
  await reader.until((bytes) => bytes.includes('\r\n\r\n'));
  device.send({ type: 'answer', question: open.id, answer: [1] });
  const text = (await reader.until((bytes) => bytes.includes('answered'))).toString();
  expect(newsIn(text).at(-1)).toEqual({ kind: 'answered', answered: 1, seats: 1 });
  expect(text).not.toMatch(/secret|that|this/);
});
