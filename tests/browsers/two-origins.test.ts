/** The pages on one origin, the demo server on another: every technique works, is counted, and nobody else is let in. */
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { TECHNIQUES, type TechniqueId } from '../../demo-server/protocol.ts';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { startServer, type TestServer, tenEvents } from '../helpers/server.ts';
import type { LaneReport, runLane } from './lane-page.ts';

describe.each(BROWSERS)('%s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name, { network: false });
  });
  afterAll(() => browser.close());

  /** A page's server and another that allows its pages, or does not. */
  async function twoOrigins(allow: boolean): Promise<{ pages: TestServer; server: TestServer }> {
    const pages = await startServer({ lanePage: true });
    return { pages, server: await startServer({ heartbeatMs: 200, allowOrigins: allow ? [pages.url] : [] }) };
  }

  async function lane(
    pages: TestServer,
    server: string,
    id: TechniqueId,
    run: string,
    more: { uplinkPerSecond?: number; payloadBytes?: number } = {},
  ): Promise<LaneReport> {
    const page = await browser.newPage();
    onTestFinished(() => page.close().catch(() => {}));
    await page.goto(`${pages.url}/lane-page`);
    await page.waitForFunction('window.runLane');
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    return page.evaluate(
      (technique, settings) =>
        (window as unknown as { runLane: typeof runLane }).runLane(technique, settings, Number.MAX_SAFE_INTEGER),
      id,
      { server, run, pollIntervalMs: 100, silenceMs: 600, ...more },
    );
  }

  describe.each(TECHNIQUES)('%s', (id) => {
    test('receives every event from the other origin, on connections of its kind, every byte counted', async () => {
      const { pages, server } = await twoOrigins(true);
      const run = await server.run(tenEvents(id), false);
      const report = lane(pages, server.url, id, run.id);
      await server.asked(run.id, id);
      await fetch(`${server.url}/runs/${run.id}/start`, { method: 'POST' });
      const { samples, refused } = await report;
      expect(refused).toBeNull();
      expect(samples.flatMap((one) => (one.kind === 'event' ? [one.seq] : []))).toEqual(
        Array.from({ length: 10 }, (_, n) => n + 1),
      );
      expect(samples.filter(({ kind }) => kind === 'trouble')).toEqual([]);
      const account = (await server.ledger(run.id)).lanes[id];
      expect(account?.unaccountedBytes).toBe(0);
      expect(account?.eventsSent).toBe(10);
      // Simple requests all: none of the techniques costs a preflight to listen. (Why an EventSource was ended is asked
      // once more, in plain HTTP.)
      const asked = samples.filter(({ kind }) => kind === 'request').length;
      expect(account?.requests).toBe(asked + (id === 'sse' ? 1 : 0));
      if (id === 'http10') expect(account?.connectionsReused).toBe(0);
    });

    test('is told in words when the run is unknown', async () => {
      const { pages, server } = await twoOrigins(true);
      const { refused } = await lane(pages, server.url, id, 'nowhere');
      expect(refused).toContain('There is no run "nowhere" here');
    });
  });

  test.each(['polling', 'http10', 'websocket'] as const)(
    '%s sends messages to the other origin; a preflight that it costs is counted in its lane',
    async (id) => {
      const { pages, server } = await twoOrigins(true);
      // Within the 5 s for which a browser remembers a preflight (Fetch, CORS-preflight cache).
      const run = await server.run({ ...tenEvents(id), durationSeconds: 2, uplinkPerSecond: 5 }, false);
      const report = lane(pages, server.url, id, run.id, { uplinkPerSecond: 5, payloadBytes: 8 });
      await server.asked(run.id, id);
      await fetch(`${server.url}/runs/${run.id}/start`, { method: 'POST' });
      const { samples } = await report;
      expect(samples.filter(({ kind }) => kind === 'uplink').length).toBeGreaterThan(3);
      const account = (await server.ledger(run.id)).lanes[id];
      expect(account?.unaccountedBytes).toBe(0);
      expect(account?.uplinkMessages).toBeGreaterThan(3);
      // One for all messages of the lane, as the browser remembers it, and perhaps a message that came too late and was
      // refused. A WebSocket needs no preflight, nor a request a message.
      const asked = samples.filter(({ kind }) => kind === 'request').length;
      const messages = id === 'websocket' ? 0 : (account?.uplinkMessages ?? 0);
      const more = (account?.requests ?? 0) - asked - messages;
      expect(id === 'websocket' ? [0] : [1, 2]).toContain(more);
    },
  );

  test('a page of an origin that was not named gets nothing, by no technique', async () => {
    const { pages, server } = await twoOrigins(false);
    const run = await server.run({ ...tenEvents('websocket'), techniques: [...TECHNIQUES] });
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    await page.goto(`${pages.url}/lane-page`);
    const outcomes = await page.evaluate(
      async (base, id) => {
        const post = fetch(`${base}/runs`, { method: 'POST' }).then(
          () => 'read',
          () => 'refused',
        );
        const get = fetch(`${base}/push/polling?run=${id}`).then(
          () => 'read',
          () => 'refused',
        );
        const socket = new Promise((resolve) => {
          const made = new WebSocket(`${base.replace('http', 'ws')}/push/websocket?run=${id}`);
          made.onopen = () => resolve('read');
          made.onerror = () => resolve('refused');
        });
        return Promise.all([post, get, socket]);
      },
      server.url,
      run.id,
    );
    expect(outcomes).toEqual(['refused', 'refused', 'refused']);
  });
});
