/** Debian's Chromium and Firefox, driven by puppeteer-core (DevTools protocol and WebDriver BiDi). */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer, { type Browser, type BrowserContext, type Page } from 'puppeteer-core';
import { type FontName, onlyFont } from './fonts.ts';
import { onPath } from './programs.ts';

export const BROWSERS = ['chromium', 'firefox'] as const;
export type BrowserName = (typeof BROWSERS)[number];

const names: Record<BrowserName, string[]> = {
  chromium: ['chromium', 'chromium-browser', 'google-chrome'],
  firefox: ['firefox-esr', 'firefox'],
};

/** The browser's program; throws when it is not there. */
export function browserPath(name: BrowserName): string {
  const path = onPath(names[name]);
  if (!path) throw new Error(`no ${names[name].join(' or ')} on PATH; node tests/setup.ts installs it`);
  return path;
}

/** What a test's browser has unlike a new one. */
export interface BrowserOptions {
  /** Trusts every certificate, as after its reader's word. */
  anyCertificate?: boolean;
  /** The one font of its system: the wide one unless said otherwise, so that a test sees the same page on every machine. */
  font?: FontName;
  /** The engine's preferences, as its reader may have set them. */
  prefs?: Record<string, unknown>;
  /** Further arguments. */
  args?: string[];
}

/** Starts a browser with an empty profile; throws, never skips, when it is not there. The caller closes it. */
export async function openBrowser(
  name: BrowserName,
  { anyCertificate = false, font = 'wide', prefs = {}, args = [] }: BrowserOptions = {},
): Promise<Browser> {
  const { env, remove } = await onlyFont(font);
  const firefox = name === 'firefox';
  const profile = firefox ? undefined : await chromiumProfile(prefs);
  const browser = await puppeteer.launch({
    browser: firefox ? 'firefox' : 'chrome',
    executablePath: browserPath(name),
    headless: true,
    // What takes so long is the page's business; see PATIENCE_MS.
    protocolTimeout: 0,
    acceptInsecureCerts: anyCertificate,
    // In the language of the tests and past any proxy, whatever the machine around them is set to.
    env: { ...withoutProxy(process.env), ...env, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', LANGUAGE: 'en' },
    extraPrefsFirefox: { 'network.proxy.type': 0, 'intl.locale.requested': 'en-US', ...prefs },
    // Without a sandbox because tests run as root, quiet because nothing outside can be reached.
    ...(profile && { userDataDir: profile }),
    args: firefox ? args : ['--no-sandbox', '--no-proxy-server', '--lang=en-US', ...QUIET, ...args],
  });
  browser.on('disconnected', () => {
    void remove();
    if (profile) void rm(profile, { recursive: true, force: true, maxRetries: 10 });
  });
  return patient(browser);
}

/** A profile of Chromium with these preferences; undefined where there are none, and puppeteer makes an empty one. */
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

/** How long a page is waited for (ms). Puppeteer's 30 s are a measure of speed; this ends before the test, and says for what it has waited. */
const PATIENCE_MS = 290_000;

/** The same browser, whose pages wait for as long as a busy machine takes. */
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
