/** What the lessons on streams say that browsers do: each sentence with a stamp that names this file. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';

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
};

function frame(response: Parameters<RequestListener>[1], type: string): void {
  response.writeHead(200, { 'content-type': type }).write('<!doctype html><script>parent.tell()</script>\n');
}

describe.each(BROWSERS)('in %s', (name) => {
  let browser: Browser;
  let url = '';
  const server = createServer((request, response) => routes[request.url ?? '']?.(request, response));

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
});
