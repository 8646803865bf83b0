/** A class as its people see it: a teacher and three students in Chromium, one in Firefox. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'puppeteer-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { listenSecure, type SecureFront } from '../../demo-server/network/https.ts';
import { certificateFor, ownNames } from '../../demo-server/network/kept-certificate.ts';
import { findPlace } from '../../demo-server/network/listen.ts';
import type { Networks } from '../../demo-server/network/networks.ts';
import { axe } from '../helpers/axe.ts';
import { BROWSERS, type BrowserName, openBrowser } from '../helpers/browsers.ts';
import { joinByForm } from '../helpers/class-page.ts';
import { openFront } from '../helpers/front.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));
const browsers = {} as Record<BrowserName, Browser>;

beforeAll(async () => {
  browsers.chromium = await openBrowser('chromium');
  browsers.firefox = await openBrowser('firefox');
});
afterAll(async () => {
  await browsers.chromium?.close();
  await browsers.firefox?.close();
});

/** A page of a device of its own: what it keeps is not shared with the others. */
async function device(name: BrowserName = 'chromium'): Promise<Page> {
  const context: BrowserContext = await browsers[name].createBrowserContext();
  onTestFinished(() => context.close().catch(() => {}));
  const page = await context.newPage();
  await page.setViewport({ width: 360, height: 740 });
  return page;
}
async function openTeacher(server: TestServer): Promise<Page> {
  const page = await device();
  await page.setViewport({ width: 1280, height: 900 });
  await page.goto(`${server.url}/teach/#${server.classroom?.token}`);
  await page.waitForSelector('push-class-console[data-state=online] [data-part=name]');
  return page;
}
async function join(
  server: Pick<TestServer, 'url' | 'classroom'>,
  nickname: string,
  name?: BrowserName,
): Promise<Page> {
  const page = await device(name);
  await joinByForm(page, server.url, server.classroom?.room.state.code, nickname);
  return page;
}
/** Clicks by script: a tab in the background is not drawn, so nothing can be pointed at there. */
const click = (page: Page, selector: string, n = 0) =>
  page.evaluate((query, index) => document.querySelectorAll<HTMLElement>(query)[index]?.click(), selector, n);
const says = (page: Page, selector: string, words: string | RegExp) =>
  page.waitForFunction(
    (query, pattern) => new RegExp(pattern).test(document.querySelector(query)?.textContent ?? ''),
    { polling: 100 },
    selector,
    typeof words === 'string' ? words : words.source,
  );
const at = (page: Page, path: string) =>
  page.waitForFunction((wanted) => location.pathname === wanted, { polling: 100 }, path);

test('on a server without a class the pages say so, and no page asks for one', async () => {
  const server = await startServer({ siteDir });
  const page = await device();
  await page.goto(`${server.url}/join/`);
  await page.waitForSelector('push-class-join[data-state=none] [data-part=none]:not([hidden])');
  for (const path of ['/class/', '/teach/']) {
    await page.goto(server.url + path);
    expect(await page.$eval('[data-part=none]', (found) => found.textContent)).toContain('--classroom');
  }
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.goto(`${server.url}/lessons/sse/`, { waitUntil: 'load' });
  expect(asked.filter((path) => /class/.test(path))).toEqual([]);
});

test('a teacher and four students: join, go together, answer, run, and everything stands in the teacher’s file', async () => {
  const server = await startServer({ siteDir, classroom: { name: 'Physics <b>8b</b>' } });
  const teacher = await openTeacher(server);
  expect(new URL(teacher.url()).hash).toBe('');
  const names = ['Anna', 'Bo', '<img src=x>', 'Zoë'];
  const students: Page[] = [];
  for (const [n, name] of names.entries()) students.push(await join(server, name, n === 3 ? 'firefox' : 'chromium'));
  await says(teacher, '[data-part=count]', '4 of 4');
  expect(
    await teacher.$$eval('[data-part=people] tbody th', (cells) => cells.map((cell) => cell.firstChild?.textContent)),
  ).toEqual(names);
  expect(await teacher.$$('[data-part=people] img')).toEqual([]);

  await teacher.select('[data-part=page]', '/lessons/sse/');
  await click(teacher, '[data-part=go]');
  for (const page of students) await at(page, '/lessons/sse/');

  await teacher.select('[data-part=question-page]', '/lessons/sse/');
  await teacher.waitForSelector('[data-part=questions] li:nth-child(3) button');
  await click(teacher, '[data-part=questions] button', 2);
  for (const [n, page] of students.entries()) {
    await page.waitForSelector('.class-question:not([hidden]) form');
    await click(page, '.class-question input', n % 2);
    await click(page, '.class-question [type=submit]');
  }
  await says(teacher, '[data-part=question]', '4 of 4');
  expect(await students[0]?.$('.class-answers')).toBeNull();
  await click(teacher, '[data-part=reveal]');
  for (const page of students) await says(page, '.class-question .share', /\d of 4/);
  await click(teacher, '[data-part=close-question]');
  for (const page of students) await page.waitForSelector('.class-question[hidden]');
  // A prediction goes along with what it is about, so that the class's own run can answer it.
  await click(teacher, '[data-part=questions] button', 0);
  await students[0]?.waitForSelector('.class-question:not([hidden]) form');
  await says(teacher, '[data-part=will]', 'The class has not run what this prediction asks');
  const asked = server.classroom?.room.state.questions.at(-1)?.question;
  expect(asked?.predicts).toMatchObject({
    technique: 'sse',
    figure: 'requests',
    settings: { durationSeconds: 20 },
    numbers: [1, 2, 40],
  });

  await click(teacher, '[name=techniques]');
  await teacher.$eval('[name=durationSeconds]', (input) => {
    (input as HTMLInputElement).value = '2';
  });
  await click(teacher, '[data-part=run-form] [type=submit]');
  for (const page of students) await at(page, '/lab/');
  await says(teacher, '[data-part=run-state]', /over/);
  await says(teacher, '[data-part=results]', /4 devices have reported, 4 of them their final figures/);
  for (const page of students) {
    await page.waitForSelector('push-lab[data-state=finished]');
    await says(page, '.class-bar .now', 'Your result is with the class');
    // The page tells the settings of the run that it shows, not those that it had before.
    await says(page, 'push-lab [data-part=summary]', /techniques: 7,.* 2 s/);
  }
  const { runs } = server.classroom?.room.state ?? { runs: [] };
  await server.classroom?.room.act({
    do: 'ask',
    question: { ...asked, predicts: { ...asked?.predicts, settings: runs[0]?.settings } } as never,
    key: { right: [2], value: null, tolerance: 0, why: [], recorded: 'the record' },
  });
  await says(teacher, '[data-part=will]', /The class has run it: \d+, the median of 4 devices/);
  await click(teacher, '[data-part=reveal]');
  for (const page of students) await says(page, '.class-question', 'Measured by this class');
  await says(students[0] as Page, '.class-question [data-right]', /^[12] /);
  await click(teacher, '[data-part=close-question]');
  const results = [...(runs[0]?.results.values() ?? [])];
  expect(results).toHaveLength(4);
  for (const { lanes, counts } of results) {
    expect(Object.keys(lanes)).toEqual([
      'keep-alive',
      'polling',
      'long-poll',
      'iframe-stream',
      'xhr-stream',
      'sse',
      'websocket',
    ]);
    for (const lane of Object.values(lanes)) expect(lane.received).toBe(4);
    for (const count of Object.values(counts)) expect(count.headBytes).toBeGreaterThan(0);
  }
  const rows = await teacher.$$eval('.class-strips tbody tr', (found) =>
    found.map((row) => row.querySelectorAll('circle').length),
  );
  expect(rows).toEqual([4, 4, 4, 4, 4, 4, 4]);
  await teacher.bringToFront();
  expect(await axe(teacher)).toEqual([]);
  const headers = { authorization: `Bearer ${server.classroom?.token}` };
  const csv = await (
    await fetch(`${server.url}/classroom/classes/${server.classroom?.room.id}/csv`, { headers })
  ).text();
  expect(csv.split('\r\n').filter((line) => line.startsWith('lane,'))).toHaveLength(28);
  expect(csv.split('\r\n').filter((line) => line.startsWith('answer,'))).toHaveLength(4);
});

test('a seat is the same after a reload and after the server was gone; the state of the connection is always said', async () => {
  const server = await startServer({ siteDir, classroom: {} });
  const page = await join(server, 'Anna');
  await page.goto(`${server.url}/start/`);
  await page.waitForSelector('.class-bar[data-state=online]');
  await says(page, '.class-bar .place', 'Anna');
  expect(await axe(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  expect(server.classroom?.room.state.seats.size).toBe(1);
  await server.stop();
  await page.waitForSelector('.class-bar[data-state=lost]');
  await says(page, '.class-bar .state', 'Connection lost');
});

test.each(BROWSERS)(
  'in %s a wifi that falls silent is noticed on both sides, and the answer given meanwhile goes out by itself, even after a reload',
  async (name) => {
    const server = await startServer({ siteDir, classroom: {} });
    const wifi = await openFront(server.port);
    const page = await join({ classroom: server.classroom, url: wifi.url }, 'Anna', name);
    const room = server.classroom?.room as NonNullable<TestServer['classroom']>['room'];
    const key = { right: [0], value: null, tolerance: 0, why: [] };
    const question = { kind: 'one' as const, text: 'Which?', choices: ['this', 'that'], unit: '', path: '/start/' };
    await room.act({ do: 'ask', question, key });
    await page.waitForSelector('.class-question:not([hidden]) form');
    wifi.silence();
    await click(page, '.class-question input', 1);
    await click(page, '.class-question [type=submit]');
    await says(page, '.class-question [role=status]', 'saved on this device');
    await page.waitForSelector('.class-bar[data-state=lost]');
    await expect.poll(() => room.online().size).toBe(0);

    wifi.move(server.port);
    await says(page, '.class-question [role=status]', 'is with the class');
    wifi.silence();
    await click(page, '.class-question input', 0);
    await click(page, '.class-question [type=submit]');
    wifi.move(server.port);
    await page.reload();
    await page.waitForSelector('.class-bar[data-state=online]');
    await expect
      .poll(() => [...(room.state.questions[0]?.answers.values() ?? [])].map(({ answer }) => answer))
      .toEqual([[0]]);
    expect(room.state.seats.size).toBe(1);
  },
);

const twoNetworks = (wifi: string): Networks => ({
  ipv4: [
    { address: wifi, network: 'wlan0', virtual: false },
    { address: '10.9.8.7', network: 'eth0', virtual: false },
  ],
  ipv6: [],
  linkLocal: false,
});

test('the projector shows how to join and who is here, fits, and hides answers until they are revealed', async () => {
  const listensAt = () => ({ protocol: 'http' as const, host: '0.0.0.0', port: 4321 });
  let networks = twoNetworks('192.168.1.20');
  const server = await startServer({
    siteDir,
    classroom: { name: 'Physics', listensAt, look: async () => networks, lookMs: 20 },
  });
  const teacher = await openTeacher(server);
  const wall = await teacher.browserContext().newPage();
  await wall.setViewport({ width: 1280, height: 800 });
  await wall.goto(`${server.url}/class/`);
  const shown = (address: string) => wall.waitForSelector(`.qr[aria-label*="//${address}:4321/join"]`);
  await shown('192.168.1.20');
  await teacher.bringToFront();
  await teacher.waitForSelector('[data-part=join-at]:not([hidden])');
  await teacher.select('[data-part=join-address]', '10.9.8.7');
  await wall.bringToFront();
  await shown('10.9.8.7');
  await teacher.bringToFront();
  await teacher.select('[data-part=join-address]', '');
  await wall.bringToFront();
  await shown('192.168.1.20');
  networks = twoNetworks('192.168.44.5');
  await shown('192.168.44.5');
  networks = { ipv4: [], ipv6: [], linkLocal: false };
  await says(wall, '[data-part=join]', 'the server’s machine is in no network');
  expect(await wall.$('.qr')).toBeNull();
  expect(await axe(wall)).toEqual([]);
  networks = twoNetworks('192.168.1.20');
  await shown('192.168.1.20');
  await says(wall, '.code', new RegExp(`${server.classroom?.room.state.code.slice(0, 4)} \\d{4}`));
  // On a phone, too, a code is in one piece.
  for (const page of [teacher, wall]) {
    await page.bringToFront();
    const before = page.viewport();
    await page.setViewport({ width: 360, height: 740 });
    expect(await page.$eval('.join-code', (shown) => shown.getClientRects().length)).toBe(1);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await page.setViewport(before);
  }
  const student = await join(server, 'Anna');
  await says(wall, '[data-part=people]', 'Anna');
  await wall.bringToFront();
  expect(await axe(wall)).toEqual([]);
  const key = { right: [0], value: null, tolerance: 0, why: ['Because.'] };
  const question = { kind: 'one' as const, text: 'Which?', choices: ['this', 'that'], unit: '', path: '/start/' };
  await server.classroom?.room.act({ do: 'ask', question, key });
  await student.waitForSelector('.class-question:not([hidden]) form');
  await click(student, '.class-question input');
  await click(student, '.class-question [type=submit]');
  await says(wall, '[data-part=question]', '1 of 1');
  expect(await wall.$('.class-answers')).toBeNull();
  await server.classroom?.room.act({ do: 'reveal' });
  await says(wall, '[data-part=question]', 'Because.');
  // A figure that was measured is written as far as anybody reads it, and no answer of the class.
  const predicts = { technique: 'sse' as const, figure: 'latencyP50', settings: {}, numbers: [] };
  await server.classroom?.room.act({
    do: 'ask',
    question: { ...question, kind: 'number', choices: [], unit: 'ms', predicts },
    key: { right: [], value: 2.3388671875, tolerance: 1, why: [], recorded: 'in a browser' },
  });
  await server.classroom?.room.act({ do: 'reveal' });
  await says(wall, '[data-part=question]', /2\.339 ms ✓ measured/);
  await says(wall, '[data-part=question]', 'The class has not run this, so the marks follow');
  await says(student, '.class-question', 'The class has not run this');
  expect(await axe(wall)).toEqual([]);
  expect(await axe(student)).toEqual([]);
});

test.each(BROWSERS)(
  'in %s the class feed comes over the technique that the teacher picks, with its cost and its latency',
  async (name) => {
    const server = await startServer({ siteDir, classroom: {} });
    const teacher = await openTeacher(server);
    const student = await join(server, 'Anna', name);
    for (const technique of ['sse', 'polling', 'iframe-stream']) {
      await teacher.select('[data-part=feed]', technique);
      await teacher.waitForSelector('[data-part=say]:not([hidden])');
      // The device reads the feed as soon as its lane has asked for it.
      const lane = server.classroom?.room.id ?? '';
      while (server.readLedger(lane).lanes[technique as 'sse']?.requests === 0) await new Promise(setImmediate);
      await teacher.$eval(
        '[data-part=say-text]',
        (input, text) => {
          (input as HTMLInputElement).value = text;
        },
        `<i>${technique}</i>`,
      );
      await click(teacher, '[data-part=say] button');
      await says(student, '.class-bar .now', `The teacher: <i>${technique}</i>`);
      await says(teacher, '[data-part=feed-cost]', /to 1 devices?: \d+ requests?, .* 95 % within/);
    }
  },
);

/** What of a page's requests anybody in between could read; the teacher's header for files is left out. */
function exposed(page: Page): string[] {
  const seen: string[] = [];
  page.on('request', (request) => {
    const { authorization: _, ...headers } = request.headers();
    // What stands behind the # stays in the browser.
    seen.push(`${request.url().split('#')[0]} ${JSON.stringify(headers)}`);
  });
  return seen;
}

test.each(BROWSERS)(
  'in %s axe finds nothing on any page of a class in any state, and the teacher’s token stands in no request',
  async (name) => {
    const server = await startServer({ siteDir, classroom: { name: 'Physics' } });
    const { room, token } = server.classroom as NonNullable<TestServer['classroom']>;
    const student = await device(name);
    await student.goto(`${server.url}/join/`);
    await student.waitForSelector('push-class-join[data-state=form]');
    await student.type('[data-part=code]', '12');
    await student.keyboard.press('Enter');
    await says(student, '[data-part=fault]', 'on the wall');
    expect(await axe(student)).toEqual([]);

    const teacher = await device(name);
    await teacher.setViewport({ width: 1280, height: 900 });
    const requests = exposed(teacher);
    await teacher.goto(`${server.url}/teach/#${token}`);
    await says(teacher, '[data-part=people]', 'Nobody has joined yet');
    expect(await axe(teacher)).toEqual([]);

    await student.goto(`${server.url}/join/#${room.state.code}`);
    await student.reload();
    await student.waitForSelector('push-class-join[data-state=form]');
    await student.type('[data-part=nickname]', 'Anna');
    await student.keyboard.press('Enter');
    await student.waitForSelector('.class-bar[data-state=online]');
    expect(await axe(student)).toEqual([]);

    // This device is in sight, and busy while the run goes on: its teacher has to know.
    await student.bringToFront();
    await student.evaluateOnNewDocument(() => {
      const busy = () => {
        if (!document.querySelector('push-lab[data-state=running]')) return;
        watch.disconnect();
        const end = performance.now() + 700;
        while (performance.now() < end);
      };
      const watch = new MutationObserver(busy);
      watch.observe(document, { subtree: true, attributeFilter: ['data-state'] });
    });
    const settings = { techniques: ['polling', 'sse'], eventsPerSecond: 4, durationSeconds: 1 };
    await room.act({ do: 'call-run', settings });
    await says(teacher, '[data-part=run-state]', /over/);
    await says(teacher, '[data-part=results]', '1 of them');
    await says(
      teacher,
      '[data-part=results]',
      /1 device was busy: everything in its page had to wait for up to [\d,]+\sm?s/,
    );
    const question = {
      kind: 'order' as const,
      text: 'Which first?',
      choices: ['this', 'that'],
      unit: '',
      path: '/start/',
    };
    await room.act({ do: 'ask', question, key: { right: [0, 1], value: null, tolerance: 0, why: ['Because.'] } });
    await student.waitForSelector('.class-question:not([hidden]) form');
    expect(await axe(student)).toEqual([]);
    // What is answered makes room for the page again, and can be opened.
    await click(student, '.class-question [type=submit]');
    await student.waitForSelector('.class-question .fold[aria-expanded=false]');
    await says(student, '.class-question .own', 'Your answer: this, that. Your answer is with the class');
    expect(await student.$eval('#class-question-box', (box) => (box as HTMLElement).offsetHeight)).toBe(0);
    expect(await axe(student)).toEqual([]);
    await says(teacher, '[data-part=question]', '1 of 1');
    await click(teacher, '[data-part=only]');
    // A tab behind another one is told as away.
    await student.bringToFront();
    await says(teacher, '[data-part=people]', 'Everybody is here and up to date');
    await teacher.bringToFront();
    expect(await axe(teacher)).toEqual([]);

    // At the lesson the teacher's own bar reveals and closes.
    await teacher.goto(`${server.url}/lessons/sse/`);
    await teacher.waitForSelector('.class-bar.teacher .asking:not([hidden])');
    expect(await axe(teacher)).toEqual([]);
    await click(teacher, '.class-bar .asking button', 1);
    await student.waitForSelector('.class-question .fold[aria-expanded=true]');
    await says(student, '.class-question', 'put it in its place');
    expect(await axe(student)).toEqual([]);
    await click(teacher, '.class-bar .asking button', 2);
    await student.waitForSelector('.class-question[hidden]');

    const wall = teacher;
    await wall.goto(`${server.url}/class/`);
    await says(wall, '[data-part=results]', 'Open at once');
    expect(await axe(wall)).toEqual([]);
    await room.act({ do: 'lock', locked: true });
    await says(wall, '[data-part=join]', 'locked');
    await room.act({ do: 'end' });
    await teacher.goto(`${server.url}/teach/`);
    await teacher.waitForSelector('[data-part=classes] li button');
    expect(await axe(teacher)).toEqual([]);
    await says(student, '.class-bar .now', 'The class has ended');
    expect(await axe(student)).toEqual([]);
    expect(requests.length).toBeGreaterThan(20);
    expect(requests.filter((request) => request.includes(token))).toEqual([]);
  },
  150_000,
);

test.each(BROWSERS)(
  'in %s a device has built its pictures before it says that it is ready, and draws nothing until the common start is over',
  async (name) => {
    const server = await startServer({ siteDir, classroom: { name: 'Physics' } });
    const { room } = server.classroom as NonNullable<TestServer['classroom']>;
    const page = await device(name);
    await page.evaluateOnNewDocument(() => {
      const drawn: number[] = [];
      const { stroke } = CanvasRenderingContext2D.prototype;
      CanvasRenderingContext2D.prototype.stroke = function (...path: Path2D[]) {
        drawn.push(performance.timeOrigin + performance.now());
        return stroke.apply(this, path as [Path2D]);
      };
      Object.assign(window, { drawn });
    });
    await joinByForm(page, server.url, room.state.code);
    const settings = { techniques: ['polling', 'sse'], eventsPerSecond: 4, durationSeconds: 3 };
    await room.act({ do: 'call-run', settings });
    await at(page, '/lab/');
    await page.waitForSelector('push-lab[data-state=finished]');
    const [run] = room.state.runs;
    const startsAt = run?.startsAt as number;
    const drawn = await page.evaluate(() => (window as unknown as { drawn: number[] }).drawn);
    // Page and server share a clock here, but for a millisecond.
    expect(drawn.some((time) => time < startsAt - 1000)).toBe(true);
    expect(drawn.filter((time) => time >= startsAt - 1000 && time < startsAt)).toEqual([]);
    expect(drawn.some((time) => time >= startsAt)).toBe(true);
    const [result] = [...(run?.results.values() ?? [])];
    expect(result?.startedAt ?? 0).toBeGreaterThan(startsAt - 10);
  },
  90_000,
);

test.each(BROWSERS)(
  'over --https in %s the page is isolated, its timers are fine, and a whole class is held over wss',
  async (name) => {
    const folder = await mkdtemp(joinPath(tmpdir(), 'pushlab-https-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const certificate = await certificateFor(ownNames(['127.0.0.1']), folder);
    let front: SecureFront | undefined;
    const server = await startServer({
      siteDir,
      classroom: { listensAt: () => front && { protocol: 'https', host: '127.0.0.1', port: front.port } },
      addressOf: (port) => front?.addressOf(port),
    });
    front = await listenSecure(certificate, { place: await findPlace('127.0.0.1', 0), to: server.port });
    onTestFinished(() => front?.close());
    const browser = await openBrowser(name, { anyCertificate: true });
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    const url = `https://127.0.0.1:${front.port}`;
    await joinByForm(page, url, server.classroom?.room.state.code);
    expect(await page.evaluate(() => [isSecureContext, crossOriginIsolated])).toEqual([true, true]);
    expect(await page.$eval('[data-part=insecure]', (note) => (note as HTMLElement).hidden)).toBe(true);

    const { room, token } = server.classroom as NonNullable<TestServer['classroom']>;
    const settings = { techniques: ['polling', 'sse', 'websocket'], eventsPerSecond: 4, durationSeconds: 2 };
    await room.act({ do: 'call-run', settings });
    await at(page, '/lab/');
    await page.waitForSelector('push-lab[data-state=finished]');
    await says(page, '.class-bar .now', 'Your result is with the class');
    const notes = await page.$eval('push-lab [data-part=notes]', (list) => list.textContent ?? '');
    expect(notes).toContain('Bytes are counted inside TLS');
    expect(notes).not.toContain('proxy');
    const [result] = [...(room.state.runs[0]?.results.values() ?? [])];
    expect(result?.conditions.isolated).toBe(true);
    // Not isolated it is 0.1 ms in Chromium and 1 ms in Firefox.
    expect(result?.conditions.resolutionMs).toBeLessThan(0.1);
    for (const lane of Object.values(result?.lanes ?? {})) expect(lane.received).toBe(8);
    for (const count of Object.values(result?.counts ?? {})) expect(count.headBytes).toBeGreaterThan(0);

    const key = { right: [0], value: null, tolerance: 0, why: [] };
    const question = { kind: 'one' as const, text: 'Which?', choices: ['this', 'that'], unit: '', path: '/start/' };
    await room.act({ do: 'ask', question, key });
    await page.waitForSelector('.class-question:not([hidden]) form');
    await click(page, '.class-question input');
    await click(page, '.class-question [type=submit]');
    await says(page, '.class-question', 'Your answer');
    expect(room.state.questions[0]?.answers.size).toBe(1);
    await page.reload();
    await page.waitForSelector('.class-bar[data-state=online]');
    expect(room.state.seats.size).toBe(1);

    const teacher = await browser.createBrowserContext().then((context) => context.newPage());
    await teacher.goto(`${url}/teach/#${token}`);
    await says(teacher, '[data-part=people]', 'fine timers');
    expect(await teacher.$eval('[data-part=insecure]', (note) => (note as HTMLElement).hidden)).toBe(true);
    await teacher.goto(`${url}/class/`);
    await says(teacher, '.url', `127.0.0.1:${front.port}/join`);
  },
  120_000,
);
