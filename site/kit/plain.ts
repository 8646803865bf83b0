/** For `t('…', { …, ...PLAIN })`: values go into the text as they are; Astro escapes it where it is written. */
export const PLAIN = { interpolation: { escapeValue: false } } as const;
