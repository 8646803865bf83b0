/** What the command line measured, opened in the lab: the same figures, in both browsers. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ElementHandle } from 'puppeteer-core';
import { expect, onTestFinished, test } from 'vitest';
import type { TechniqueId } from '../../demo-server/protocol.ts';
import { readDocument } from '../../site/lab/kept/run-reading.ts';
import { axe } from '../helpers/axe.ts';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { startServer } from '../helpers/server.ts';

const root = join(import.meta.dirname, '../..');
const techniques: TechniqueId[] = ['http10', 'polling', 'sse', 'websocket'];

test.each(BROWSERS)('a run of the command line is shown by %s with its own figures', async (name) => {
  const folder = await mkdtemp(join(tmpdir(), 'pushlab-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'run.json');
  const settings = [
    '--duration',
    '2',
    '--events-per-second',
    '5',
    '--subscribers',
    '3',
    '--techniques',
    techniques.join(),
  ];
  const command = [join(root, 'demo-server/compare/main.ts'), ...settings, '--json', '-q', '-o', file];
  const { stdout } = await promisify(execFile)(process.execPath, command, { maxBuffer: 16 * 1024 * 1024 });
  const read = readDocument(stdout);
  if ('faults' in read) throw new Error(JSON.stringify(read.faults));
  const { ledger, run } = read.document;

  const server = await startServer({ siteDir: join(root, 'dist') });
  const browser = await openBrowser(name);
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  await page.goto(`${server.url}/lab/runs/`);
  await page.waitForSelector('push-runs:not([data-state=loading])');
  const field = (await page.$('[data-part=files]')) as ElementHandle<HTMLInputElement>;
  await field.uploadFile(file);
  await page.waitForFunction(
    (id) => document.querySelector('[data-part="condition-run"]')?.textContent === id,
    {},
    run.id,
  );
  const rows = await page.$$eval('[data-part="results"] table', (tables) =>
    tables.map((table) =>
      Object.fromEntries(
        [...table.querySelectorAll('tbody tr')].map((row) => [
          row.querySelector('th')?.textContent ?? '',
          [...row.querySelectorAll('td')].map((cell) => Number(cell.textContent?.replace(/[^\d.]/g, ''))),
        ]),
      ),
    ),
  );
  const row = (of: string) => rows.flatMap((table) => (table[of] ? [table[of]] : []));
  expect(row('Heads, to the server')[0]).toEqual(techniques.map((id) => ledger?.lanes[id]?.bytes.up.head));
  expect(row('All, to the browser')[0]).toEqual(techniques.map((id) => ledger?.lanes[id]?.wireBytesDown));
  // The lanes', then the simulated clients'.
  expect(row('Received')).toEqual([techniques.map(() => 10), techniques.map(() => 30)]);
  expect(await axe(page)).toEqual([]);
});
