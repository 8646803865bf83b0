/** The samples for Python run: websockets by itself, Channels in a Django project of their own behind Daphne. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket as Client } from 'ws';
import { pythonWith } from '../helpers/programs.ts';
import { folder, portOf, sample, start } from './samples.ts';
import { expectSafeServer } from './server-contract.ts';

function python(...modules: string[]): string {
  const found = pythonWith(modules);
  if (!found) throw new Error(`no Python here has ${modules.join(' and ')}; node tests/setup.ts installs them`);
  return found;
}

test('news.py: what one says all receive; foreign pages, long messages and resets do it no harm', async () => {
  const server = start(python('websockets'), ['-'], { input: sample('news.py'), env: { PORT: '0' } });
  await expectSafeServer({ port: await portOf(server), path: '/', origin: 'http://localhost:8080' });
});

/** The least project that has what the two samples name: sessions, users, a channel layer, the app `news`. */
const SETTINGS = `
SECRET_KEY = "for this test alone"
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "channels", "news"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "project.sqlite"}}
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
ROOT_URLCONF = "project.urls"
USE_TZ = True
`;
/** Makes the tables and a user who is logged in; prints the session's key. */
const PREPARE = `
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
user = User.objects.create_user("zoe")
session = SessionStore()
session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), "django.contrib.auth.backends.ModelBackend"
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.save()
print(session.session_key)
`;

test('consumers.py and asgi.py: who is logged in reaches the group, who is not or comes from elsewhere does not', async () => {
  const interpreter = python('channels', 'daphne');
  const path = folder();
  for (const name of ['project', 'news']) {
    mkdirSync(join(path, name));
    writeFileSync(join(path, name, '__init__.py'), '');
  }
  writeFileSync(join(path, 'project/settings.py'), SETTINGS);
  writeFileSync(join(path, 'project/urls.py'), 'urlpatterns = []\n');
  writeFileSync(join(path, 'project/asgi.py'), sample('asgi.py'));
  writeFileSync(join(path, 'news/consumers.py'), sample('consumers.py'));
  const env = { DJANGO_SETTINGS_MODULE: 'project.settings', PYTHONPATH: path, PYTHONDONTWRITEBYTECODE: '1' };
  const session = execFileSync(interpreter, ['-c', PREPARE], { cwd: path, env: { ...process.env, ...env } });

  const daphne = start(interpreter, ['-m', 'daphne', '-b', '127.0.0.1', '-p', '0', 'project.asgi:application'], {
    cwd: path,
    env,
  });
  const port = await portOf(daphne);
  await expectSafeServer({
    port,
    path: '/news/',
    origin: `http://localhost:${port}`,
    headers: { cookie: `sessionid=${String(session).trim()}` },
    browsersOnly: true,
    // Daphne passes on no other code than 1000 and 3000–4999: findings/daphne-close-codes.sh.
    tooBig: 4009,
    answer: (text) => JSON.stringify({ text }).replace(':', ': '),
  });
  const stranger = new Client(`ws://127.0.0.1:${port}/news/`, { origin: `http://localhost:${port}` });
  onTestFinished(() => stranger.terminate());
  const [refused] = await new Promise<[Error]>((resolve) => stranger.once('error', (...error) => resolve(error)));
  expect(refused.message).toContain('403');
});
