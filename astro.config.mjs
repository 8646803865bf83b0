import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import starlight from '@astrojs/starlight';
import { defineConfig } from 'astro/config';
import { LADDER } from './demo-server/protocol.ts';
import { builtForServer } from './site/build/demo-server.ts';
import { folderFault } from './site/build/folder.ts';
import { MARKS } from './site/kit/marks.ts';
import { LOCALES } from './site/locales.ts';

/** Starlight looks for lessons in `<srcDir>/content/docs`; ours stand at the top level, so it is told another srcDir. */
function lessonsAtTopLevel(integration) {
  const { 'astro:config:setup': setup, ...hooks } = integration.hooks;
  const withRoot = (options) => setup({ ...options, config: { ...options.config, srcDir: options.config.root } });
  return { ...integration, hooks: { ...hooks, 'astro:config:setup': withRoot } };
}

/** Browsers check a run's file against its schema; the words on what its fields mean, two thirds of it, they need not load. */
const leanSchema = {
  name: 'pushlab:lean-schema',
  enforce: 'pre',
  transform(code, id) {
    if (this.environment.name !== 'client' || !id.endsWith('/run-schema.json')) return;
    const wordless = (name, value) => (name === 'description' && typeof value === 'string' ? undefined : value);
    return { code: JSON.stringify(JSON.parse(code), wordless), map: null };
  },
};

/**
 * The lab's page has loaded all but one of the files that its later imports need: to list them all once more is a kilobyte of
 * file names, for one round trip less before the first run.
 */
const leanPreloads = {
  name: 'pushlab:lean-preloads',
  config: () => ({
    build: {
      modulePreload: { resolveDependencies: (_, files, { hostId }) => (/\/(lab|keep)\./.test(hostId) ? [] : files) },
    },
  }),
};

/** Lets the API page be made from the app's own routes: `import document from 'virtual:openapi'`. */
const openapi = {
  name: 'pushlab:openapi',
  resolveId: (id) => (id === 'virtual:openapi' ? '\0virtual:openapi' : undefined),
  async load(id) {
    if (id !== '\0virtual:openapi') return;
    const { buildApp } = await import('./demo-server/app.ts');
    // With a class, as its routes are part of the reference.
    const app = await buildApp({ classroom: {} });
    await app.ready();
    const document = app.swagger();
    await app.close();
    return `export default ${JSON.stringify(document)}`;
  },
};

const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

/** While developing: runs the demo server beside Astro, restarted on change, and hands it the routes that are its own. */
function demoServer() {
  const ways = ['/push', '/runs', '/control', '/classroom', '/echo', '/chat', '/hijack', '/probe', '/healthz'];
  const routes = [...ways, '/docs/api/openapi.json'];
  let port;
  let child;
  const stop = () => child?.kill();
  return {
    name: 'pushlab:demo-server',
    hooks: {
      'astro:config:setup': async ({ command, updateConfig }) => {
        if (command !== 'dev') return;
        port = await freePort();
        const target = { target: `http://127.0.0.1:${port}`, ws: true };
        updateConfig({ vite: { server: { proxy: Object.fromEntries(routes.map((route) => [route, target])) } } });
      },
      'astro:server:start': () => {
        const options = ['--watch', '--watch-preserve-output', 'demo-server/main.ts', '--port', `${port}`, '--no-site'];
        child = spawn(process.execPath, options, { stdio: 'inherit' });
        // A signal ends the process without its "exit" event, and the child would live on.
        for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit());
        process.once('exit', stop);
      },
      'astro:server:done': stop,
    },
  };
}

/** Where the demo server of this build is, '' for the site's own origin. */
const DEMO_SERVER = builtForServer();

/**
 * Before any other script: a storage that this browser denies or leaves no room in has a stand-in that lives as long as the page.
 * Starlight's theme, sidebar and tabs do not expect such browsers, and would throw. Known by its `unkept`.
 */
const STORAGE =
  "for(const n of['localStorage','sessionStorage'])try{const s=window[n];s.setItem('pushlab:probe','');s.removeItem('pushlab:probe')}catch{const m=new Map;Object.defineProperty(window,n,{configurable:true,value:{unkept:true,getItem:k=>m.get(k)??null,setItem:(k,v)=>{m.set(k,String(v))},removeItem:k=>{m.delete(k)}}})}";
/** Before anything is drawn: the rungs that were read on this device (site/shell/progress.ts), and the mark for them. */
const READ_RUNGS = "try{document.documentElement.dataset.read=localStorage.getItem('pushlab:read')??''}catch{}";
const READ_MARKS = LADDER.map((id) => `:root[data-read~="${id}"] [data-technique="${id}"]{--read:"✓"/""}`).join('');

const lesson = (id) => ({
  slug: `lessons/${id}`,
  attrs: { 'data-technique': id, style: `--mark: path('${MARKS[id]}')` },
});

const fault = folderFault(import.meta.dirname);
if (fault !== undefined) {
  process.stderr.write(`pushlab: ${fault}\n`);
  process.exit(1);
}

export default defineConfig({
  // Where the site is reached, for the addresses of social cards; without it they are relative.
  ...(process.env.PUBLIC_SITE ? { site: process.env.PUBLIC_SITE } : {}),
  srcDir: './site',
  publicDir: './site/public',
  // A link prefetched on hover would put requests on the wire in the middle of a run.
  prefetch: false,
  server: {
    port: 4321,
    // Isolated pages get fine timers. The demo server sends the same two.
    headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
  },
  integrations: [
    // Starlight adds the sitemap integration unless it finds one; without a public address it could only warn.
    { name: '@astrojs/sitemap', hooks: {} },
    lessonsAtTopLevel(
      starlight({
        title: 'Pushlab',
        favicon: '/favicon.svg',
        credits: false,
        // The folder of a repository's editor, such as https://github.com/OWNER/REPOSITORY/edit/main/; without it no page has such a link.
        ...(process.env.PUBLIC_EDIT_BASE ? { editLink: { baseUrl: process.env.PUBLIC_EDIT_BASE } } : {}),
        routeMiddleware: './site/shell/route-data.ts',
        head: [
          ...(DEMO_SERVER === '' ? [] : [{ tag: 'meta', attrs: { name: 'demo-server', content: DEMO_SERVER } }]),
          { tag: 'script', content: STORAGE },
          { tag: 'script', content: READ_RUNGS },
          { tag: 'style', content: READ_MARKS },
        ],
        disable404Route: true,
        locales: LOCALES,
        customCss: [
          './site/styles/tokens.css',
          './site/styles/starlight.css',
          './site/styles/buttons.css',
          './site/styles/print.css',
        ],
        components: {
          Hero: './site/shell/Hero.astro',
          Pagination: './site/shell/Pagination.astro',
          PageTitle: './site/shell/PageTitle.astro',
          Search: './site/shell/Search.astro',
          SiteTitle: './site/shell/SiteTitle.astro',
          SocialIcons: './site/shell/HeaderLinks.astro',
        },
        expressiveCode: {
          defaultProps: { frame: 'none', wrap: true },
          styleOverrides: {
            borderRadius: 'var(--radius)',
            codeBackground: 'var(--surface)',
            borderColor: 'var(--line)',
            codeFontSize: '0.8125rem',
            codeLineHeight: '1.6',
            textMarkers: {
              insBackground: 'var(--good-back)',
              insBorderColor: 'var(--good)',
              insDiffIndicatorColor: 'var(--good)',
              delBackground: 'var(--bad-back)',
              delBorderColor: 'var(--bad)',
              delDiffIndicatorColor: 'var(--bad)',
            },
          },
        },
        sidebar: [
          { slug: 'start' },
          { label: 'The ladder', items: LADDER.map(lesson) },
          { label: 'In depth', items: [{ slug: 'websocket-in-depth' }, { slug: 'proxies' }] },
          {
            label: 'Workbenches',
            items: [{ slug: 'workbench/accept' }, { slug: 'workbench/frames' }, { slug: 'workbench/sse-parser' }],
          },
          {
            label: 'Beyond the ladder',
            items: [
              lesson('fetch-stream'),
              { slug: 'beyond/flash-socket' },
              { slug: 'beyond/http2-http3-webtransport' },
            ],
          },
          {
            label: 'The bench',
            items: [
              { label: 'Compare all eight', link: '/lab/' },
              { label: 'Cost curves', link: '/lab/curves/' },
              { label: 'Kept runs', link: '/lab/runs/' },
              { label: 'Six connections', link: '/lab/connections/' },
              { label: 'Buffering', link: '/lab/buffering/' },
              { label: 'Your browser', link: '/lab/browser/' },
              { slug: 'classroom' },
              { slug: 'measuring' },
              { label: 'Check your way in', link: '/check/' },
              { label: 'HTTP API', link: '/docs/api/' },
              { slug: 'classroom-socket' },
            ],
          },
          {
            label: 'Host it yourself',
            items: [
              { slug: 'host-it-yourself' },
              { slug: 'hosting/service' },
              { slug: 'hosting/nginx' },
              { slug: 'hosting/caddy' },
              { slug: 'hosting/several-servers' },
              { slug: 'hosting/containers' },
              { slug: 'hosting/static-host' },
              { slug: 'hosting/update-and-backup' },
              { slug: 'hosting/logs-and-metrics' },
              { slug: 'hosting/limits-and-sizing' },
              { slug: 'hosting/privacy' },
            ],
          },
          {
            label: 'Reference',
            items: [
              { slug: 'choosing' },
              { slug: 'security' },
              { slug: 'languages' },
              { slug: 'misconceptions' },
              { slug: 'glossary' },
              { slug: 'history' },
            ],
          },
        ],
      }),
    ),
    demoServer(),
  ],
  vite: {
    plugins: [openapi, leanSchema, leanPreloads],
    resolve: {
      alias: {
        '@components': fileURLToPath(new URL('./site/components', import.meta.url)),
        '@kit': fileURLToPath(new URL('./site/kit', import.meta.url)),
      },
    },
    build: {
      // Every inlined script would need its hash in the Content-Security-Policy.
      assetsInlineLimit: 0,
      // Ten lines of warning for each MDX page say that "use client" means nothing here, which nobody doubts.
      rolldownOptions: { checks: { moduleLevelDirective: false } },
    },
  },
});
