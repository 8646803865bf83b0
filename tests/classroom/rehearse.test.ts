/** The rehearsal as a command: a small class all the way, and its options in words. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Report } from '../../demo-server/rehearse/rehearsal.ts';

const main = join(import.meta.dirname, '../../demo-server/rehearse/main.ts');
const rehearse = (...options: string[]) => promisify(execFile)(process.execPath, [main, ...options]);

test('a class of seven joins, is led, answers, runs, drops and rejoins; everything is counted once', async () => {
  const techniques = ['polling', 'sse', 'websocket'];
  const { stdout } = await rehearse(
    '--students',
    '7',
    '--seconds',
    '2',
    '--techniques',
    techniques.join(','),
    '--json',
  );
  const report = JSON.parse(stdout) as Report;
  expect(report).toMatchObject({ students: 7, techniques, wrong: [], counted: 7, answers: 7, rejoined: 2 });
  expect(report.told).toBeGreaterThan(7);
  expect(report.fanOut.count).toBe(7 * 40);
  expect(report.events).toMatchObject({ received: report.events.expected, lost: 0 });
  expect(report.events.expected).toBe(7 * 3 * 4);
  expect(report.costs?.devices).toBe(7);
  expect(report.usage.rss).toBeGreaterThan(10e6);
});

test.each([
  [['--students', '0'], '--students takes a whole number from 1 to 200, got "0"'],
  [['--techniques', 'telepathy'], 'got "telepathy"'],
  [['--student', '1'], 'See --help'],
])('%j makes no sense and is answered in one line, with 2', async (options, words) => {
  const { code, stderr } = await rehearse(...options).then(
    () => ({ code: 0, stderr: '' }),
    (error: { code: number; stderr: string }) => error,
  );
  expect(code).toBe(2);
  expect(stderr).toMatch(/^rehearse: [^\n]+\n$/);
  expect(stderr).toContain(words);
});
