/** What the lessons on streams say that browsers do: each sentence with a stamp that names this file. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BROWSERS, type BrowserName, browserPath, openBrowser } from '../helpers/browsers.ts';

/** How long the server keeps back what the browser may be waiting for (ms). */
const LATER = 1500;

const routes: Record<string, RequestListener> = {
  '/page': (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>x'),
  '/sse/ends': (_, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: a\n\n'),
  '/sse/204': (_, response) => response.writeHead(204).end(),
  '/sse/404': (_, response) => response.writeHead(404, { 'content-type': 'text/event-stream' }).end('data: a\n\n'),
  '/sse/502': (_, response) => response.writeHead(502, { 'content-type': 'text/event-stream' }).end('data: a\n\n'),
  '/sse/html': (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('data: a\n\n'),
  '/sse/late': async (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    await pause(LATER);
    response.write(':\n\n');
  },
  '/frame/charset': (_, response) => frame(response, 'text/html; charset=utf-8'),
  '/frame/plain': (_, response) => frame(response, 'text/html'),
  '/frame/killed': async (_, response) => {
    frame(response, 'text/html; charset=utf-8');
    await pause(500);
    response.socket?.resetAndDestroy();
  },
  '/xhr/sniffed': (_, response) => response.writeHead(200, { 'content-type': 'text/plain' }).write('a line\n'),
  '/xhr/nosniff': (_, response) =>
    response.writeHead(200, { 'content-type': 'text/plain', 'x-content-type-options': 'nosniff' }).write('a line\n'),
  '/fetch/late': async (_, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' }).flushHeaders();
    await pause(LATER);
    response.write('\n');
  },
  '/fetch/endless': (_, response) => response.writeHead(200, { 'content-type': 'application/x-ndjson' }).write('\n'),
  '/fetch/page': (_, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><script>
      if (location.search === '?fetch')
        fetch('/fetch/flood').then(async (answer) => {
          window.kept = answer.body.pipeThrough(new TextDecoderStream()).getReader();
          await window.kept.read();
        });
      else {
        window.kept = new XMLHttpRequest();
        window.kept.open('GET', '/fetch/flood');
        window.kept.send();
      }
    </script>`),
  '/fetch/flood': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    flooded = 0;
    const more = (): void => {
      while (flooded < FLOOD) {
        flooded += LINES.length;
        if (!response.write(LINES)) return;
      }
      response.end();
    };
    response.on('drain', more);
    more();
  },
};

/** An answer far larger than what server, network and browser hold for a page that does not read. */
const FLOOD = 256 * 1024 * 1024;
const PLENTY = 64 * 1024 * 1024;
const LINES = Buffer.alloc(64 * 1024, 'a line\n');
/** Bytes of the flood that the server could hand on so far. */
let flooded = 0;

function frame(response: Parameters<RequestListener>[1], type: string): void {
  response.writeHead(200, { 'content-type': type }).write('<!doctype html><script>parent.tell()</script>\n');
}

/** Opens a page in a browser that no program controls, as a reader's is. Returns how to close it. */
async function openAlone(name: BrowserName, address: string): Promise<() => Promise<void>> {
  const profile = await mkdtemp(join(tmpdir(), 'pushlab-'));
  const options =
    name === 'firefox'
      ? ['--headless', '--no-remote', '--profile', profile]
      : [
          '--headless',
          '--no-sandbox',
          '--disable-gpu',
          '--no-first-run',
          '--remote-debugging-port=0',
          `--user-data-dir=${profile}`,
        ];
  const child = spawn(browserPath(name), [...options, address], { stdio: 'ignore', detached: true });
  const gone = once(child, 'exit');
  return async () => {
    if (child.pid && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL');
    await gone;
    await rm(profile, { recursive: true, force: true, maxRetries: 10 });
  };
}

describe.each(BROWSERS)('in %s', (name) => {
  let browser: Browser;
  let url = '';
  const server = createServer((request, response) => routes[request.url?.split('?')[0] ?? '']?.(request, response));

  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await openBrowser(name);
  });
  afterAll(async () => {
    await browser?.close();
    server.closeAllConnections();
    server.close();
  });

  async function open(): Promise<Page> {
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    await page.goto(`${url}/page`);
    return page;
  }

  test('an EventSource without a retry line comes back after 3 s (Chromium) or 5 s (Firefox)', async () => {
    const page = await open();
    const waited = await page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          let ended = 0;
          const source = new EventSource('/sse/ends');
          source.onerror = () => {
            ended ||= performance.now();
          };
          source.onopen = () => {
            if (!ended) return;
            source.close();
            resolve(performance.now() - ended);
          };
        }),
    );
    expect(Math.round(waited / 1000)).toBe(name === 'chromium' ? 3 : 5);
  });

  test.each(['204', '404', '502', 'html'])('an EventSource that is answered with %s gives up', async (kind) => {
    const page = await open();
    const state = await page.evaluate(
      (path) =>
        new Promise((resolve) => {
          const source = new EventSource(path);
          source.onerror = () => resolve(source.readyState);
        }),
      `/sse/${kind}`,
    );
    expect(state).toBe(2);
  });

  test('Firefox tells of an open EventSource only with the first byte of the body', async () => {
    const page = await open();
    const waited = await page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          const begun = performance.now();
          const source = new EventSource('/sse/late');
          source.onopen = () => {
            source.close();
            resolve(performance.now() - begun);
          };
        }),
    );
    if (name === 'firefox') expect(waited).toBeGreaterThan(LATER - 100);
    else expect(waited).toBeLessThan(LATER - 500);
  });

  /** What a frame tells within a while: calls of its script, and events. */
  const told = (page: Page, path: string): Promise<string[]> =>
    page.evaluate(
      (src, ms) =>
        new Promise<string[]>((resolve) => {
          const seen: string[] = [];
          (window as unknown as { tell: () => void }).tell = () => seen.push('call');
          const element = document.createElement('iframe');
          element.addEventListener('load', () => seen.push('load'));
          element.addEventListener('error', () => seen.push('error'));
          element.src = src;
          document.body.append(element);
          setTimeout(() => {
            element.remove();
            resolve(seen);
          }, ms);
        }),
      path,
      LATER,
    );

  test('a frame runs the first script at once; without a charset Firefox holds it back', async () => {
    const page = await open();
    expect(await told(page, '/frame/charset')).toEqual(['call']);
    expect(await told(page, '/frame/plain')).toEqual(name === 'firefox' ? [] : ['call']);
  });

  test('a frame whose connection is killed tells nothing', async () => {
    expect(await told(await open(), '/frame/killed')).toEqual(['call']);
  });

  test('Chromium holds back the first bytes of plain text, unless it must not guess', async () => {
    const page = await open();
    const text = (path: string): Promise<string> =>
      page.evaluate(
        (address, ms) =>
          new Promise<string>((resolve) => {
            const xhr = new XMLHttpRequest();
            xhr.open('GET', address);
            xhr.send();
            setTimeout(() => {
              resolve(xhr.responseText);
              xhr.abort();
            }, ms);
          }),
        path,
        LATER,
      );
    expect(await text('/xhr/nosniff')).toBe('a line\n');
    expect(await text('/xhr/sniffed')).toBe(name === 'chromium' ? '' : 'a line\n');
  });

  test('Firefox hands over the response of fetch only with the first byte of the body', async () => {
    const page = await open();
    const waited = await page.evaluate(async () => {
      const begun = performance.now();
      const dropped = new AbortController();
      await fetch('/fetch/late', { signal: dropped.signal });
      dropped.abort();
      return performance.now() - begun;
    });
    if (name === 'firefox') expect(waited).toBeGreaterThan(LATER - 100);
    else expect(waited).toBeLessThan(LATER - 500);
  });

  test('Firefox keeps a second stream of the same address waiting; an address of its own gets through', async () => {
    const page = await open();
    const here = await page.evaluate(async (ms) => {
      const dropped = new AbortController();
      const { signal } = dropped;
      const comes = (path: string) =>
        Promise.race([
          fetch(path, { signal }).then(() => true),
          // That a fetch is held no event tells.
          new Promise<boolean>((resolve) => setTimeout(resolve, ms, false)),
        ]);
      const seen = [
        await comes('/fetch/endless'),
        await comes('/fetch/endless'),
        await comes('/fetch/endless?another'),
      ];
      dropped.abort();
      return seen;
    }, LATER);
    expect(here).toEqual([true, name === 'chromium', true]);
  });

  test('Chromium stops a server that sends more than a page reads of fetch; Firefox, and XHR, take it all', async () => {
    const readsOn = async (how: string): Promise<boolean> => {
      flooded = 0;
      const close = await openAlone(name, `${url}/fetch/page?${how}`);
      onTestFinished(close);
      for (let before = -1; flooded === 0 || before !== flooded; await pause(1500)) {
        before = flooded;
        if (flooded > PLENTY) break;
      }
      await close();
      return flooded > PLENTY;
    };
    expect(await readsOn('fetch')).toBe(name === 'firefox');
    expect(await readsOn('xhr')).toBe(true);
  });
});
