/** What the class's elements listen to on document and window ends with them. */
import { fileURLToPath } from 'node:url';
import type { Page } from 'puppeteer-core';
import { expect, test } from 'vitest';
import { bothBrowsers } from '../helpers/both-browsers.ts';
import { BROWSERS } from '../helpers/browsers.ts';
import { joinByForm } from '../helpers/class-page.ts';
import { startServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));
const browserOf = bothBrowsers();

type Counted = typeof globalThis & { listening: Record<string, number> };

/** Counts, by event, the listeners that document and window have on each page opened from now on, in `listening`. */
async function countListeners(page: Page): Promise<void> {
  await page.evaluateOnNewDocument(() => {
    const listening: Record<string, number> = {};
    const known = new Map<unknown, Set<string>>();
    const { addEventListener, removeEventListener } = EventTarget.prototype;
    const isOurs = (target: EventTarget | undefined) =>
      target === undefined || target === window || target === document;
    const forget = (type: string, listener: unknown) => {
      if (known.get(listener)?.delete(type)) listening[type] = (listening[type] ?? 0) - 1;
    };
    EventTarget.prototype.addEventListener = function (this: EventTarget | undefined, type, listener, options) {
      addEventListener.call(this ?? window, type, listener, options);
      if (!isOurs(this)) return;
      const signal = typeof options === 'object' ? options.signal : undefined;
      if (signal?.aborted) return;
      known.set(listener, (known.get(listener) ?? new Set()).add(type));
      listening[type] = (listening[type] ?? 0) + 1;
      if (signal) addEventListener.call(signal, 'abort', () => forget(type, listener));
    };
    EventTarget.prototype.removeEventListener = function (this: EventTarget | undefined, type, listener, options) {
      removeEventListener.call(this ?? window, type, listener, options);
      if (isOurs(this)) forget(type, listener);
    };
    Object.assign(window, { listening });
  });
}

/** The listeners for what the class listens to. */
const listeners = (page: Page) =>
  page.evaluate(() =>
    [
      ...['pushlab:standing', 'pushlab:renamed', 'pushlab:rename', 'hashchange'],
      ...['online', 'offline', 'pageshow', 'visibilitychange'],
    ].map((type) => `${type} ${(globalThis as Counted).listening[type] ?? 0}`),
  );

test.for(BROWSERS)('in %s the page to join lets go of document and window when it goes', async (name, context) => {
  const server = await startServer({ siteDir, classroom: { name: 'Physics' } });
  const browserContext = await browserOf(name).createBrowserContext();
  context.onTestFinished(() => browserContext.close().catch(() => {}));
  const page = await browserContext.newPage();
  await countListeners(page);
  await page.goto(`${server.url}/join/#${server.classroom?.room.state.code}`);
  await page.waitForSelector('push-class-join[data-state=form]');
  const mounted = await listeners(page);
  expect(mounted).toContain('pushlab:standing 1');

  const unmounted: string[][] = [];
  for (let times = 0; times < 2; times += 1) {
    await page.evaluate(() => Object.assign(window, { taken: document.querySelector('push-class-join') }));
    await page.evaluate(() => document.querySelector('push-class-join')?.replaceWith(document.createElement('hr')));
    unmounted.push(await listeners(page));
    await page.evaluate(() => {
      const { taken } = window as unknown as { taken: HTMLElement };
      taken.dataset.state = '';
      document.querySelector('hr')?.replaceWith(taken);
    });
    await page.waitForSelector('push-class-join[data-state=form]');
    expect(await listeners(page)).toEqual(mounted);
  }
  expect(unmounted[0]).toContain('pushlab:standing 0');
  expect(unmounted[0]).toContain('hashchange 0');
  expect(unmounted[1]).toEqual(unmounted[0]);
});

test.for(BROWSERS)(
  'in %s a class that is left, or that removes a seat, leaves no listener on document or window',
  async (name, context) => {
    const server = await startServer({ siteDir, classroom: { name: 'Physics' } });
    const { room } = server.classroom as NonNullable<typeof server.classroom>;
    const browserContext = await browserOf(name).createBrowserContext();
    context.onTestFinished(() => browserContext.close().catch(() => {}));
    const page = await browserContext.newPage();
    page.on('dialog', (dialog) => void dialog.accept());
    await countListeners(page);
    const ways = {
      left: () => page.$eval('.class-bar .leave', (button) => (button as HTMLElement).click()),
      removed: () => {
        const seat = [...room.state.seats.values()].find(({ removed }) => !removed)?.id ?? '';
        return room.act({ do: 'remove', seat });
      },
    };
    for (const [way, end] of Object.entries(ways)) {
      await page.goto('about:blank');
      await page.goto(`${server.url}/join/#${room.state.code}`);
      await page.waitForSelector('push-class-join[data-state=form]');
      const before = await listeners(page);
      await page.goto('about:blank');
      await joinByForm(page, server.url, room.state.code);
      expect(await listeners(page), way).not.toEqual(before);
      await end();
      await page.waitForSelector('push-class-join[data-state=form]');
      expect(await page.$('.class-bar'), way).toBeNull();
      expect(await listeners(page), way).toEqual(before);
      if (way === 'left') await room.act({ do: 'remove', seat: [...room.state.seats.keys()][0] ?? '' });
    }
  },
);
