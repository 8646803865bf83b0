import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { loopbackWithoutProxy } from './demo-server/network/no-proxy.ts';
import LongestFirst from './tests/sequencer.ts';

// The tests speak to servers of this machine only, also behind a proxy.
loopbackWithoutProxy();

// No measure of speed: only a test that hangs is ended, also where the machine is slow and has much else to do.
const PATIENCE_MS = 300_000;
const expectations = { poll: { timeout: PATIENCE_MS - 10_000 } };

/**
 * A test that drives browsers or waits for other processes may meet a machine that is too busy for it. It gets one more try; what
 * needed it is named at the end of the run, as it is either a test to fix or a race in the product.
 */
const retry = 1;

/** What the shell around the tests may have set, and their programs would read: a language in which they speak, a proxy on the way to loopback. */
const proxies = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'].flatMap((name) => [name, name.toUpperCase()]);
const env = {
  LC_ALL: 'C.UTF-8',
  LANG: 'C.UTF-8',
  ...Object.fromEntries(proxies.map((name) => [name, ''])),
  // The tests start the server and its tools some two hundred times: what Node has compiled once it need not compile again.
  NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/pushlab-compiled', import.meta.url)),
};

/** They compute in their own process and leave nothing behind in it: no server, no browser, no other process. */
export const PURE = [
  'tests/classroom/{costs,measured,patience,state}.test.ts',
  'tests/lab/{axis,check-verdict,csv,curves,faults,file-text,lateness,run-differences}.test.ts',
  'tests/lab/{timeline-layout,timeline-pick,words}.test.ts',
  'tests/measure/{age,clock,recording,settings,statistics,store}.test.ts',
  'tests/probes/rows.test.ts',
  'tests/lessons/{accept,choosing,frames,recorded-claims,sse-parser,tags,wire}.test.ts',
  'tests/network/{bad-ports,networks}.test.ts',
  'tests/server/{feed,options,protocol}.test.ts',
  'tests/wire/{events,meter,passage}.test.ts',
];

/** What holds for every test file. */
export const everyTest = { testTimeout: PATIENCE_MS, hookTimeout: PATIENCE_MS, expect: expectations, retry, env };
export const reporters = ['default', './tests/reporter.ts'];
/** More than two cores can work at: most tests wait for runs that take their seconds. tests/sequencer.ts mixes them. */
const maxWorkers = 4;

export default defineConfig({
  test: {
    reporters,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...everyTest,
          name: 'node',
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/browsers/**', ...PURE],
          maxWorkers,
        },
      },
      { test: { ...everyTest, name: 'browsers', include: ['tests/browsers/**/*.test.ts'], maxWorkers } },
      // They share processes: to start one takes longer than most of them take.
      { test: { ...everyTest, name: 'pure', include: PURE, isolate: false, maxWorkers } },
    ],
  },
});
