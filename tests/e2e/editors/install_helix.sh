#!/usr/bin/env bash
# Makes Helix runnable without installing it: a package of Debian's next release, unpacked into the user's cache, with the
# C library of that release. Nothing of this machine's own packages is changed, and root is not needed.
# usage: install_helix.sh          prints the program; where there is a Helix on the PATH, that one
# Exit codes: 0 there it is, 1 it cannot be had; the last line on standard error says why.
set -euo pipefail
cache=${GLOSSATOR_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/glossator-tests}
no() { echo "Helix cannot be had: $*" >&2; exit 1; }

if command -v hx; then
  exit 0
fi
[ -r /etc/os-release ] || no "it is installed on Debian only"
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
case $codename in
  bookworm) next=trixie ;;
  *) no "it is taken for Debian 12 only; install the package hx (this is ${codename:-another system})" ;;
esac
place=$cache/helix-$next
mkdir -p "$place"
exec 9>"$place/.lock"
flock 9 # two test runs at once: the second waits and finds it there
if [ ! -x "$place/hx" ]; then
  # The mirror is the one that this machine has its own release from; only the release differs.
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $codename" 'Component: main' | head -n 1)
  [ -n "$mirror" ] || no "apt knows no mirror of $codename"
  work=$place/apt
  rm -rf "$work" "$place/root"
  mkdir -p "$work/lists/partial" "$work/archives/partial" "$place/root"
  : >"$work/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $next main" >"$work/next.list"
  apt() {
    apt-get -qq -o Dir::State="$work" -o Dir::State::status="$work/status" -o Dir::Cache="$work" \
      -o Dir::Etc::sourcelist="$work/next.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
      -o APT::Update::Post-Invoke-Success= -o APT::Sandbox::User="$(id -un)" \
      -o Acquire::Languages=none -o Acquire::Retries=1 -o Acquire::http::Timeout=20 "$@" >&2
  }
  apt update || no "the package lists of Debian $next cannot be fetched"
  (cd "$work" && apt download hx libc6 libgcc-s1) || no "its packages cannot be fetched from Debian $next"
  for package in "$work"/*.deb; do
    dpkg-deb -x "$package" "$place/root"
  done
  loader=$(find "$place/root/usr/lib" -name 'ld-linux*.so.*' -path '*linux-gnu*' | head -n 1)
  # The runtime is looked for beside the program, and the program that the system sees is the loader.
  cat >"$place/hx.new" <<EOF
#!/bin/sh
export HELIX_RUNTIME="$place/root/usr/lib/hx/runtime"
exec "$loader" --library-path "$(dirname "$loader")" "$place/root/usr/lib/hx/hx" "\$@"
EOF
  chmod +x "$place/hx.new"
  "$place/hx.new" --version >&2 || no "the program of Debian $next does not run on this machine"
  rm -rf "$work"
  mv "$place/hx.new" "$place/hx"
  echo "editors: Helix in $place (${SECONDS}s)" >&2
fi
echo "$place/hx"
