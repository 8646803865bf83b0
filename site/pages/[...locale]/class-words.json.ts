/** The classroom's sentences as a file of their own, for the bar that stands on every page of a device that has joined. */
import type { APIRoute } from 'astro';
import { wordsFor } from '../../kit/words-for.ts';
import { LOCALES, localePaths } from '../../locales.ts';

export const getStaticPaths = localePaths;

export const GET: APIRoute = ({ locals, params }) => {
  const language = LOCALES[params.locale ?? 'root']?.lang ?? 'en';
  return Response.json(wordsFor(locals.t as never, language, ['class.', 'technique.']));
};
