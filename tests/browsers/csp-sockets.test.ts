/** The header that the pages come with: their own WebSocket opens, one to another port of the same machine does not. */
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { bothBrowsers } from '../helpers/both-browsers.ts';
import { BROWSERS } from '../helpers/browsers.ts';
import { startServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));
const browserOf = bothBrowsers();

test.for(BROWSERS)('in %s', async (name) => {
  const own = await startServer({ siteDir });
  // It would let the page in: what blocks is the policy alone.
  const other = await startServer({ allowOrigins: [own.url] });
  const page = await browserOf(name).newPage();
  onTestFinished(() => page.close().catch(() => {}));
  await page.goto(`${own.url}/start/`);
  const outcome = await page.evaluate(
    async (ownUrl, otherUrl) => {
      const blocked = new Promise<string>((resolve) => {
        document.addEventListener('securitypolicyviolation', ({ blockedURI, effectiveDirective }) =>
          resolve(`${effectiveDirective} ${new URL(blockedURI).port}`),
        );
      });
      const opened = await new Promise<boolean>((resolve) => {
        const socket = new WebSocket(ownUrl);
        socket.onopen = () => resolve(true);
        socket.onerror = () => resolve(false);
      });
      try {
        new WebSocket(otherUrl);
      } catch {
        // Chromium may throw at once; the violation is reported all the same.
      }
      return { opened, blocked: await blocked };
    },
    ...([own, other].map(({ port }) => `ws://127.0.0.1:${port}/echo`) as [string, string]),
  );
  expect(outcome).toEqual({ opened: true, blocked: `connect-src ${other.port}` });
});
