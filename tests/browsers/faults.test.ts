/**
 * Every fault in every technique, in both browsers, against a real server: what happens is held against the same table
 * that the lab shows beside it. All nine lanes run at once, a run for each fault; it ends when all of them have shown it.
 */
import { describe, type TestContext, test } from 'vitest';
import { FAULTS, type FaultId, TECHNIQUES, type TechniqueId } from '../../demo-server/protocol.ts';
import { EXPECTED } from '../../site/lab/faults/fault-table.ts';
import { bothBrowsers } from '../helpers/both-browsers.ts';
import { BROWSERS, type BrowserName } from '../helpers/browsers.ts';
import { startServer } from '../helpers/server.ts';
import type { FaultResult, runFault, Watch } from './fault-page.ts';

/** The watchdog of the hidden frame: 35 s in the lab, and here no longer than it takes to see that it barks behind a refusal. */
const SILENCE_MS = 5000;
/** So that a frame's watchdog hears of its stream. */
const HEARTBEAT_MS = 1500;
/** In a stall none: a WebSocket that leaves a Ping unanswered is cut, and a busy page answers late besides. */
const NO_HEARTBEAT_MS = 600_000;
/** What no run comes to, unless a lane waits in vain. */
const LONGEST_SECONDS = 60;

/** Seconds of the faults that last. The buffers have filled by then more than once, and let go of what is left in them. */
const LASTS: Partial<Record<FaultId, number>> = { stall: 1, refuse: 2.5, 'proxy-buffer': 4, compressor: 3 };
/** Who asks again by itself within a refusal: a frame does not notice it, and an EventSource has its own time. */
const ASKS_AGAIN: readonly TechniqueId[] = TECHNIQUES.filter((id) => id !== 'iframe-stream' && id !== 'sse');
/** On a busy machine a browser may not have asked, or not given up, while it was refused: then it is refused once more. */
const TRIES = 5;

const everyFault = FAULTS.flatMap((fault) => BROWSERS.map((name) => ({ name, fault })));
const opened = bothBrowsers({ network: false });

/** Runs one fault in all lanes, on a page of its own; in a window, as the timers of a hidden tab are slow. */
async function run(
  { name, settings, heartbeatMs, ...watch }: Watch & { name: BrowserName; settings: string; heartbeatMs: number },
  onTestFinished: TestContext['onTestFinished'],
): Promise<FaultResult[]> {
  const server = await startServer({ heartbeatMs, faultPage: true }, onTestFinished);
  const page = await opened(name).newPage({ type: 'window' });
  onTestFinished(() => page.close().catch(() => {}));
  await page.goto(`${server.url}/fault-page`);
  await page.waitForFunction('window.runFault');
  const query = `?techniques=${TECHNIQUES.join(',')}&pollIntervalMs=300&seed=5&durationSeconds=${LONGEST_SECONDS}`;
  return page.evaluate(
    (whole, how) => (window as unknown as { runFault: typeof runFault }).runFault(whole, how),
    `${query}&${settings}`,
    watch,
  );
}

/** Holds what happened against the outcome of each technique. */
function holds(
  expect: TestContext['expect'],
  results: readonly FaultResult[],
  outcome: (technique: TechniqueId) => string,
): void {
  expect(results.map(({ technique }) => technique)).toEqual([...TECHNIQUES]);
  // First, as it has ended the run for the others.
  expect(results.filter(({ verdict }) => verdict === 'differs')).toEqual([]);
  for (const { technique, ...result } of results) {
    expect(result, `${technique}: ${result.happened}`).toMatchObject({
      outcome: outcome(technique),
      verdict: 'agrees',
      differences: [],
      unaccountedBytes: 0,
    });
  }
}

describe.concurrent('what the table says', () => {
  test.for(everyFault)('$fault in $name', async ({ name, fault }, { expect, onTestFinished }) => {
    const seconds = LASTS[fault];
    // Small ones, so that what gathers less has to hold them for long.
    const bytes = fault === 'compressor' ? 20 : 200;
    // A stall and a busy page together take no more than the four seconds that a state of twenty events covers then.
    const rate = fault === 'stall' ? 5 : 10;
    const settings = `eventsPerSecond=${rate}&payloadBytes=${bytes}`;
    // Events of a second or two: so many show that every lane goes on, or that the limit of 5 s passes it by.
    const afterwards = fault === 'idle-limit' ? 60 : 10;
    const heartbeatMs = fault === 'stall' ? NO_HEARTBEAT_MS : HEARTBEAT_MS;
    const order = { fault, ...(seconds ? { seconds } : {}) };
    const watch = { name, settings, fault: order, heartbeatMs, silenceMs: SILENCE_MS, afterwards };
    let results = await run(watch, onTestFinished);
    const unmet = () => results.filter(({ technique, refused }) => ASKS_AGAIN.includes(technique) && !refused);
    if (fault === 'refuse') {
      for (let n = 1; n < TRIES && unmet().length > 0; n += 1) results = await run(watch, onTestFinished);
      expect(unmet(), 'not refused').toEqual([]);
    }
    // Events and heartbeats between them: a limit of 5 s is never reached.
    const busy = (technique: TechniqueId) =>
      EXPECTED[fault][technique] === 'answers-at-once' ? 'answers-at-once' : 'never-quiet';
    holds(expect, results, (technique) => (fault === 'idle-limit' ? busy(technique) : EXPECTED[fault][technique]));
  });

  test.for(BROWSERS)(
    'a limit on silence cuts every answer that is under way and quiet for longer, in %s',
    async (name, { expect, onTestFinished }) => {
      // An event each 6.7 s, the first after half of that; a frame finds out 6 s after its last sign of life.
      const settings = 'eventsPerSecond=0.15';
      const watch = {
        name,
        settings,
        fault: { fault: 'idle-limit' as const },
        heartbeatMs: 60_000,
        silenceMs: 6000,
        afterwards: 0,
      };
      holds(expect, await run(watch, onTestFinished), (technique) => EXPECTED['idle-limit'][technique]);
    },
  );
});
