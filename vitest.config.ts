import { defineConfig } from 'vitest/config';
import { loopbackWithoutProxy } from './demo-server/network/no-proxy.ts';

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
const env = { LC_ALL: 'C.UTF-8', LANG: 'C.UTF-8', ...Object.fromEntries(proxies.map((name) => [name, ''])) };

/** What holds for every test file. */
export const everyTest = { testTimeout: PATIENCE_MS, hookTimeout: PATIENCE_MS, expect: expectations, retry, env };
export const reporters = ['default', './tests/reporter.ts'];

export default defineConfig({
  test: {
    reporters,
    projects: [
      {
        test: {
          ...everyTest,
          name: 'node',
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/browsers/**'],
          // Most tests wait for runs that take their seconds: several files share the two cores of a small machine.
          maxWorkers: 3,
        },
      },
      {
        test: {
          ...everyTest,
          name: 'browsers',
          include: ['tests/browsers/**/*.test.ts'],
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
