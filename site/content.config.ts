import { defineCollection } from 'astro:content';
import { docsSchema, i18nSchema } from '@astrojs/starlight/schema';
import { glob } from 'astro/loaders';
import { z } from 'astro/zod';
import en from '../content/i18n/en.json' with { type: 'json' };

type Keys = Record<keyof typeof en, z.ZodOptional<z.ZodString>>;

/** The English texts name the keys that exist: `t('…')` with any other key fails `astro check`. */
const keys = Object.fromEntries(Object.keys(en).map((key) => [key, z.string().optional()])) as Keys;

/** `lessons/07-sse.mdx` becomes `lessons/sse`: the number orders the folder, the id is the address. */
function generateId({ entry }: { entry: string }): string {
  return entry
    .replace(/\.mdx?$/, '')
    .replace(/(^|\/)\d+-/g, '$1')
    .replace(/(^|\/)index$/, '');
}

export const collections = {
  docs: defineCollection({
    loader: glob({ base: './content/docs', pattern: '**/[^_.]*.{md,mdx}', generateId }),
    schema: docsSchema(),
  }),
  i18n: defineCollection({
    loader: glob({ base: './content/i18n', pattern: '*.json' }),
    schema: i18nSchema({ extend: z.object(keys) }),
  }),
};
