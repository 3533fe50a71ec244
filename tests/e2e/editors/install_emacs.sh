#!/usr/bin/env bash
# Installs Emacs with Eglot from Debian's packages, where they are missing. Emacs 29 and later have Eglot of their own.
# Exit codes: 0 both are there, 1 they are not; the last line on standard error says why.
set -euo pipefail

has_eglot() { emacs --batch --funcall package-initialize --eval "(require 'eglot)" >/dev/null 2>&1; }
root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
install() {
  DEBIAN_FRONTEND=noninteractive root apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@" >/dev/null
}

exec 9>"${TMPDIR:-/tmp}/.glossator-emacs-$(id -u).lock"
flock 9 # two test runs at once: the second waits and finds everything there
if command -v emacs >/dev/null && has_eglot; then
  exit 0
fi
command -v apt-get >/dev/null || { echo "Emacs with Eglot is missing; install Emacs 29 or later" >&2; exit 1; }
root apt-get -qq update
command -v emacs >/dev/null || install emacs-nox
has_eglot || install elpa-eglot
has_eglot || { echo "Eglot is missing although its package is installed" >&2; exit 1; }
echo "editors: $(emacs --version | head -n 1) installed (${SECONDS}s)" >&2
