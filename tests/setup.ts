/** Sees that the browsers, tshark, the clients, nginx, two fonts and the languages of the samples are here before the tests start: installs them by apt where it may, else says how. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fontFiles } from './helpers/fonts.ts';
import { onPath, pythonWith } from './helpers/programs.ts';

const needed = [
  { program: ['chromium', 'chromium-browser', 'google-chrome'], package: 'chromium' },
  { program: ['firefox-esr', 'firefox'], package: 'firefox-esr' },
  { program: ['tshark'], package: 'tshark' },
  { program: ['curl'], package: 'curl' },
  { program: ['ab'], package: 'apache2-utils' },
  { program: ['lynx'], package: 'lynx' },
  { program: ['nginx'], package: 'nginx' },
  { program: ['redis-server'], package: 'redis-server' },
  { program: ['caddy'], package: 'caddy' },
  // A certificate for the recipes: who asks for one, and who gives it.
  { program: ['certbot'], package: 'certbot' },
  { program: ['pebble'], package: 'pebble' },
  { program: ['g++', 'clang++'], package: 'g++' },
  { program: ['go'], package: 'golang-go' },
];
/** What the samples in Go and Python import. Files, as a library is on no PATH. */
const libraries = [
  {
    here: () => existsSync('/usr/share/gocode/src/github.com/gorilla/websocket'),
    package: 'golang-github-gorilla-websocket-dev',
  },
  { here: () => pythonWith(['websockets']) !== null, package: 'python3-websockets' },
  { here: () => pythonWith(['channels', 'daphne']) !== null, package: 'python3-django-channels daphne' },
];
/** The two that pages are laid out with. From Debian 13 on the narrow one has a package of its own. */
const fonts = [
  { here: () => fontFiles('wide').length > 0, package: 'fonts-dejavu-core' },
  {
    here: () => fontFiles('narrow').length > 0,
    package: 'fonts-liberation $(apt-cache --names-only search ^fonts-liberation-sans-narrow$ | cut -d" " -f1)',
  },
];

const missing = [
  ...needed.filter(({ program }) => !onPath(program)),
  ...[...libraries, ...fonts].filter(({ here }) => !here()),
].map((need) => need.package);
if (missing.length > 0) {
  const command = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0 || !onPath(['apt-get'])) {
    process.stderr.write(`The tests need ${missing.join(', ')}. On Debian, as root: ${command}\n`);
    process.exit(1);
  }
  process.stderr.write(`Installing what the tests need: ${missing.join(', ')}\n`);
  // tshark asks whether everybody may capture; nobody is there to answer.
  execFileSync('sh', ['-c', command], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  // Debian starts a server when it is installed. The tests start their own, so what has just begun is ended again.
  for (const name of ['nginx', 'redis-server', 'caddy'].filter((server) => missing.includes(server)))
    execFileSync('sh', ['-c', `service ${name} stop || true`], { stdio: 'ignore' });
}
