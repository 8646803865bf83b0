/** Debian's Chromium and Firefox, driven by puppeteer-core (DevTools protocol and WebDriver BiDi). */
import puppeteer, { type Browser } from 'puppeteer-core';
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

/**
 * Starts a browser with an empty profile; throws, never skips, when it is not there. The caller closes it. With
 * `anyCertificate` it trusts every certificate, as after its reader's word.
 */
export async function openBrowser(
  name: BrowserName,
  { anyCertificate = false }: { anyCertificate?: boolean } = {},
): Promise<Browser> {
  return puppeteer.launch({
    browser: name === 'firefox' ? 'firefox' : 'chrome',
    executablePath: browserPath(name),
    headless: true,
    acceptInsecureCerts: anyCertificate,
    args:
      name === 'firefox'
        ? []
        : [
            // Without a sandbox because tests run as root, quiet because nothing outside can be reached.
            '--no-sandbox',
            '--disable-gpu',
            '--disable-quic',
            '--no-first-run',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
          ],
  });
}
