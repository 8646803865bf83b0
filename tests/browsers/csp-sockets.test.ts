/** `connect-src 'self'` of the pages: their own WebSocket opens, one to another port of the same machine does not. */
import { expect, onTestFinished, test } from 'vitest';
import { pagePolicy } from '../../demo-server/page-headers.ts';
import { bothBrowsers } from '../helpers/both-browsers.ts';
import { BROWSERS } from '../helpers/browsers.ts';
import { startServer } from '../helpers/server.ts';

const browserOf = bothBrowsers();

test.for(BROWSERS)('in %s', async (name) => {
  const own = await startServer({ lanePage: true });
  // It would let the page in: what blocks is the policy alone.
  const other = await startServer({ allowOrigins: [own.url] });
  const page = await browserOf(name).newPage();
  onTestFinished(() => page.close().catch(() => {}));
  await page.goto(`${own.url}/lane-page`);
  // The policy itself, in the page: added as the header would be, before any script connects.
  const policy = pagePolicy({ scriptHashes: [], demoServer: '' }, []);
  const connect = policy.split('; ').find((one) => one.startsWith('connect-src')) as string;
  expect(connect).toBe("connect-src 'self'");
  const outcome = await page.evaluate(
    async (connect, urls) => {
      const meta = document.createElement('meta');
      meta.httpEquiv = 'Content-Security-Policy';
      meta.content = connect;
      document.head.append(meta);
      const blocked: string[] = [];
      document.addEventListener('securitypolicyviolation', ({ blockedURI, effectiveDirective }) =>
        blocked.push(`${effectiveDirective} ${new URL(blockedURI).port}`),
      );
      const open = (url: string): Promise<string> =>
        new Promise((resolve) => {
          try {
            const socket = new WebSocket(url);
            socket.onopen = () => resolve('open');
            socket.onerror = () => resolve('refused');
          } catch (error) {
            resolve((error as Error).name);
          }
        });
      const both = [await open(urls[0] as string), await open(urls[1] as string)];
      return { both, blocked };
    },
    connect,
    [own, other].map(({ port }) => `ws://127.0.0.1:${port}/echo`),
  );
  expect(outcome.both[0]).toBe('open');
  expect(outcome.both[1]).not.toBe('open');
  expect(outcome.blocked).toEqual([`connect-src ${other.port}`]);
});
