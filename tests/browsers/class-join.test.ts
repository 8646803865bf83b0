/** How one comes back into a class, or into another one, where this device's seat is of no use any more. */
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BROWSERS, type BrowserName, openBrowser } from '../helpers/browsers.ts';
import { joinByForm } from '../helpers/class-page.ts';
import { openDevice } from '../helpers/classroom.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));
const browsers = {} as Record<BrowserName, Browser>;
beforeAll(async () => {
  for (const name of BROWSERS) browsers[name] = await openBrowser(name);
});
afterAll(async () => {
  for (const name of BROWSERS) await browsers[name]?.close();
});

async function device(name: BrowserName): Promise<Page> {
  const context = await browsers[name].createBrowserContext();
  onTestFinished(() => context.close().catch(() => {}));
  return context.newPage();
}
const classOf = (server: TestServer) => server.classroom as NonNullable<TestServer['classroom']>;
const text = (page: Page, selector: string) => page.$eval(selector, (found) => found.textContent?.trim() ?? '');
const shown = (page: Page) =>
  page.$$eval('push-class-join > [data-part]', (parts) =>
    parts.filter((part) => !(part as HTMLElement).hidden).map((part) => (part as HTMLElement).dataset.part),
  );

describe.each(BROWSERS)('in %s', (name) => {
  test('a seat of another class on the same address leads to the form, with the nickname, and from there into the class', async () => {
    const first = await startServer({ siteDir, classroom: { name: 'Old' } });
    const page = await device(name);
    await joinByForm(page, first.url, classOf(first).room.state.code, 'Zoe');
    await first.stop();
    const second = await startServer({ siteDir, classroom: { name: 'New' }, at: first.port });
    const { code } = classOf(second).room.state;
    await page.goto('about:blank');
    await page.goto(`${second.url}/join/#${code}`);
    await page.waitForSelector('push-class-join[data-state=form]');
    expect(await shown(page)).toEqual(['form']);
    expect(await text(page, '[data-part=fault]')).toContain('does not know this seat');
    expect(await page.$('.class-bar')).toBeNull();
    expect(await page.$eval('[data-part=code]', (input) => (input as HTMLInputElement).value)).toBe(code);
    expect(await page.$eval('[data-part=nickname]', (input) => (input as HTMLInputElement).value)).toBe('Zoe');
    await page.focus('[data-part=nickname]');
    await page.keyboard.press('Enter');
    await page.waitForSelector('push-class-join[data-state=in]');
    await page.waitForSelector('.class-bar[data-state=online]');
    expect(await text(page, '[data-part=who]')).toBe('You are in, as Zoe.');
    expect([...classOf(second).room.state.seats.values()].map(({ nickname }) => nickname)).toEqual(['Zoe']);
    // A code that is scanned again changes nothing for who is in.
    await page.reload();
    await page.waitForSelector('push-class-join[data-state=in]');
    expect(await shown(page)).toEqual(['in']);
  });

  test('a seat that the teacher removes leads to the form from any page, and at once on the page to join', async () => {
    const server = await startServer({ siteDir, classroom: { name: 'Physics' } });
    const { room } = classOf(server);
    const page = await device(name);
    await joinByForm(page, server.url, room.state.code, 'Zoe');
    const seatIds = () => [...room.state.seats.keys()];
    await room.act({ do: 'remove', seat: seatIds()[0] ?? '' });
    await page.waitForSelector('push-class-join[data-state=form]');
    expect(await text(page, '[data-part=fault]')).toContain('removed this seat');
    expect(await page.$('.class-bar')).toBeNull();
    await page.focus('[data-part=nickname]');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.class-bar[data-state=online]');

    await page.goto(`${server.url}/lessons/sse/`);
    await page.waitForSelector('.class-bar[data-state=online]');
    await room.act({ do: 'remove', seat: seatIds()[1] ?? '' });
    await page.waitForSelector('.class-bar[data-state=refused] a.go:not([hidden])');
    expect(await text(page, '.class-bar .go')).toBe('Join again');
    await Promise.all([
      page.waitForNavigation(),
      page.$eval('.class-bar .go', (link) => (link as HTMLElement).click()),
    ]);
    await page.waitForSelector('push-class-join[data-state=form]');
    expect(await page.$eval('[data-part=nickname]', (input) => (input as HTMLInputElement).value)).toBe('Zoe');
  });

  test('a seat that its reader gives up leads to the form', async () => {
    const server = await startServer({ siteDir, classroom: { name: 'Physics' } });
    const page = await device(name);
    await joinByForm(page, server.url, classOf(server).room.state.code, 'Zoe');
    page.on('dialog', (dialog) => void dialog.accept());
    await page.$eval('.class-bar .leave', (button) => (button as HTMLElement).click());
    await page.waitForSelector('push-class-join[data-state=form]');
    expect(await shown(page)).toEqual(['form']);
  });

  test('a teacher’s link of another class keeps nobody from joining this one', async () => {
    const server = await startServer({ siteDir, classroom: { name: 'Physics' } });
    const page = await device(name);
    await page.goto(`${server.url}/teach/#${'x'.repeat(43)}`);
    await page.waitForSelector('push-class-console[data-state=refused]');
    await joinByForm(page, server.url, classOf(server).room.state.code, 'Zoe');
    expect(await text(page, '[data-part=who]')).toBe('You are in, as Zoe.');
  });

  test('a code is taken as it is pasted: with space, words or a line around it, from an IME, as the link of the QR code', async () => {
    const server = await startServer({ siteDir, classroom: { name: 'Physics' } });
    const { code } = classOf(server).room.state;
    const spaced = `${code.slice(0, 4)} ${code.slice(4)}`;
    const wide = spaced
      .replaceAll(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)))
      .replace(' ', '\u3000');
    const pasted = [spaced, `   ${spaced}\n`, `code         ${spaced}`, wide, `${server.url}/join/#${code}`];
    for (const [n, text] of pasted.entries()) {
      const page = await device(name);
      await page.goto(`${server.url}/join/`);
      await page.waitForSelector('push-class-join[data-state=form]');
      await page.focus('[data-part=code]');
      // As a paste does, it keeps to what the field takes.
      await page.evaluate((what) => document.execCommand('insertText', false, what), text);
      await page.type('[data-part=nickname]', `Pupil ${n}`);
      await page.keyboard.press('Enter');
      await page.waitForSelector('push-class-join:is([data-state=in], [data-state=form]:has([aria-invalid=true]))');
      expect([text, await shown(page)]).toEqual([text, ['in']]);
    }
    expect(classOf(server).room.state.seats.size).toBe(pasted.length);
  });

  test('a right code that has to wait says so, and goes in by itself', async () => {
    const server = await startServer({ siteDir, classroom: { name: 'Physics' } });
    const { code } = classOf(server).room.state;
    let over = false;
    onTestFinished(() => {
      over = true;
    });
    const waits = Promise.withResolvers<void>();
    const guess = async (): Promise<void> => {
      while (!over) {
        const guesser = await openDevice(server.port, () => {});
        guesser.send({
          type: 'hello',
          as: 'new',
          code: code === '00000000' ? '00000001' : '00000000',
          nickname: 'Eve',
        });
        guesser
          .until(() => guesser.told('wait')[0])
          .then(() => waits.resolve())
          .catch(() => {});
        await guesser.closed;
      }
    };
    for (let n = 0; n < 20; n += 1) void guess().catch(() => {});
    await waits.promise;
    const page = await device(name);
    await page.evaluateOnNewDocument(() => {
      const said: string[] = [];
      Object.assign(window, { said });
      document.addEventListener('DOMContentLoaded', () => {
        const fault = document.querySelector('[data-part=fault]') as HTMLElement;
        new MutationObserver(() => said.push(fault.textContent ?? '')).observe(fault, {
          childList: true,
          characterData: true,
          subtree: true,
        });
      });
    });
    await joinByForm(page, server.url, code, 'Zoe');
    const said = await page.evaluate(() => (window as unknown as { said: string[] }).said);
    expect(said.join(' ')).toContain('when its turn comes');
    over = true;
  });
});
