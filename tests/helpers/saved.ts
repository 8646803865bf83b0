/** Files between a test and a page: those that a button saves, and those that a user chooses. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ElementHandle, Page } from 'puppeteer-core';
import { onTestFinished } from 'vitest';

/** What the button at `selector` downloads: name and content. */
export async function savedBy(page: Page, selector: string): Promise<{ bytes: Buffer; file: string }> {
  const { base64, file } = await page.evaluate(async (button) => {
    const saved = new Promise<{ blob: Blob; file: string }>((resolve) => {
      let blob: Blob;
      URL.createObjectURL = (made) => {
        blob = made as Blob;
        return 'data:,';
      };
      HTMLAnchorElement.prototype.click = function () {
        resolve({ blob, file: this.download });
      };
    });
    document.querySelector<HTMLElement>(button)?.click();
    const { blob, file } = await saved;
    const bytes = new Uint8Array(await blob.arrayBuffer());
    return { base64: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')), file };
  }, selector);
  return { bytes: Buffer.from(base64, 'base64'), file };
}

/** Chooses files, given by name and content, in the field at `selector`. */
export async function chooseFiles(page: Page, selector: string, files: Record<string, string>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'pushlab-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [file, content] of Object.entries(files)) await writeFile(join(folder, file), content);
  const field = (await page.$(selector)) as ElementHandle<HTMLInputElement>;
  await field.uploadFile(...Object.keys(files).map((file) => join(folder, file)));
}
