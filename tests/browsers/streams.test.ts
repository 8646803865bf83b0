/** What the lessons on streams say that browsers do: each sentence with a stamp that names this file. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BROWSERS, type BrowserName, browserPath, openBrowser } from '../helpers/browsers.ts';

/** How long one waits here to see that something does not come (ms): a slow machine makes it no less true. */
const A_WHILE = 1500;

/** Bodies that are held back until their page asks for them, by the name that it gave. */
const held = new Map<string, PromiseWithResolvers<void>>();
function heldBack(request: IncomingMessage): PromiseWithResolvers<void> {
  const name = request.url?.split('?')[1] ?? '';
  const found = held.get(name) ?? Promise.withResolvers<void>();
  held.set(name, found);
  return found;
}

const routes: Record<string, RequestListener> = {
  '/page': (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>x'),
  '/sse/ends': (_, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: a\n\n'),
  '/sse/retry': (request, response) =>
    response
      .writeHead(200, { 'content-type': 'text/event-stream' })
      .end(`retry: ${request.url?.split('?')[1]}\ndata: a\n\n`),
  '/sse/204': (_, response) => response.writeHead(204).end(),
  '/sse/404': (_, response) => response.writeHead(404, { 'content-type': 'text/event-stream' }).end('data: a\n\n'),
  '/sse/502': (_, response) => response.writeHead(502, { 'content-type': 'text/event-stream' }).end('data: a\n\n'),
  '/sse/html': (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('data: a\n\n'),
  '/sse/held': async (request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    await heldBack(request).promise;
    response.write(':\n\n');
  },
  '/go': (request, response) => {
    heldBack(request).resolve();
    response.writeHead(204).end();
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
  '/fetch/held': async (request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' }).flushHeaders();
    await heldBack(request).promise;
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
    const [sooner, own, later] = name === 'chromium' ? [2500, 3000, 3500] : [4500, 5000, 5500];
    const { order, waited } = await page.evaluate(
      async (paths) => {
        const order: string[] = [];
        let waited = 0;
        const back = (path: string) =>
          new Promise<void>((resolve) => {
            let ended = 0;
            const source = new EventSource(path);
            source.onerror = () => {
              ended ||= performance.now();
            };
            source.onopen = () => {
              if (!ended) return;
              source.close();
              order.push(path);
              if (path === '/sse/ends') waited = performance.now() - ended;
              resolve();
            };
          });
        await Promise.all(paths.map(back));
        return { order, waited };
      },
      [`/sse/retry?${sooner}`, '/sse/ends', `/sse/retry?${later}`],
    );
    // Timers of one page run in their order, however late a busy machine lets them.
    expect(order).toEqual([`/sse/retry?${sooner}`, '/sse/ends', `/sse/retry?${later}`]);
    expect(waited).toBeGreaterThan(own - 10);
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

  /** Whether the page hears of an answer while its body is still held back; then it must hear of it once the body is let go. */
  const comesBeforeBody = (page: Page, how: 'sse' | 'fetch'): Promise<boolean> =>
    page.evaluate(
      async (kind, chromium, ms) => {
        const id = `${kind}-${Math.random()}`;
        const dropped = new AbortController();
        const { promise: come, resolve } = Promise.withResolvers<void>();
        if (kind === 'sse') {
          const source = new EventSource(`/sse/held?${id}`);
          source.onopen = () => resolve();
          dropped.signal.addEventListener('abort', () => source.close());
        } else void fetch(`/fetch/held?${id}`, { signal: dropped.signal }).then(() => resolve());
        let before = false;
        void come.then(() => {
          before = true;
        });
        // That it comes is waited for as long as it takes; that it does not, for a while.
        await (chromium ? come : new Promise((over) => setTimeout(over, ms)));
        const seen = before;
        await fetch(`/go?${id}`);
        await come;
        dropped.abort();
        return seen;
      },
      how,
      name === 'chromium',
      A_WHILE,
    );

  test('Firefox tells of an open EventSource only with the first byte of the body', async () => {
    expect(await comesBeforeBody(await open(), 'sse')).toBe(name === 'chromium');
  });

  /** What a frame tells, calls of its script and events: so many, however long they take, and what comes a while after them. */
  const told = (page: Page, path: string, wanted: number): Promise<string[]> =>
    page.evaluate(
      async (src, count, ms) => {
        const seen: string[] = [];
        const all = Promise.withResolvers<void>();
        const see = (what: string) => {
          seen.push(what);
          if (seen.length >= count) all.resolve();
        };
        (window as unknown as { tell: () => void }).tell = () => see('call');
        const element = document.createElement('iframe');
        element.addEventListener('load', () => see('load'));
        element.addEventListener('error', () => see('error'));
        element.src = src;
        document.body.append(element);
        if (count > 0) await all.promise;
        await new Promise((over) => setTimeout(over, ms));
        element.remove();
        return seen;
      },
      path,
      wanted,
      A_WHILE,
    );

  test('a frame runs the first script at once; without a charset Firefox holds it back', async () => {
    const page = await open();
    expect(await told(page, '/frame/charset', 1)).toEqual(['call']);
    const plain = name === 'firefox' ? [] : ['call'];
    expect(await told(page, '/frame/plain', plain.length)).toEqual(plain);
  });

  test('a frame whose connection is killed tells nothing', async () => {
    expect(await told(await open(), '/frame/killed', 1)).toEqual(['call']);
  });

  test('Chromium holds back the first bytes of plain text, unless it must not guess', async () => {
    const page = await open();
    const text = (path: string, comes: boolean): Promise<string> =>
      page.evaluate(
        async (address, wanted, ms) => {
          const xhr = new XMLHttpRequest();
          const come = new Promise((resolve) => xhr.addEventListener('progress', resolve));
          xhr.open('GET', address);
          xhr.send();
          await (wanted ? come : new Promise((over) => setTimeout(over, ms)));
          const { responseText } = xhr;
          xhr.abort();
          return responseText;
        },
        path,
        comes,
        A_WHILE,
      );
    expect(await text('/xhr/nosniff', true)).toBe('a line\n');
    expect(await text('/xhr/sniffed', name !== 'chromium')).toBe(name === 'chromium' ? '' : 'a line\n');
  });

  test('Firefox hands over the response of fetch only with the first byte of the body', async () => {
    expect(await comesBeforeBody(await open(), 'fetch')).toBe(name === 'chromium');
  });

  test('Firefox keeps a second stream of the same address waiting; an address of its own gets through', async () => {
    const page = await open();
    const here = await page.evaluate(
      async (chromium, ms) => {
        const dropped = new AbortController();
        const { signal } = dropped;
        const comes = (path: string, wanted: boolean) => {
          const come = fetch(path, { signal }).then(() => true);
          // That a fetch is held no event tells.
          return wanted ? come : Promise.race([come, new Promise((resolve) => setTimeout(resolve, ms, false))]);
        };
        const seen = [
          await comes('/fetch/endless', true),
          await comes('/fetch/endless', chromium),
          await comes('/fetch/endless?another', true),
        ];
        dropped.abort();
        return seen;
      },
      name === 'chromium',
      A_WHILE,
    );
    expect(here).toEqual([true, name === 'chromium', true]);
  });

  test('Chromium stops a server that sends more than a page reads of fetch; Firefox, and XHR, take it all', async () => {
    /** `wanted`: to be waited for, however long it takes; else it has stopped when nothing more comes for a while. */
    const readsOn = async (how: string, wanted: boolean): Promise<boolean> => {
      flooded = 0;
      const close = await openAlone(name, `${url}/fetch/page?${how}`);
      onTestFinished(close);
      for (let before = -1; flooded <= PLENTY && (wanted || flooded === 0 || before !== flooded); ) {
        before = flooded;
        await pause(A_WHILE);
      }
      await close();
      return flooded > PLENTY;
    };
    expect(await readsOn('fetch', name === 'firefox')).toBe(name === 'firefox');
    expect(await readsOn('xhr', true)).toBe(true);
  });
});
