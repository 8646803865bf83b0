#!/bin/sh
# Puts what the server needs to run into a new folder under /opt/pushlab, and makes /opt/pushlab/current lead to it.
# Run from the project's folder, after `npm ci` and `npm run build`: sudo sh content/deploy/install.sh
# The folders of earlier versions stay, and /opt/pushlab/previous leads to the one before, for the way back:
# sudo ln -sfn "$(readlink /opt/pushlab/previous)" /opt/pushlab/current
set -eu

# Its pages are the last thing that a build writes.
[ -e dist/csp.json ] || { echo "install: no built site in $PWD; run this from the project's folder, after npm run build" >&2; exit 1; }

PATH="$PWD/node_modules/.bin:$PATH"
version=$(node -p "require('./package.json').version")
release="/opt/pushlab/$version-$(date -u +%Y%m%dT%H%M%S)"
umask 022
mkdir -p "$release/content"
# Nothing else: no .git, no data, no tests, no tools.
cp -R package.json package-lock.json demo-server dist node_modules "$release"
cp -R content/proxy "$release/content"
cd "$release"
# What made the pages is not needed to serve them. (The brackets because npm takes a dot for a step into an object.)
npm pkg delete dependencies.astro dependencies.@astrojs/starlight 'dependencies[chart.js]'
npm prune --omit=dev --no-audit --no-fund --loglevel=error
chown -R root:root "$release"
if [ -L /opt/pushlab/current ]; then ln -sfn "$(readlink /opt/pushlab/current)" /opt/pushlab/previous; fi
# In one step: a server that starts meanwhile finds the old folder or the new one, never half of either.
ln -s "$release" /opt/pushlab/next
mv -T /opt/pushlab/next /opt/pushlab/current
echo "installed $release"
