/** The page that checks the visitor's way in, through a real nginx with the configurations that the page on proxies shows. */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { proxyConf, startNginx, withDefaults } from '../helpers/nginx.ts';
import { startServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));
const STREAMS = ['iframe-stream', 'xhr-stream', 'sse'];

describe.each(BROWSERS)('in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    // Leads a foreign name to this machine, as its owner could.
    browser = await openBrowser(name, {
      args: name === 'chromium' ? ['--host-resolver-rules=MAP pushlab.example 127.0.0.1'] : [],
      prefs: { 'network.dns.localDomains': 'pushlab.example' },
    });
  });
  afterAll(() => browser?.close());

  /** What the page says of each technique on the way to `url`, and what it says at all. */
  async function check(url: string): Promise<{ verdicts: Record<string, string>; said: string; page: string }> {
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    await page.goto(`${url}/check/`, { waitUntil: 'load' });
    await page.click('push-check [data-part=start]');
    const over =
      'push-check[data-state=idle] [data-part=results]:not([hidden]), push-check[data-state=idle] [role=alert]:not([hidden])';
    await page.waitForSelector(over);
    return page.evaluate(() => ({
      verdicts: Object.fromEntries(
        [...document.querySelectorAll<HTMLElement>('push-check tr[data-verdict]')].map((row) => [
          row.dataset.technique ?? '',
          row.dataset.verdict ?? '',
        ]),
      ),
      said: document.querySelector('push-check [data-part=status]')?.textContent ?? '',
      page: document.querySelector('push-check')?.textContent ?? '',
    }));
  }

  test('without anything between, all techniques are unharmed', async () => {
    const { url } = await startServer({ siteDir });
    const { verdicts, said } = await check(url);
    expect(Object.keys(verdicts)).toHaveLength(8);
    expect(new Set(Object.values(verdicts))).toEqual(new Set(['unharmed']));
    expect(said).toContain('All 8');
  });

  test('behind nginx with every line, all techniques are unharmed, and the proxy is seen', async () => {
    const { port } = await startServer({ siteDir });
    const nginx = await startNginx(await proxyConf('fixed'), port);
    onTestFinished(nginx.stop);
    const { verdicts, page } = await check(nginx.url);
    expect(new Set(Object.values(verdicts))).toEqual(new Set(['unharmed']));
    expect(page).toContain('The server sees that a proxy is in between');
  });

  test('behind nginx that holds answers and does not upgrade, the streams and the socket are named, with their lines', async () => {
    const { port } = await startServer({ siteDir });
    // With the Host, or the server would refuse the run: that is the next test.
    const conf = (await withDefaults('older', await proxyConf('without-header'))).replace(
      'proxy_pass',
      'proxy_set_header Host $http_host;\n    proxy_pass',
    );
    const nginx = await startNginx(conf, port);
    onTestFinished(nginx.stop);
    const { verdicts, page } = await check(nginx.url);
    for (const technique of STREAMS) expect(verdicts[technique], technique).toBe('held');
    expect(verdicts.websocket).toBe('refused');
    for (const technique of ['http10', 'keep-alive', 'polling', 'long-poll'])
      expect(verdicts[technique], technique).toBe('unharmed');
    expect(page).toContain('proxy_buffering off');
    expect(page).toContain('proxy_set_header Upgrade');
  });

  test('behind nginx that sends its own Host, the line for it is named', async () => {
    const { port } = await startServer({ siteDir });
    const nginx = await startNginx(await proxyConf('default'), port);
    onTestFinished(nginx.stop);
    const { said } = await check(nginx.url);
    expect(said).toContain('proxy_set_header Host $http_host');
    expect(said).toContain(`--public-url ${nginx.url}`);
  });

  test('under a name that nobody gave to the server, the option for it is named', async () => {
    const { port } = await startServer({ siteDir });
    const { said } = await check(`http://pushlab.example:${port}`);
    expect(said).toContain('--public-url http://pushlab.example');
  });
});

test('below a path the page says in words, without styles and scripts, where Pushlab has to be; at the root nobody sees them', async () => {
  const { url, port } = await startServer({ siteDir });
  const proxy = createServer(({ url: path = '/', headers }, reply) => {
    if (!path.startsWith('/pushlab/')) return void reply.writeHead(404).end();
    const inner = request({ port, host: '127.0.0.1', path: path.slice('/pushlab'.length), headers }, (answer) => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(reply);
    });
    inner.end();
  });
  await new Promise<void>((listening) => void proxy.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void proxy.closeAllConnections());
  onTestFinished(() => void proxy.close());
  const browser = await openBrowser('chromium');
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  const seen = () =>
    page.$eval('.no-styles', (line) => (line.checkVisibility() ? (line.textContent ?? '') : '(not to be seen)'));
  for (const path of ['/check/', '/lessons/sse/', '/class/']) {
    await page.goto(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}/pushlab${path}`, { waitUntil: 'load' });
    expect(await seen()).toContain('Pushlab has to be at the root of a name');
    await page.goto(`${url}${path}`, { waitUntil: 'load' });
    expect(await seen()).toBe('(not to be seen)');
  }
});
