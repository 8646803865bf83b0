/** Debian's Chromium and Firefox, driven by puppeteer-core (DevTools protocol and WebDriver BiDi). */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer, { type Browser, type BrowserContext, type Page } from 'puppeteer-core';
import { type FontName, onlyFont } from './fonts.ts';
import { onPath } from './programs.ts';

/** The browsers that the project is tested in. */
export const ENGINES = ['chromium', 'firefox'] as const;
export type BrowserName = (typeof ENGINES)[number];

/** The browsers that a value of PUSHLAB_BROWSER stands for: all if it is empty. Throws for a browser that is not ours. */
export function chosenBrowsers(value: string | undefined): readonly BrowserName[] {
  const chosen = ENGINES.filter((name) => !value || name === value);
  if (chosen.length === 0) throw new Error(`PUSHLAB_BROWSER is '${value}'; it takes ${ENGINES.join(' or ')}`);
  return chosen;
}

/** The browsers of this test run: all, or the one that the variable PUSHLAB_BROWSER names. */
export const BROWSERS = chosenBrowsers(process.env.PUSHLAB_BROWSER);

const names: Record<BrowserName, string[]> = {
  chromium: ['chromium', 'chromium-browser', 'google-chrome'],
  firefox: ['firefox-esr', 'firefox'],
};

/** The path of the browser's program. Throws if it is not installed. */
export function browserPath(name: BrowserName): string {
  const path = onPath(names[name]);
  if (!path) throw new Error(`no ${names[name].join(' or ')} on PATH; node tests/setup.ts installs it`);
  return path;
}

/** How a test's browser differs from a new one. */
export interface BrowserOptions {
  /** Trusts every certificate, as if its user had accepted them. */
  anyCertificate?: boolean;
  /** The only font of its system, so that a test sees the same page on every machine; the wide one by default. */
  font?: FontName;
  /** Preferences of the browser, as its user may have set them. */
  prefs?: Record<string, unknown>;
  /**
   * Whether requests are reported to the test: page.on('request'), waitForResponse, the result of goto(). True by default.
   * Firefox 153 spends about a third of its parent process's CPU time on these reports.
   */
  network?: boolean;
  /** Further command-line arguments. */
  args?: string[];
}

/** Starts a browser with an empty profile. Throws if it is not installed, so that no test is skipped. The caller closes it. */
export async function openBrowser(
  name: BrowserName,
  { anyCertificate = false, font = 'wide', network = true, prefs = {}, args = [] }: BrowserOptions = {},
): Promise<Browser> {
  const { env, remove } = await onlyFont(font);
  const firefox = name === 'firefox';
  const profile = firefox ? undefined : await chromiumProfile(prefs);
  const browser = await puppeteer.launch({
    browser: firefox ? 'firefox' : 'chrome',
    executablePath: browserPath(name),
    headless: true,
    // No limit here: how long to wait is decided for each page (PATIENCE_MS).
    protocolTimeout: 0,
    acceptInsecureCerts: anyCertificate,
    networkEnabled: network,
    // In the language of the tests and without a proxy, whatever the machine is set to.
    env: { ...withoutProxy(process.env), ...env, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', LANGUAGE: 'en' },
    extraPrefsFirefox: { 'network.proxy.type': 0, 'intl.locale.requested': 'en-US', ...prefs },
    // No sandbox, because tests may run as root. No background requests, because nothing outside can be reached.
    ...(profile && { userDataDir: profile }),
    args: firefox ? args : ['--no-sandbox', '--no-proxy-server', '--lang=en-US', ...QUIET, ...args],
  });
  browser.on('disconnected', () => {
    void remove();
    if (profile) void rm(profile, { recursive: true, force: true, maxRetries: 10 });
  });
  return patient(browser);
}

/** A Chromium profile with these preferences. Undefined if there are none: then puppeteer makes an empty one. */
async function chromiumProfile(prefs: Record<string, unknown>): Promise<string | undefined> {
  if (Object.keys(prefs).length === 0) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'pushlab-profile-'));
  await mkdir(join(folder, 'Default'));
  await writeFile(join(folder, 'Default', 'Preferences'), JSON.stringify(prefs));
  return folder;
}

const QUIET = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const withoutProxy = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !/^(https?|all|no)_proxy$/i.test(name)));

/** How long to wait for a page (ms). Puppeteer's 30 s would test the machine's speed. This ends before the test does, with a message of what it waited for. */
const PATIENCE_MS = 290_000;

/** The same browser, but its pages wait as long as a busy machine needs. */
function patient<T extends Browser | BrowserContext>(one: T): T {
  const newPage = one.newPage.bind(one);
  one.newPage = async (...options): Promise<Page> => {
    const page = await newPage(...options);
    page.setDefaultTimeout(PATIENCE_MS);
    return page;
  };
  if ('createBrowserContext' in one) {
    const create = one.createBrowserContext.bind(one);
    one.createBrowserContext = async (...options) => patient(await create(...options));
  }
  return one;
}
