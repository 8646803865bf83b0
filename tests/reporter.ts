/** Ends the test run on a line that any machine can read: `N passed, N failed`, and the skipped ones by name. */
import type { Reporter, TestModule } from 'vitest/node';

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    const skipped: string[] = [];
    for (const module of modules) {
      // A file that could not be loaded has no tests to fail, and those behind a hook that failed only count as skipped.
      for (const suite of [module, ...module.children.allSuites()]) if (suite.errors().length > 0) count.failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        count[state] += 1;
        if (state === 'skipped') skipped.push(test.fullName);
      }
    }
    const failed = count.failed + count.pending + errors.length;
    for (const name of skipped) process.stdout.write(`skipped: ${name}\n`);
    const last = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
    process.stdout.write(`${count.passed} passed, ${failed} failed${last}\n`);
  }
}
