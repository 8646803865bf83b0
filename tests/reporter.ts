/**
 * Ends the test run on a line that any machine can read: `N passed, N failed`, and the skipped ones by name. Before it come
 * the ten files that took longest, the tests that passed only at their second try, and the one browser that was chosen, if
 * one was. The time of every file is kept in `.cache/test-durations.json`.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

/** How many of the slowest files are named. */
const SLOWEST = 10;
const ROOT = join(import.meta.dirname, '..');
/** The times of all files, those of earlier runs included. Git ignores this folder. */
const DURATIONS = join(ROOT, '.cache/test-durations.json');

/** How long a test file took the last time it ran: its imports, hooks and tests, and when that was (ISO 8601). */
interface Duration {
  seconds: number;
  at: string;
}

export default class SummaryReporter implements Reporter {
  readonly #file: string;

  /** `durations`: the file that keeps the times, if not the usual one. */
  constructor({ durations = DURATIONS }: { durations?: string } = {}) {
    this.#file = durations;
  }

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
    const durations = durationsOf(modules);
    keep(this.#file, durations);
    for (const line of slowest(durations)) process.stdout.write(`${line}\n`);
    for (const name of second) process.stdout.write(`passed at the second try: ${name}\n`);
    for (const name of skipped) process.stdout.write(`skipped: ${name}\n`);
    const { PUSHLAB_BROWSER: only } = process.env;
    if (only) process.stdout.write(`of the tests that run in each browser, only those in ${only}\n`);
    const last = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
    process.stdout.write(`${count.passed} passed, ${failed} failed${last}\n`);
  }
}

/** The time of each file of this run, by its path. */
function durationsOf(modules: readonly TestModule[]): Map<string, Duration> {
  const at = new Date().toISOString();
  return new Map(
    modules.map((module) => {
      const { duration, collectDuration } = module.diagnostic();
      return [module.relativeModuleId, { seconds: Math.round(duration + collectDuration) / 1000, at }];
    }),
  );
}

/** Writes the times into `file`, beside those of files that did not run this time. A test file that is gone is dropped. */
function keep(file: string, durations: ReadonlyMap<string, Duration>): void {
  const all = { ...kept(file), ...Object.fromEntries(durations) };
  const there = Object.entries(all).filter(([path]) => existsSync(join(ROOT, path)));
  const sorted = Object.fromEntries(there.sort(([a], [b]) => (a < b ? -1 : 1)));
  mkdirSync(dirname(file), { recursive: true });
  // Two runs may end at the same time: each leaves a whole file.
  writeFileSync(`${file}.${process.pid}`, `${JSON.stringify(sorted, null, 2)}\n`);
  renameSync(`${file}.${process.pid}`, file);
}

/** The times of earlier runs; none if there is no such file, or it cannot be read. */
function kept(file: string): Record<string, Duration> {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}

/** One line for each of the slowest files, its seconds and its path; none where only one file ran. */
function slowest(durations: ReadonlyMap<string, Duration>): string[] {
  if (durations.size === 1) return [];
  return [...durations]
    .sort(([, a], [, b]) => b.seconds - a.seconds)
    .slice(0, SLOWEST)
    .map(([path, { seconds }]) => `${seconds.toFixed(1).padStart(7)} s  ${path}`);
}
