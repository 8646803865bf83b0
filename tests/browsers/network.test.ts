/** A simulated network as real browsers meet it: the round trip of the settings, and once more where they open a connection. */
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { TechniqueId } from '../../demo-server/protocol.ts';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { startServer } from '../helpers/server.ts';
import type { runLane } from './lane-page.ts';

describe.each(BROWSERS)('%s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name);
  });
  afterAll(() => browser.close());

  /** Ms from request to answer of every poll but the first, which may have found a connection that was open before. */
  async function polls(technique: TechniqueId): Promise<number[]> {
    const server = await startServer({ lanePage: true });
    const run = await server.run({ techniques: [technique], rttMs: 100, durationSeconds: 600, eventsPerSecond: 10 });
    const page = await browser.newPage();
    onTestFinished(() => page.close().catch(() => {}));
    await page.goto(`${server.url}/lane-page`);
    await page.waitForFunction('window.runLane');
    const { samples } = await page.evaluate(
      (id, settings) => (window as unknown as { runLane: typeof runLane }).runLane(id, settings, 60),
      technique,
      { run: run.id, pollIntervalMs: 120 },
    );
    const begun = new Map(samples.flatMap((one) => (one.kind === 'request' ? [[one.request, one.at] as const] : [])));
    return samples.flatMap((one) =>
      one.kind === 'response' && one.ok && one.request > 1 ? [one.at - (begun.get(one.request) as number)] : [],
    );
  }

  test('100 ms of round trip are 100 ms on a connection that stays open', async () => {
    const times = await polls('keep-alive');
    expect(times.length).toBeGreaterThan(3);
    // The machine adds to it as it likes; nothing can take time away. That no more is added on purpose is seen in tests/wire/passage.test.ts.
    for (const time of times) expect(time).toBeGreaterThan(99);
  });

  test('HTTP/1.0 pays double, as it opens a connection for each request', async () => {
    const times = await polls('http10');
    expect(times.length).toBeGreaterThan(3);
    for (const time of times) expect(time).toBeGreaterThan(198);
  });
});
