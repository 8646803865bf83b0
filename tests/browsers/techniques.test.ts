/** The battery that the browser's end of every technique passes, in both browsers, against a real server. */

import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { seededRandom } from '../../demo-server/feed.ts';
import { TECHNIQUES, type TechniqueId } from '../../demo-server/protocol.ts';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { startCuttingProxy } from '../helpers/cutting-proxy.ts';
import { startServer, type TestServer, tenEvents } from '../helpers/server.ts';
import type { LaneReport, runLane } from './lane-page.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);
const seqs = ({ samples }: LaneReport): number[] => samples.flatMap((one) => (one.kind === 'event' ? [one.seq] : []));

describe.each(BROWSERS)('%s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name, { network: false });
  });
  afterAll(() => browser.close());

  /** Runs one lane in a page of its own and reports how it went. */
  async function lane(
    url: string,
    id: TechniqueId,
    run: string,
    enough = Number.MAX_SAFE_INTEGER,
    uplink: { uplinkPerSecond?: number; payloadBytes?: number } = {},
  ): Promise<LaneReport> {
    const page = await browser.newPage();
    onTestFinished(() => page.close().catch(() => {}));
    await page.goto(`${url}/lane-page`);
    await page.waitForFunction('window.runLane');
    const report = await page.evaluate(
      (technique, settings, events) =>
        (window as unknown as { runLane: typeof runLane }).runLane(technique, settings, events),
      id,
      { run, pollIntervalMs: 100, silenceMs: 600, ...uplink },
      enough,
    );
    await page.close();
    return report;
  }
  const start = (server: TestServer, run: string): Promise<Response> =>
    fetch(`${server.url}/runs/${run}/start`, { method: 'POST' });

  describe.each(TECHNIQUES)('%s', (id) => {
    test('sends its messages towards the server beside what it receives, and each is answered', async () => {
      const server = await startServer({ heartbeatMs: 200, lanePage: true });
      const run = await server.run({ ...tenEvents(id), durationSeconds: 2 }, false);
      const report = lane(server.url, id, run.id, undefined, { uplinkPerSecond: 10, payloadBytes: 40 });
      await server.asked(run.id, id);
      await start(server, run.id);
      const { samples, refused } = await report;
      expect(refused).toBeNull();
      expect(seqs({ samples, refused })).toEqual(numbers(20));
      const answered = samples.flatMap((one) => (one.kind === 'uplink' ? [one] : []));
      expect(answered.map(({ n }) => n)).toEqual(numbers(answered.length));
      expect(answered.length).toBeGreaterThan(10);
      for (const { sentAt, answeredAt } of answered) expect(answeredAt).toBeGreaterThanOrEqual(sentAt);
      const account = server.readLedger(run.id).lanes[id];
      // The last one may be cut off by the end of the run.
      expect([0, 1]).toContain((account?.uplinkMessages ?? 0) - answered.length);
      expect(account?.bytes.up.body).toBeGreaterThan(answered.length * 40);
      expect(account?.unaccountedBytes).toBe(0);
    });

    test('receives every event once and in order, and ends by itself when the run does', async () => {
      const server = await startServer({ heartbeatMs: 200, lanePage: true });
      const run = await server.run(tenEvents(id), false);
      const report = lane(server.url, id, run.id);
      // Started once the lane is on the wire, so that nothing came before it.
      await server.asked(run.id, id);
      await start(server, run.id);
      const { samples, refused } = await report;
      expect(refused).toBeNull();
      expect(seqs({ samples, refused })).toEqual(numbers(10));
      const asked = samples.filter(({ kind }) => kind === 'request').length;
      expect(samples.filter(({ kind }) => kind === 'response')).toHaveLength(asked);
      expect(samples.filter(({ kind }) => kind === 'trouble')).toEqual([]);
    });

    test('goes on without loss or doubling when its connection is cut again and again', async () => {
      const server = await startServer({ heartbeatMs: 200, lanePage: true });
      const events = 40;
      const run = await server.run({ ...tenEvents(id), durationSeconds: 4, longPollTimeoutMs: 1000 }, false);
      const random = seededRandom(TECHNIQUES.indexOf(id) + 1);
      // Anywhere from inside the status line to some events into the body.
      const proxy = await startCuttingProxy(
        server.port,
        `/push/${id}`,
        numbers(6).map(() => Math.floor(1 + random() * 900)),
      );
      onTestFinished(() => proxy.close());
      const report = lane(proxy.url, id, run.id);
      await server.asked(run.id, id);
      await start(server, run.id);
      const received = seqs(await report);
      expect(proxy.cuts()).toBeGreaterThan(0);
      expect(received).toEqual(numbers(events));
    });

    test('lets go of its connection when it is aborted', async () => {
      const server = await startServer({ heartbeatMs: 200, lanePage: true, limits: { streamsPerRun: 1 } });
      const run = await server.run({ ...tenEvents(id), durationSeconds: 60 });
      expect(seqs(await lane(server.url, id, run.id, 2)).length).toBeGreaterThanOrEqual(2);
      // There is room for one request at a time in this run: it is answered only if the first lane has let go.
      let again: LaneReport;
      do again = await lane(server.url, id, run.id, 1);
      while (again.refused?.includes('requests in progress'));
      expect(seqs(again).length).toBeGreaterThanOrEqual(1);
    });

    test('rejects with the words of the server that refuses it', async () => {
      const server = await startServer({ lanePage: true });
      const { refused } = await lane(server.url, id, 'no-such-run');
      expect(refused).toContain('There is no run "no-such-run" here');
    });
  });
});
