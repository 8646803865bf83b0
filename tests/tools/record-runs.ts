/**
 * Records the runs that demos, race and lab show where no demo server answers: `node tests/tools/record-runs.ts [part of a query …]`.
 * Starts the real server, runs each page's own settings in the lab of the real Chromium, and writes the document that the
 * lab exports to content/recorded/runs/. Needs a built site and a quiet machine: what else it does shows in the latencies.
 */
import { globSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buildApp } from '../../demo-server/app.ts';
import { queryFromSettings, settingsFromTexts, textsFromQuery } from '../../demo-server/measure/settings.ts';
import { LADDER } from '../../demo-server/protocol.ts';
import { openBrowser } from '../helpers/browsers.ts';

/** The same events in every recording, whenever it is made. */
const SEED = 20261120;

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'content/recorded/runs');
const dist = join(root, 'dist');

/** Settings of every demo and race in the built pages, and of the lab as it opens. */
function wantedQueries(): string[] {
  const standard = settingsFromTexts({});
  const queries = new Set('settings' in standard ? [queryFromSettings(standard.settings)] : []);
  for (const page of globSync('**/*.html', { cwd: dist })) {
    const html = readFileSync(join(dist, page), 'utf8');
    for (const [, query = ''] of html.matchAll(/data-settings="([^"]+)"/g))
      queries.add(query.replaceAll('&#38;', '&').replaceAll('&amp;', '&'));
  }
  const parts = process.argv.slice(2);
  return [...queries].filter((query) => parts.every((part) => query.includes(part))).sort();
}

/** A file's name from its settings: the techniques, then whatever is not as usual. */
function nameOf(query: string): string {
  const read = settingsFromTexts(textsFromQuery(query));
  const standard = settingsFromTexts({});
  if ('faults' in read || 'faults' in standard) throw new Error(`no settings: ${query}`);
  const usual = standard.settings as unknown as Record<string, unknown>;
  const { techniques, ...others } = read.settings;
  const lanes = techniques.length === LADDER.length ? 'ladder' : techniques.join('+');
  const unusual = Object.entries(others).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(usual[key]));
  return [lanes, ...unusual.map(([key, value]) => `${key}=${typeof value === 'object' ? 'set' : value}`)].join('.');
}

const app = await buildApp({ siteDir: dist });
await app.listen({ port: 0, host: 'localhost' });
const url = `http://localhost:${(app.server.address() as AddressInfo).port}`;
const browser = await openBrowser('chromium');
try {
  await mkdir(folder, { recursive: true });
  for (const query of wantedQueries()) {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    await page.goto(`${url}/lab/${query}&seed=${SEED}`);
    await page.waitForSelector('push-lab[data-state=idle]');
    await page.click('[data-part=start]');
    await page.waitForSelector('push-lab[data-state=finished]', { timeout: 120_000 });
    await page.waitForSelector('[data-part=keep]:not([hidden])');
    const text = await page.evaluate(async () => {
      const saved = new Promise<Blob>((resolve) => {
        const make = URL.createObjectURL.bind(URL);
        URL.createObjectURL = (blob) => {
          resolve(blob as Blob);
          return make(blob);
        };
      });
      document.querySelector<HTMLButtonElement>('[data-file=json]')?.click();
      return (await saved).text();
    });
    await context.close();
    const file = `${nameOf(query)}.json`;
    await writeFile(join(folder, file), `${text}\n`);
    process.stdout.write(`${file}: ${text.length} bytes\n`);
  }
} finally {
  await browser.close();
  app.endConnections();
  await app.close();
}
