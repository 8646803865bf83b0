/**
 * Two witnesses that know nothing of the tap: a packet capture of a whole run of all lanes in a real browser, and the
 * lengths that Chromium itself reports. Both agree with the ledger to the byte.
 */
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { Browser } from 'puppeteer-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { TECHNIQUES, type WireTranscript } from '../../demo-server/protocol.ts';
import type { ConnectionTotals } from '../../demo-server/wire/ledger.ts';
import { BROWSERS, type BrowserName, openBrowser } from '../helpers/browsers.ts';
import { capture } from '../helpers/capture.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));

async function browse(name: BrowserName): Promise<Browser> {
  const browser = await openBrowser(name);
  onTestFinished(() => browser.close());
  return browser;
}

/** All nine lanes, the one beyond the ladder too: as many as ever run together. */
const QUERY = `techniques=${TECHNIQUES.join(',')}&durationSeconds=5&seed=1`;

/** Opens the lab, starts a run of all lanes by its button, and waits for its end. Returns the run's id. */
async function runLab(browser: Browser, server: TestServer): Promise<string> {
  const page = await browser.newPage();
  await page.goto(`${server.url}/lab/?${QUERY}`);
  const made = page.waitForResponse((answer) => new URL(answer.url()).pathname === '/runs');
  await page.click('[data-part=start]');
  const run = (await (await made).json()) as { id: string };
  await page.waitForSelector('push-lab[data-state=finished]');
  return run.id;
}

describe.each(BROWSERS)('%s', (name) => {
  test('tshark sees the same number of bytes, in each direction of each connection', async () => {
    const closed: ConnectionTotals[] = [];
    const server = await startServer({ siteDir, onConnectionEnd: (totals) => closed.push(totals) });
    const browser = await browse(name);
    const witness = await capture(server.port);
    closed.length = 0;

    const run = await runLab(browser, server);
    await browser.close();
    await server.disconnected();
    const ours = new Map(closed.map(({ remotePort = 0, bytesUp: up, bytesDown: down }) => [remotePort, { up, down }]));
    const captured = await witness.stop();

    const used = [...captured].filter(([port]) => ours.has(port));
    expect(used.length).toBe(ours.size);
    expect(used.length).toBeGreaterThanOrEqual(5);
    for (const [port, totals] of used) expect(totals, `connection from port ${port}`).toEqual(ours.get(port));
    expect(closed.every(({ unaccountedBytes }) => unaccountedBytes === 0)).toBe(true);

    // Every byte of every connection is in one account: this run's, the open feed's lanes', or the server's own.
    const [ledger, open] = [server.readLedger(run), server.readLedger('open')];
    for (const technique of TECHNIQUES) {
      expect(ledger.lanes[technique], technique).toMatchObject({ eventsSent: 10, unaccountedBytes: 0, cuts: [] });
    }
    const accounts = [ledger, open].flatMap(({ lanes, control, site, unowned }) => [
      ...Object.values(lanes),
      control,
      site,
      ...(unowned ? [unowned] : []),
    ]);
    const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);
    expect(sum(accounts.map(({ wireBytesUp }) => wireBytesUp))).toBe(sum(closed.map(({ bytesUp }) => bytesUp)));
    expect(sum(accounts.map(({ wireBytesDown }) => wireBytesDown))).toBe(sum(closed.map(({ bytesDown }) => bytesDown)));
    for (const { bytes, wireBytesUp, wireBytesDown } of accounts) {
      expect(sum(Object.values(bytes.up))).toBe(wireBytesUp);
      expect(sum(Object.values(bytes.down))).toBe(wireBytesDown);
    }
  });
});

test('Chromium reports the same number of bytes for every answer of a lane', async () => {
  const server = await startServer({ siteDir });
  const browser = await browse('chromium');
  const page = await browser.newPage();
  const devtools = await page.createCDPSession();
  await devtools.send('Network.enable');
  const lanes = new Map<string, string>();
  const bytes = new Map<string, number>();
  devtools.on('Network.requestWillBeSent', ({ requestId, request }) => {
    const [, room, technique] = new URL(request.url).pathname.split('/');
    if (room === 'push' && technique) lanes.set(requestId, technique);
  });
  devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const technique = lanes.get(requestId);
    if (technique) bytes.set(technique, (bytes.get(technique) ?? 0) + encodedDataLength);
  });
  await page.goto(`${server.url}/lab/?${QUERY}`);
  const made = page.waitForResponse((answer) => new URL(answer.url()).pathname === '/runs');
  await page.click('[data-part=start]');
  const { id } = (await (await made).json()) as { id: string };
  await page.waitForSelector('push-lab[data-state=finished]');
  const { lanes: ledger } = await server.ledger(id);
  // DevTools gives no length for a WebSocket, and often none for what a reader took to its end: it calls that cancelled.
  const told = TECHNIQUES.filter((technique) => technique !== 'websocket' && technique !== 'fetch-stream');
  const counted = Object.fromEntries(told.map((technique) => [technique, ledger[technique]?.wireBytesDown]));
  // So it calls, now and then, the 204 that EventSource takes as its end.
  const wire = (await (await fetch(`${server.url}/runs/${id}/wire/sse`)).json()) as WireTranscript;
  const down = wire.exchanges.at(-1)?.segments.filter(({ direction }) => direction === 'down') ?? [];
  const end = down.reduce((sum, { bytes }) => sum + Buffer.from(bytes, 'base64').length, 0);
  // The length of the very last answer may come a moment after the page has read it.
  await expect
    .poll(() => Object.fromEntries(told.map((technique) => [technique, bytes.get(technique)])))
    .toSatisfy((seen) =>
      [counted, { ...counted, sse: (counted.sse ?? 0) - end }].some((one) => isDeepStrictEqual(one, seen)),
    );
});
