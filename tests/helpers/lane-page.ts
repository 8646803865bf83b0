/** Serves the page of tests/browsers/lane-page.ts from the server under test, isolated like the site's own pages. */
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { build, type Rolldown } from 'vite';

let bundled: Promise<string> | undefined;

function bundle(): Promise<string> {
  bundled ??= (async () => {
    const entry = fileURLToPath(new URL('../browsers/lane-page.ts', import.meta.url));
    const output = (await build({
      configFile: false,
      logLevel: 'error',
      build: { write: false, minify: false, lib: { entry, formats: ['es'], fileName: 'lane-page' } },
    })) as Rolldown.RolldownOutput[];
    const chunk = output[0]?.output[0];
    if (chunk?.type !== 'chunk') throw new Error('vite made no script of the lane page');
    return chunk.code;
  })();
  return bundled;
}

/** Adds `/lane-page` and its script to an app that is not listening yet. */
export async function addLanePage(app: FastifyInstance): Promise<void> {
  const script = await bundle();
  app.get('/lane-page', async (_request, reply) =>
    reply
      .headers({ 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' })
      .type('text/html; charset=utf-8')
      .send(
        '<!doctype html><title>lane</title><link rel="icon" href="data:,"><script type="module" src="/lane-page.js"></script>',
      ),
  );
  app.get('/lane-page.js', async (_request, reply) => reply.type('text/javascript; charset=utf-8').send(script));
}
