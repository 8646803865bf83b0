/** A student's page in a class, operated as a person would. */
import type { Page } from 'puppeteer-core';

/** Joins the class at `url` by the form that the QR code opens. Resolves once the class bar says that it is connected. */
export async function joinByForm(page: Page, url: string, code: string | undefined, nickname = 'Anna'): Promise<void> {
  await page.goto(`${url}/join/#${code}`);
  await page.waitForSelector('push-class-join[data-state=form]');
  await page.type('[data-part=nickname]', nickname);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.class-bar[data-state=online]');
}
