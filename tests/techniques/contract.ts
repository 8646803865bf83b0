/**
 * The battery that every technique passes on the wire, with a client that reads raw bytes. What differs between
 * techniques is declared by the caller; nothing is skipped for anybody.
 */
import { describe, expect, test } from 'vitest';
import type { TechniqueId } from '../../demo-server/protocol.ts';
import { type Answer, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer, type TestServer, tenEvents } from '../helpers/server.ts';

/** What a client of the technique understands of an answer so far. */
export interface Understood {
  /** The seqs of all events that are whole. */
  seqs: number[];
  resets: number[];
  /** Signs of life that are no events. */
  heartbeats: number;
  /** The stream or answer ended as it should, not by a cut. */
  ended: boolean;
}

export interface Contract {
  id: TechniqueId;
  /** state: resends the last events; list: answers what is new; stream: an answer that never ends. */
  kind: 'state' | 'list' | 'stream';
  /** The request for what comes after `after`. */
  request(path: string, after: number): string;
  /** Reads an answer, whole or cut anywhere. */
  understand(answer: Answer): Understood;
  /** What the client has to send back meanwhile so that the server goes on: the bytes for what came last. */
  reply?(bytes: Buffer): Buffer;
  /** Status of a request to a run that has ended, by a client that has everything. */
  overStatus: 204 | 410;
}

/** What a client of lists understands of an answer: events count only when the whole JSON is there. */
export function understandList({ body, complete }: Answer): Understood {
  if (!complete) return { seqs: [], resets: [], heartbeats: 0, ended: false };
  const list = JSON.parse(body.toString());
  const seqs = list.events.map(({ seq }: { seq: number }) => seq);
  return { seqs, resets: list.reset ? [list.next] : [], heartbeats: 0, ended: true };
}

/** What a client of lines understands: everything up to the last line end. */
export function understandLines(body: Buffer, complete: boolean): Understood {
  const lines = body.toString().split('\n').slice(0, -1);
  const messages = lines.filter((line) => line !== '').map((line) => JSON.parse(line));
  return {
    seqs: messages.filter(({ seq }) => seq).map(({ seq }) => seq),
    resets: messages.filter(({ reset }) => reset).map(({ next }) => next),
    heartbeats: lines.length - messages.length,
    ended: complete,
  };
}

const oneToTen = Array.from({ length: 10 }, (_, n) => n + 1);

export function contract({ id, kind, request, understand, overStatus, reply }: Contract): void {
  const path = (run: string, after?: number): string =>
    `/push/${id}?run=${run}${after === undefined ? '' : `&after=${after}`}`;
  const ask = (server: TestServer, run: string, after: number) =>
    rawConnection(server.port, request(path(run, after), after));
  const read = (bytes: Buffer): Understood | undefined => {
    const answer = readAnswer(bytes);
    return answer && understand(answer);
  };
  /** Asks, and asks again from its cursor, until the run is over; returns all news in the order they came. */
  async function receiveAll(server: TestServer, run: string, after = 0): Promise<number[]> {
    const seqs: number[] = [];
    for (let cursor = after; ; ) {
      const connection = ask(server, run, cursor);
      const bytes = await connection.until((sofar) => read(sofar)?.ended === true);
      connection.destroy();
      const news = (read(bytes)?.seqs ?? []).filter((seq) => seq > cursor);
      seqs.push(...news);
      cursor = news.at(-1) ?? cursor;
      if (readAnswer(bytes)?.status === overStatus || (kind === 'stream' && cursor >= 10)) return seqs;
    }
  }

  describe(`${id} on the wire`, () => {
    test('carries every event once and in order, from before the start to the end', async () => {
      const server = await startServer();
      const run = await server.run(tenEvents(id), false);
      const received = receiveAll(server, run.id);
      await fetch(`${server.url}/runs/${run.id}/start`, { method: 'POST' });
      expect(await received).toEqual(oneToTen);
    });

    test('cut at any byte and asked again, loses and doubles nothing', async () => {
      const server = await startServer();
      const run = await server.run(tenEvents(id));
      await server.finished(run.id);
      const whole = ask(server, run.id, 0);
      const { length } = await whole.until((sofar) => read(sofar)?.ended === true);
      for (let cut = 0; cut <= length; cut += 1) {
        const first = ask(server, run.id, 0);
        const kept = (await first.until((sofar) => sofar.length >= cut)).subarray(0, cut);
        first.destroy();
        const before = read(kept)?.seqs ?? [];
        const after = await receiveAll(server, run.id, before.at(-1) ?? 0);
        expect([...before, ...after], `cut after ${cut} of ${length} bytes`).toEqual(oneToTen);
      }
    });

    test('ends cleanly with the run, and says so to who asks later', async () => {
      const server = await startServer();
      const run = await server.run(tenEvents(id));
      await server.finished(run.id);
      const late = ask(server, run.id, 10);
      const answer = readAnswer(await late.until((sofar) => readAnswer(sofar)?.complete === true));
      expect(answer?.status).toBe(overStatus);
    });

    test('refuses an unknown run, a lane the run has not, and a bad cursor in words', async () => {
      const server = await startServer();
      const other = await server.run({ techniques: [id === 'sse' ? 'polling' : 'sse'] }, false);
      const cases: [string, number, string][] = [
        [path('nope'), 404, 'nope'],
        [path(other.id), 404, id],
        [`/push/${id}?after=yesterday`, 400, 'yesterday'],
        [`/push/${id}?after=-1`, 400, '-1'],
      ];
      for (const [bad, status, word] of cases) {
        const connection = rawConnection(server.port, request(bad, 0));
        const answer = readAnswer(await connection.until((sofar) => readAnswer(sofar)?.complete === true));
        expect(answer?.status, bad).toBe(status);
        expect(JSON.parse(answer?.body.toString() ?? '').message, bad).toContain(word);
      }
    });

    test('lands every byte in its lane, and the sums agree with the socket', async () => {
      const totals = Promise.withResolvers<{ bytesUp: number; bytesDown: number; unaccountedBytes: number }>();
      const server = await startServer({
        onConnectionEnd: (total) => total.remotePort === port && totals.resolve(total),
      });
      let port: number | undefined;
      const run = await server.run(tenEvents(id));
      await server.finished(run.id);
      const connection = ask(server, run.id, 0);
      connection.socket.once('connect', () => {
        port = connection.socket.localPort;
      });
      const bytes = await connection.until((sofar) => read(sofar)?.ended === true);
      connection.destroy();
      const { bytesUp, bytesDown, unaccountedBytes } = await totals.promise;
      const lane = (await server.ledger(run.id)).lanes[id];
      expect(bytesUp).toBe(Buffer.byteLength(request(path(run.id, 0), 0), 'latin1'));
      expect(bytesDown).toBe(bytes.length);
      expect(unaccountedBytes).toBe(0);
      expect(lane).toMatchObject({
        requests: 1,
        responses: 1,
        connectionsOpened: 1,
        eventsSent: 10,
        unaccountedBytes: 0,
      });
      expect(lane?.wireBytesUp).toBe(bytesUp);
      expect(lane?.wireBytesDown).toBe(bytesDown);
      const { up, down } = lane?.bytes ?? { up: {}, down: {} };
      expect(Object.values({ ...up }).reduce((a, b) => a + b, 0)).toBe(bytesUp);
      expect(Object.values({ ...down }).reduce((a, b) => a + b, 0)).toBe(bytesDown);
    });

    if (kind !== 'state') {
      test('says so when a cursor is older than the replay ring, and goes on from there', async () => {
        const server = await startServer({ ringEvents: 4 });
        const run = await server.run(tenEvents(id));
        await server.finished(run.id);
        const connection = ask(server, run.id, 2);
        const understood = read(await connection.until((sofar) => (read(sofar)?.seqs.length ?? 0) >= 4));
        expect(understood?.resets).toHaveLength(1);
        expect(understood?.seqs).toEqual([7, 8, 9, 10]);
      });

      test('says so when a cursor is from a feed that is gone', async () => {
        const server = await startServer();
        const run = await server.run(tenEvents(id), false);
        const connection = ask(server, run.id, 4711);
        const understood = read(await connection.until((sofar) => (read(sofar)?.resets.length ?? 0) >= 1));
        expect(understood?.seqs).toEqual([]);
      });
    }

    if (kind === 'stream') {
      test('answers at once and shows signs of life while nothing happens', async () => {
        // Who has to answer each sign of life is cut when the next one is due: time enough for a busy machine.
        const server = await startServer({ heartbeatMs: reply ? 500 : 20 });
        const run = await server.run(tenEvents(id), false);
        const connection = ask(server, run.id, 0);
        if (reply) connection.socket.on('data', (bytes) => connection.socket.write(reply(bytes as Buffer)));
        const understood = read(await connection.until((sofar) => (read(sofar)?.heartbeats ?? 0) >= 3));
        expect(understood).toMatchObject({ seqs: [], ended: false });
      });

      test('is ended properly when the server goes away', async () => {
        const server = await startServer();
        const run = await server.run(tenEvents(id), false);
        const connection = ask(server, run.id, 0);
        await connection.until((sofar) => readAnswer(sofar) !== undefined);
        const closed = server.close();
        await connection.until((sofar) => read(sofar)?.ended === true);
        connection.destroy();
        await closed;
      });
    }
  });
}
