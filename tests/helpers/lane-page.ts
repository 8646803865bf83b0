/** Serves pages for browser tests from the server under test, isolated like the site's own pages. */
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import type { Rolldown } from 'vite';

const bundled = new Map<string, Promise<string>>();

/** The script `tests/browsers/<name>.ts` with everything it imports, bundled once. */
function bundle(name: string): Promise<string> {
  const known = bundled.get(name);
  if (known) return known;
  const made = (async () => {
    // Only here: nearly every test starts a server, and few of them need a page, let alone what bundles it.
    const { build } = await import('vite');
    const entry = fileURLToPath(new URL(`../browsers/${name}.ts`, import.meta.url));
    const output = (await build({
      configFile: false,
      logLevel: 'error',
      build: { write: false, minify: false, lib: { entry, formats: ['es'], fileName: name } },
    })) as Rolldown.RolldownOutput[];
    const chunk = output[0]?.output[0];
    if (chunk?.type !== 'chunk') throw new Error(`vite made no script of ${name}`);
    return chunk.code;
  })();
  bundled.set(name, made);
  return made;
}

/** Adds `/<name>`, a page that runs tests/browsers/<name>.ts, to an app that is not listening yet. */
export async function addPage(app: FastifyInstance, name: string): Promise<void> {
  const script = await bundle(name);
  app.get(`/${name}`, async (_request, reply) =>
    reply
      .headers({ 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' })
      .type('text/html; charset=utf-8')
      .send(
        `<!doctype html><title>${name}</title><link rel="icon" href="data:,"><script type="module" src="/${name}.js"></script>`,
      ),
  );
  app.get(`/${name}.js`, async (_request, reply) => reply.type('text/javascript; charset=utf-8').send(script));
}
