/** A class run as the one sees it whose device is in it: what stands in view, and what becomes of a run that is called off. */
import { fileURLToPath } from 'node:url';
import type { Browser, HTTPRequest, Page } from 'puppeteer-core';
import { expect, type TestContext, test } from 'vitest';
import type { Classroom } from '../../demo-server/classroom/classroom.ts';
import { LADDER } from '../../demo-server/protocol.ts';
import { bothBrowsers } from '../helpers/both-browsers.ts';
import { BROWSERS, type BrowserName } from '../helpers/browsers.ts';
import { joinByForm } from '../helpers/class-page.ts';
import { joinClass } from '../helpers/classroom.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));
const browserOf = bothBrowsers();
const lanes = { techniques: ['polling', 'sse', 'websocket'], eventsPerSecond: 5 };

async function openRoom(): Promise<{ server: TestServer; room: Classroom }> {
  const server = await startServer({ siteDir, classroom: { name: 'Physics' } });
  return { server, room: (server.classroom as NonNullable<TestServer['classroom']>).room };
}
/** A page of a device of its own: what it keeps is not shared with others. */
async function device(browser: Browser, { onTestFinished }: TestContext): Promise<Page> {
  const context = await browser.createBrowserContext();
  onTestFinished(() => context.close().catch(() => {}));
  return context.newPage();
}
/** A phone that has joined. */
async function join(
  browser: Browser,
  { server, room }: Awaited<ReturnType<typeof openRoom>>,
  context: TestContext,
): Promise<Page> {
  const page = await device(browser, context);
  await page.setViewport({ width: 360, height: 740 });
  await joinByForm(page, server.url, room.state.code);
  return page;
}
const says = (page: Page, selector: string, text: string) =>
  page.waitForFunction(
    (query, wanted) => document.querySelector(query)?.textContent?.includes(wanted),
    { polling: 100 },
    selector,
    text,
  );
const labIs = (page: Page, state: string) => page.waitForSelector(`push-lab[data-state=${state}]`);

test.for(BROWSERS)(
  'in %s a phone scrolls to the pictures of a run, and its faults do not stand in their way',
  async (name, context) => {
    const opened = await openRoom();
    const page = await join(browserOf(name), opened, context);
    const faults = [{ fault: 'cut', atEvent: 3 }];
    await opened.room.act({ do: 'call-run', settings: { ...lanes, faults, durationSeconds: 4 } });
    await labIs(page, 'running');
    const seen = await page.evaluate(() => {
      const { top } = document.querySelector('[data-part=timeline]')?.getBoundingClientRect() ?? { top: -1 };
      return { top, breaks: document.querySelector<HTMLDetailsElement>('[data-part=breaks]')?.open };
    });
    expect(seen.top).toBeGreaterThanOrEqual(0);
    expect(seen.top).toBeLessThan(740 / 3);
    expect(seen.breaks).toBe(false);
    await says(page, '.class-bar .now', 'Your result is with the class.');
  },
);

test.for(BROWSERS)(
  'in %s a run that is called off before its start ends on each device, also on one that gets ready later',
  async (name, context) => {
    const opened = await openRoom();
    const { room } = opened;
    const [early, late] = await Promise.all([1, 2].map(() => join(browserOf(name), opened, context)));
    if (!early || !late) throw new Error('two devices are opened above');
    // The wifi holds what would make the later one ready.
    await late.evaluateOnNewDocument(() => {
      const { fetch } = window;
      const held = Promise.withResolvers<void>();
      Object.assign(window, { release: held.resolve });
      window.fetch = async (...asked) => {
        if (asked[1]?.method === 'POST') await held.promise;
        return fetch(...asked);
      };
    });
    await room.act({ do: 'call-run', settings: { ...lanes, durationSeconds: 4 } });
    await labIs(early, 'ready');
    await says(early, '[data-part=status]', 'Ready. Waiting for the common start…');
    await labIs(late, 'connecting');
    await room.act({ do: 'stop-run' });
    await says(early, '.class-bar .now', 'called off');
    await late.evaluate(() => (window as unknown as { release(): void }).release());
    for (const page of [early, late]) {
      await labIs(page, 'stopped');
      await says(page, '.class-bar .now', 'called off');
    }
    expect(await late.evaluate(() => localStorage.getItem('pushlab:class-held'))).toBeNull();
    expect(room.state.runs[0]).toMatchObject({ state: 'over', startsAt: null });

    // The next call finds both devices free, and says of them what is so.
    await room.act({ do: 'call-run', settings: { ...lanes, durationSeconds: 2 } });
    for (const page of [early, late])
      await page.evaluate(() => (window as unknown as { release?(): void }).release?.());
    for (const page of [early, late]) await says(page, '.class-bar .now', 'Your result is with the class.');
    expect(room.state.runs[1]?.results.size).toBe(2);
  },
);

test.for(BROWSERS)(
  'in %s a run that is called while another waits for its start takes its place',
  async (name, context) => {
    const opened = await openRoom();
    const page = await join(browserOf(name), opened, context);
    // Somebody the class waits for: this seat is here, and never gets ready.
    await joinClass(opened.server.port, opened.room.state.code, 'Bo');
    await opened.room.act({ do: 'call-run', settings: { ...lanes, durationSeconds: 30 } });
    await labIs(page, 'ready');
    await opened.room.act({ do: 'call-run', settings: { ...lanes, durationSeconds: 2 } });
    await page.waitForSelector('push-lab:not([data-state=ready])');
    await labIs(page, 'ready');
    await says(page, '[data-part=status]', 'Ready. Waiting for the common start…');
    await opened.room.act({ do: 'start-run' });
    await says(page, '.class-bar .now', 'Your result is with the class.');
    expect(opened.room.state.runs.map(({ results }) => results.size)).toEqual([0, 1]);
  },
);

test.for(BROWSERS)(
  'in %s the wall shows what a run of all rungs costs without being scrolled sideways, and an ended class can be deleted at once',
  async (name, context) => {
    const opened = await openRoom();
    const { server, room } = opened;
    await join(browserOf(name), opened, context);
    const teacher = await device(browserOf(name), context);
    await teacher.goto(`${server.url}/teach/#${server.classroom?.token}`);
    await teacher.waitForSelector('push-class-console[data-state=online]');
    await teacher.evaluate(() => document.querySelector<HTMLElement>('[data-part=files] summary')?.click());
    await teacher.waitForSelector('[data-part=classes] button');
    await room.act({ do: 'call-run', settings: { techniques: [...LADDER], durationSeconds: 3 } });
    await says(teacher, '[data-part=run-state]', 'The run is over.');
    const wall = await teacher.browserContext().newPage();
    for (const width of [1280, 1920]) {
      await wall.setViewport({ width, height: 900 });
      await wall.goto(`${server.url}/class/`);
      await wall.waitForSelector('.class-costs');
      const wider = await wall.$$eval('.scroll', (boxes) => boxes.map((box) => box.scrollWidth - box.clientWidth));
      expect(wider, `at ${width} px`).toEqual([0, 0]);
    }
    await room.act({ do: 'end' });
    await says(teacher, '[data-part=classes]', 'Delete');
  },
);

/**
 * The title of the page as its browser shows it. While a navigation is held, Chromium 156 answers no command for the page
 * itself, though the page goes on; its browser says what the page is called.
 */
async function titleOf(name: BrowserName, page: Page): Promise<string[]> {
  if (name === 'firefox') return [await page.title()];
  const session = await page.browser().target().createCDPSession();
  const { targetInfos } = await session.send('Target.getTargets');
  await session.detach();
  return targetInfos.map(({ title }) => title);
}

test.for(BROWSERS)(
  'in %s a slow way to the lab is begun once, whatever the class does meanwhile',
  async (name, context) => {
    const opened = await openRoom();
    const { room } = opened;
    const page = await join(browserOf(name), opened, context);
    await page.evaluate(() => {
      const show = () => {
        document.title = document.querySelector('.class-question h2')?.textContent ?? 'none';
      };
      new MutationObserver(show).observe(document.body, { childList: true, characterData: true, subtree: true });
    });
    const asked: HTTPRequest[] = [];
    const begun = Promise.withResolvers<void>();
    let slow = true;
    await page.setRequestInterception(true);
    page.on('request', (request) => {
      if (!request.isNavigationRequest() || !slow) return void request.continue();
      asked.push(request);
      begun.resolve();
    });
    await room.act({ do: 'call-run', settings: { ...lanes, durationSeconds: 2 } });
    await begun.promise;
    const key = { right: [0], value: null, tolerance: 0, why: [] };
    for (const text of ['One?', 'Two?', 'Three?']) {
      const question = { kind: 'one' as const, text, choices: ['this', 'that'], unit: '', path: '/start/' };
      await room.act({ do: 'ask', question, key });
      await expect.poll(() => titleOf(name, page)).toContain(text);
      await room.act({ do: 'close-question' });
    }
    expect(asked.map((request) => new URL(request.url()).pathname)).toEqual(['/lab/']);
    slow = false;
    await asked[0]?.continue();
    await says(page, '.class-bar .now', 'Your result is with the class.');
  },
);
