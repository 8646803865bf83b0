/**
 * Ends the test run on a line that any machine can read: `N passed, N failed`, and the skipped ones by name. Before it,
 * the files that took longest, so that the length of the whole stays in sight, and the tests that passed only at their second try.
 */
import type { Reporter, TestModule } from 'vitest/node';

/** So many of the slowest files are named. */
const SLOWEST = 10;

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    const skipped: string[] = [];
    const second: string[] = [];
    for (const module of modules) {
      // A file that could not be loaded has no tests to fail, and those behind a hook that failed only count as skipped.
      for (const suite of [module, ...module.children.allSuites()]) if (suite.errors().length > 0) count.failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        count[state] += 1;
        if (state === 'skipped') skipped.push(test.fullName);
        if (test.diagnostic()?.flaky) second.push(`${module.relativeModuleId} > ${test.fullName}`);
      }
    }
    const failed = count.failed + count.pending + errors.length;
    for (const line of slowest(modules)) process.stdout.write(`${line}\n`);
    for (const name of second) process.stdout.write(`passed at the second try: ${name}\n`);
    for (const name of skipped) process.stdout.write(`skipped: ${name}\n`);
    const last = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
    process.stdout.write(`${count.passed} passed, ${failed} failed${last}\n`);
  }
}

/** One line for each of the slowest files: the seconds of its tests and hooks, and its path; none where there is one file. */
function slowest(modules: readonly TestModule[]): string[] {
  if (modules.length === 1) return [];
  return modules
    .map((module) => ({ seconds: module.diagnostic().duration / 1000, path: module.relativeModuleId }))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, SLOWEST)
    .map(({ seconds, path }) => `${seconds.toFixed(1).padStart(7)} s  ${path}`);
}
