/**
 * Records what lessons show until a reader has a run of their own: `node tests/tools/record.ts [technique …]`. Starts the real
 * server, opens each lesson in the real Chromium, presses its demo's button, and writes the bytes and the figures of that
 * run to content/recorded/<id>.json. Needs a built site.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buildApp } from '../../demo-server/app.ts';
import { TECHNIQUES, type TechniqueId, type WireTranscript } from '../../demo-server/protocol.ts';
import type { KeptRun, RunNews } from '../../site/components/demo/last-runs.ts';
import type { Recorded } from '../../site/components/prose/recorded.ts';
import { openBrowser } from '../helpers/browsers.ts';

const COMMAND = 'node tests/tools/record.ts';
/** Exchanges kept of each run: enough to choose from, and the last ones only say that the run is over. */
const EXCHANGES = 5;

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'content/recorded');
const say = (line: string) => process.stdout.write(`${line}\n`);

const wanted = process.argv.slice(2);
const unknown = wanted.filter((id) => !(TECHNIQUES as readonly string[]).includes(id));
if (unknown.length > 0) {
  process.stderr.write(`${COMMAND}: got ${unknown.join(', ')}, takes any of ${TECHNIQUES.join(', ')}\n`);
  process.exit(1);
}

const app = await buildApp({ siteDir: join(root, 'dist') });
await app.listen({ port: 0, host: 'localhost' });
const url = `http://localhost:${(app.server.address() as AddressInfo).port}`;
const browser = await openBrowser('chromium');
const version = (await browser.version()).replace(/^(?:Headless)?Chrome\/(\d+).*/, 'Chromium $1');

try {
  await mkdir(folder, { recursive: true });
  for (const technique of TECHNIQUES.filter((id) => wanted.length === 0 || wanted.includes(id))) {
    const recorded = await record(technique);
    await writeFile(join(folder, `${technique}.json`), `${JSON.stringify(recorded, null, 1)}\n`);
    const { requests, wireBytes, bytesPerEvent } = recorded.run.figures;
    say(`${technique}: ${requests} requests, ${wireBytes} bytes, ${bytesPerEvent?.toFixed(1)} for each event`);
  }
} finally {
  await browser.close();
  app.endConnections();
  await app.close();
}

/** One run of the demo in the technique's lesson, in a profile without a past. */
async function record(technique: TechniqueId): Promise<Recorded> {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.goto(`${url}/lessons/${technique}/`, { waitUntil: 'load' });
  const run = (await page.evaluate(
    (id) =>
      new Promise<unknown>((resolve, reject) => {
        document.addEventListener('pushlab:run', (event) => {
          const { state, kept } = (event as CustomEvent<RunNews>).detail;
          if (state === 'finished') resolve(kept.find((one) => one.technique === id));
          else if (state !== 'running') reject(new Error(`the run was ${state}`));
        });
        const demo = [...document.querySelectorAll('push-demo')].find((each) =>
          each.matches(`[data-settings*="${id}"]`),
        );
        demo?.querySelector<HTMLButtonElement>('[data-part="start"]')?.click();
      }),
    technique,
  )) as KeptRun;
  const answer = await fetch(`${url}/runs/${run.run}/wire/${technique}`);
  const transcript = (await answer.json()) as WireTranscript;
  await context.close();

  const telling = transcript.exchanges.findLastIndex(({ segments }) => segments.some(({ kind }) => kind === 'payload'));
  transcript.exchanges = transcript.exchanges.slice(Math.max(0, telling - EXCHANGES + 1), telling + 1);
  return {
    technique,
    browser: version,
    date: new Date().toISOString().slice(0, 10),
    command: COMMAND,
    run,
    transcript,
  };
}
