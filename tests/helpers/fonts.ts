/** Fonts as other machines have them: a test's browser sees only one family, either a wide one or a narrow one. */
import { globSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** The fonts of pages that bring none of their own: DejaVu Sans is as wide as Verdana, Liberation Sans Narrow as narrow as Arial Narrow. */
export const FONTS = {
  wide: { sans: 'DejaVu Sans', mono: 'DejaVu Sans Mono', files: ['DejaVuSans{,-*}.ttf', 'DejaVuSansMono{,-*}.ttf'] },
  narrow: {
    sans: 'Liberation Sans Narrow',
    mono: 'Liberation Mono',
    files: ['LiberationSansNarrow-*.ttf', 'LiberationMono-*.ttf'],
  },
} as const;
export type FontName = keyof typeof FONTS;

/** The files of a family, wherever the distribution puts them. Empty if it is not installed. */
export const fontFiles = (name: FontName): string[] =>
  FONTS[name].files.flatMap((file) => globSync(`/usr/share/fonts/**/${file}`));

/** Creates a fontconfig file with only this family. Returns the environment for the browser, and a function that removes the file. */
export async function onlyFont(name: FontName): Promise<{ env: { FONTCONFIG_FILE: string }; remove(): Promise<void> }> {
  const files = fontFiles(name);
  if (files.length === 0) throw new Error(`${FONTS[name].sans} is not installed; node tests/setup.ts installs it`);
  const folder = await mkdtemp(join(tmpdir(), 'pushlab-fonts-'));
  const fonts = join(folder, 'fonts');
  mkdirSync(fonts);
  for (const file of files) symlinkSync(file, join(fonts, basename(file)));
  const alias = (asked: string, family: string) =>
    `<alias binding="strong"><family>${asked}</family><prefer><family>${family}</family></prefer></alias>`;
  const { sans, mono } = FONTS[name];
  const config = join(folder, 'fonts.conf');
  writeFileSync(
    config,
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd"><fontconfig>
<dir>${fonts}</dir><cachedir>${join(folder, 'cache')}</cachedir>
${['sans-serif', 'sans', 'Sans', 'system-ui', 'serif'].map((asked) => alias(asked, sans)).join('')}${['monospace', 'ui-monospace'].map((asked) => alias(asked, mono)).join('')}
<match target="pattern"><edit name="family" mode="append_last" binding="strong"><string>${sans}</string></edit></match>
</fontconfig>`,
  );
  return { env: { FONTCONFIG_FILE: config }, remove: () => rm(folder, { recursive: true, force: true }) };
}
