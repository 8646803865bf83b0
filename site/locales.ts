/** The languages of the site. The root locale has no prefix in its addresses; the others have their key: `/zh-cn/…`. */
export const LOCALES: Record<string, { label: string; lang: string }> = {
  root: { label: 'English', lang: 'en' },
};

/** For `getStaticPaths` of a page under `pages/[...locale]/`: one path for each language. */
export function localePaths(): { params: { locale: string | undefined } }[] {
  return Object.keys(LOCALES).map((key) => ({ params: { locale: key === 'root' ? undefined : key } }));
}

/** The address of a page in a language; `locale` as in `Astro.locals.starlightRoute.locale`. */
export function inLocale(path: `/${string}`, locale: string | undefined): string {
  return locale === undefined ? path : `/${locale}${path}`;
}
