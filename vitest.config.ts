import { defineConfig } from 'vitest/config';

// Patience with a busy machine: expect.poll has 1 s, which is a measure of speed.
const expectations = { poll: { timeout: 60_000 } };

export default defineConfig({
  test: {
    reporters: ['default', './tests/reporter.ts'],
    projects: [
      {
        test: {
          name: 'node',
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/browsers/**'],
          // No measure of speed: only a test that hangs is ended, also where the machine has much else to do.
          testTimeout: 120_000,
          expect: expectations,
          // Most tests wait for runs that take their seconds: several files share the two cores of a small machine.
          maxWorkers: 3,
        },
      },
      {
        test: {
          name: 'browsers',
          include: ['tests/browsers/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: expectations,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
