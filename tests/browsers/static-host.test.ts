/** The site without a demo server: what it shows is recorded, and says so; kept runs work as ever. And with one elsewhere. */
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { LADDER } from '../../demo-server/protocol.ts';
import { PROBES } from '../../site/probes/browser-probes.ts';
import { axe } from '../helpers/axe.ts';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { startServer, type TestServer } from '../helpers/server.ts';
import { headersByFile, type StaticHost, startStaticHost } from '../helpers/static-host.ts';

const ISOLATED = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

describe.each(BROWSERS)('in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name);
  });
  afterAll(() => browser.close());

  async function open(url: string): Promise<Page> {
    const page = await browser.newPage();
    onTestFinished(() => page.close().catch(() => {}));
    await page.goto(url);
    return page;
  }
  const said = (page: Page, element: string) =>
    page.waitForFunction(
      (tag) => {
        const text = document.querySelector(`${tag} [data-part=problem] p`)?.textContent ?? '';
        return text.includes('nothing in it is live') ? text : '';
      },
      {},
      element,
    );

  test('a demo, the race and the lab show recorded runs, each with date and browser', async () => {
    const host = await startStaticHost();
    for (const [path, element] of [
      ['/lessons/sse/', 'push-demo'],
      ['/', 'push-race'],
      ['/lab/', 'push-lab'],
    ] as const) {
      const page = await open(host.url + path);
      await page.waitForSelector(`${element} [data-part=start]`);
      await page.click(`${element} [data-part=start]`);
      const text = (await (await said(page, element)).jsonValue()) as string;
      expect(text, path).toMatch(/made on \w+ \d+, 20\d\d.* with Chromium \d+/);
      expect(await page.$eval(element, (found) => (found as HTMLElement).dataset.state), path).toBe('idle');
      const shown = await page.$eval(element, (found) => (found as HTMLElement).innerText);
      expect(shown, path).not.toMatch(/NaN|undefined/);
    }
    const page = await open(`${host.url}/lab/`);
    await page.waitForSelector('push-lab[data-state=idle]');
    await page.click('[data-part=start]');
    await said(page, 'push-lab');
    const lanes = await page.$$eval('[data-part=legend] button', (all) => all.length);
    expect(lanes).toBe(LADDER.length);
    // A recording is not the reader's: it is not put among the kept runs.
    expect(await page.$eval('[data-part=keep]', (found) => (found as HTMLElement).hidden)).toBe(true);
    const runs = await open(`${host.url}/lab/runs/`);
    await runs.waitForSelector('[data-part=empty]:not([hidden])');
  });

  test('the small labs say that no server answers, and show what was recorded', async () => {
    const host = await startStaticHost();
    const visible = (page: Page, part: string) =>
      page.waitForFunction((name) => document.querySelector(`[data-part="${name}"]`)?.checkVisibility(), {}, part);
    const text = (page: Page, selector: string) => page.$eval(selector, (found) => (found as HTMLElement).innerText);

    const connections = await open(`${host.url}/lab/connections/`);
    await connections.waitForSelector('[data-ready]');
    await connections.click('[data-part=http2-start]');
    await connections.waitForFunction(() =>
      document.querySelector('[data-part=http2-fault]')?.textContent?.startsWith('No demo server answers'),
    );
    await connections.click('push-connections form .primary');
    await visible(connections, 'recorded');
    expect(await text(connections, '[data-part=problem]')).toContain('No demo server answers here');
    expect(await text(connections, '[data-part=recorded]')).toMatch(
      /Chromium \d+\s+6\s+gets through[\s\S]*Firefox \d+\s+6\s+waits/,
    );
    expect(await axe(connections)).toEqual([]);

    const buffering = await open(`${host.url}/lab/buffering/`);
    await buffering.waitForSelector('[data-ready]');
    await buffering.click('[data-part=start]');
    await visible(buffering, 'recorded');
    expect(await text(buffering, '[data-part=problem]')).toContain('No demo server answers here');
    expect(await text(buffering, '[data-part=recorded]')).toMatch(/nginx [\d.]+[\s\S]*held[\s\S]*live/);
    expect(await axe(buffering)).toEqual([]);

    const own = await open(`${host.url}/lab/browser/`);
    await own.waitForSelector('[data-ready]');
    await own.click('[data-part=start]');
    await visible(own, 'problem');
    expect(await text(own, '[data-part=problem]')).toContain('No demo server answers here');
    const measured = await own.$$eval('[data-probe]', (rows) =>
      rows
        .filter((row) => (row as HTMLElement).dataset.state === 'done')
        .map((row) => (row as HTMLElement).dataset.probe),
    );
    expect(measured).toEqual(['isolated', 'timer-step', 'timer-nested']);

    const security = await open(`${host.url}/security/`);
    await security.$eval('push-hijack', (found) => found.scrollIntoView());
    await security.waitForFunction(() =>
      document.querySelector('push-hijack [data-part=status]')?.textContent?.startsWith('No demo server answers'),
    );
    const buttons = await security.$$eval('push-hijack button', (all) => all.map(({ disabled }) => disabled));
    expect(buttons).toEqual([true, true, true]);
    expect(await text(security, 'push-hijack [data-part=account]')).toContain('You cannot log in here');
  });

  /** The pages on a static host, built for a demo server elsewhere that lets them in. */
  async function elsewhere(): Promise<{ host: StaticHost; server: TestServer }> {
    const allowOrigins: string[] = [];
    // The origin is known only when the host listens: the server reads the list when it is built.
    const place = { head: '' };
    const host = await startStaticHost(ISOLATED, () => place.head);
    allowOrigins.push(host.url);
    const server = await startServer({ allowOrigins });
    place.head = `<meta name="demo-server" content="${server.url}">`;
    return { host, server };
  }

  test('with the headers that dist/_headers names, pages are isolated, and nothing of theirs is refused', async () => {
    const host = await startStaticHost(await headersByFile());
    for (const path of ['/', '/lessons/sse/', '/lab/']) {
      const page = await browser.newPage();
      onTestFinished(() => page.close().catch(() => {}));
      const refused: string[] = [];
      page.on('console', (line) => {
        if (/Content.Security.Policy/i.test(line.text())) refused.push(line.text());
      });
      const answer = await page.goto(host.url + path);
      expect(answer?.headers()['content-security-policy'], path).toContain("script-src 'self'");
      // Its scripts have run: the inline one that is known by its hash, and those from files.
      expect(await page.evaluate(() => document.documentElement.dataset.read), path).toBe('');
      await page.waitForSelector('starlight-theme-select select');
      expect(await page.evaluate(() => crossOriginIsolated), path).toBe(true);
      expect(refused, path).toEqual([]);
    }
    const page = await open(`${host.url}/lab/`);
    await page.waitForSelector('push-lab[data-state=idle]');
    const [script = ''] = await page.$$eval('script[src^="/_astro/"]', (all) => all.map(({ src }) => src));
    expect((await fetch(script)).headers.get('cache-control')).toContain('immutable');
  });

  test('built for a server elsewhere, the lab of connections uses up the connections to that one', async () => {
    const { host, server } = await elsewhere();
    const page = await open(`${host.url}/lab/connections/`);
    await page.waitForSelector('[data-ready]');
    expect(await page.$eval('[data-part=carrier]', (found) => found.textContent)).toContain(server.url);
    const hidden = (part: string) =>
      page.$eval(`[data-part="${part}"]`, (found) => !(found as HTMLElement).checkVisibility());
    expect([await hidden('ask-tab'), await hidden('http2-start'), await hidden('ask-fetch')]).toEqual([
      true,
      true,
      false,
    ]);
    await page.click('push-connections form .primary');
    const shows = (name: string, value: string) =>
      page.waitForFunction(
        (part, wanted) => document.querySelector(`[data-part="count-${part}"]`)?.textContent === wanted,
        {},
        name,
        value,
      );
    await shows('reached', '6');
    await shows('waiting', '4');
    await page.click('[data-part=ask-fetch]');
    await shows('waiting', '5');
    expect(host.missing.filter((path) => path.includes('probe'))).toEqual([]);
  });

  test('built for a server elsewhere, the lab of buffering reads from it, directly and through its proxy', async () => {
    const { host } = await elsewhere();
    const page = await open(`${host.url}/lab/buffering/`);
    await page.waitForSelector('[data-ready]');
    await page.click('push-buffering input[value=fixed]');
    // Those that need most of the other origin: a frame that may not be read, an upgrade whose Origin is looked at.
    for (const id of ['long-poll', 'xhr-stream', 'fetch-stream', 'sse'])
      await page.click(`push-buffering input[value=${id}]`);
    await page.click('[data-part=start]');
    await page.waitForFunction(() => document.querySelector('[data-part=status]')?.textContent?.startsWith('Done.'));
    const fates = await page.$$eval('[data-part=rows] tr:not([hidden])', (rows) =>
      rows.map((row) =>
        [row.getAttribute('data-technique'), row.getAttribute('data-way'), row.getAttribute('data-fate')].join(' '),
      ),
    );
    expect(fates).toHaveLength(4);
    expect(fates.filter((fate) => !fate.endsWith(' live'))).toEqual([]);
    expect(host.missing.filter((path) => /probe|runs/.test(path))).toEqual([]);
  });

  test('built for a server elsewhere, your browser is measured by it, frames and all', async () => {
    const { host } = await elsewhere();
    const page = await open(`${host.url}/lab/browser/`);
    await page.waitForSelector('[data-ready]');
    await page.click('[data-part=start]');
    await page.waitForSelector('push-browser[data-found]');
    const found = JSON.parse(
      await page.$eval('push-browser', (element) => (element as HTMLElement).dataset.found ?? ''),
    ) as Record<string, { value: unknown }>;
    expect(Object.keys(found)).toEqual(PROBES.map(({ id }) => id));
    expect(found).toMatchObject({ connections: { value: 6 }, 'xhr-cut': { value: 'emptied' } });
    expect(host.missing.filter((path) => path.includes('probe'))).toEqual([]);
  });

  test('built for a server elsewhere, the attack of the lesson says why it cannot be shown', async () => {
    const { host, server } = await elsewhere();
    const page = await open(`${host.url}/security/`);
    await page.$eval('push-hijack', (found) => found.scrollIntoView());
    await page.waitForFunction(
      (url) => document.querySelector('push-hijack [data-part=status]')?.textContent?.includes(`is at ${url}`),
      {},
      server.url,
    );
    const buttons = await page.$$eval('push-hijack button', (all) => all.map(({ disabled }) => disabled));
    expect(buttons).toEqual([true, true, true]);
  });

  test('built for a server elsewhere, the lab runs all eight on it, isolated, every byte counted', async () => {
    const { host, server } = await elsewhere();
    const page = await open(`${host.url}/lab/?durationSeconds=3&eventsPerSecond=5&seed=3`);
    await page.waitForSelector('push-lab[data-state=idle]');
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    expect(await page.$eval('[data-part=elsewhere]', (found) => found.textContent)).toContain(server.url);
    await page.click('[data-part=start]');
    await page.waitForSelector('push-lab[data-state=finished]');
    const id = await page.$eval('[data-part=condition-run]', (found) => found.textContent ?? '');
    const { lanes } = await server.ledger(id);
    expect(Object.keys(lanes)).toEqual([...LADDER]);
    for (const technique of LADDER) {
      expect(lanes[technique]?.eventsSent, technique).toBe(15);
      expect(lanes[technique]?.unaccountedBytes, technique).toBe(0);
    }
    // With credentials it shares its connections with the hidden frame alone, and may end on the one that the frame let go.
    expect(lanes.http10?.connectionsReused).toBeLessThanOrEqual(1);
    expect(lanes.http10?.connectionsOpened).toBeGreaterThanOrEqual((lanes.http10?.requests ?? 0) - 1);
    const received = await page.$$eval('[data-table] tbody tr', (rows) =>
      rows
        .filter((row) => row.querySelector('th')?.textContent === 'Received')
        .flatMap((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent)),
    );
    expect(received).toEqual(LADDER.map(() => '15'));
    expect(host.missing.filter((path) => /push|runs|control/.test(path))).toEqual([]);
  });
});
