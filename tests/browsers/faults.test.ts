/**
 * Every fault in every technique, in both browsers, against a real server: what happens is held against the same table
 * that the lab shows beside it. All nine lanes run at once, a run for each fault.
 */
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { FAULTS, type FaultId, TECHNIQUES } from '../../demo-server/protocol.ts';
import { EXPECTED } from '../../site/lab/fault-table.ts';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { startServer } from '../helpers/server.ts';
import type { FaultResult, runFault } from './fault-page.ts';

/** The watchdog of the streams: 35 s in the lab, and so short here that a frame whose connection is gone is found out soon. */
const SILENCE_MS = 3000;
/** Longer than the stall: a WebSocket that leaves a Ping unanswered is cut. */
const HEARTBEAT_MS = 1500;

/** How long each run lasts, and for how long a fault that lasts. A 204 leaves a frame silent twice. */
const SECONDS: Readonly<Record<FaultId, { run: number; fault?: number }>> = {
  cut: { run: 10 },
  stall: { run: 8, fault: 1 },
  'status-500': { run: 11 },
  'status-204': { run: 14 },
  'wrong-type': { run: 11 },
  refuse: { run: 11, fault: 1 },
  'drop-history': { run: 10 },
  'proxy-buffer': { run: 10, fault: 8 },
  'idle-limit': { run: 8 },
  compressor: { run: 8, fault: 6 },
};

describe.each(BROWSERS)('%s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name);
  });
  afterAll(() => browser.close());

  /** Runs one fault on a page of its own in all lanes. */
  async function run(settings: string, heartbeatMs: number, silenceMs: number): Promise<FaultResult[]> {
    const server = await startServer({ heartbeatMs, faultPage: true });
    const page = await browser.newPage();
    onTestFinished(() => page.close().catch(() => {}));
    await page.goto(`${server.url}/fault-page`);
    await page.waitForFunction('window.runFault');
    return page.evaluate(
      (query, silence) => (window as unknown as { runFault: typeof runFault }).runFault(query, silence),
      `?techniques=${TECHNIQUES.join(',')}&pollIntervalMs=300&seed=5&${settings}`,
      silenceMs,
    );
  }
  function holds(results: readonly FaultResult[], outcome: (technique: FaultResult['technique']) => string): void {
    expect(results.map(({ technique }) => technique)).toEqual([...TECHNIQUES]);
    for (const { technique, ...result } of results) {
      expect(result, `${technique}: ${result.happened}`).toMatchObject({
        outcome: outcome(technique),
        verdict: 'agrees',
        differences: [],
        unaccountedBytes: 0,
      });
    }
  }

  test.each(FAULTS)('%s does to all nine what the table says', { timeout: 60_000 }, async (fault) => {
    const { run: duration, fault: lasts } = SECONDS[fault];
    const planned = `${fault}@10${lasts ? `:${lasts}` : ''}`;
    const results = await run(
      `eventsPerSecond=10&payloadBytes=200&durationSeconds=${duration}&faults=${planned}`,
      HEARTBEAT_MS,
      SILENCE_MS,
    );
    // Ten events a second and heartbeats between them: a limit of 5 s is never reached.
    const busy = (technique: FaultResult['technique']) =>
      EXPECTED[fault][technique] === 'answers-at-once' ? 'answers-at-once' : 'never-quiet';
    holds(results, (technique) => (fault === 'idle-limit' ? busy(technique) : EXPECTED[fault][technique]));
  });

  test('a limit on silence cuts every answer that is under way and quiet for longer', { timeout: 60_000 }, async () => {
    // One event each 10 s, the first after 5; a frame finds out 6 s after its last sign of life.
    const results = await run('eventsPerSecond=0.1&durationSeconds=26&faults=idle-limit@1', 60_000, 6000);
    holds(results, (technique) => EXPECTED['idle-limit'][technique]);
  });
});
