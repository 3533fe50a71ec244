#!/usr/bin/env bash
# Makes all pictures of this folder anew: the real program with the real model (qwen2.5-coder-1.5b), in the real VS Code and
# in a terminal. The first run asks the model everything (minutes); later ones find its answers remembered.
# usage: bash docs/pictures/make.sh [WORD]     (WORD: only hover, panel, preview, walkthrough or shell)
# Needs what the editor tests need (tests/e2e/editors/install.sh gets it) and tmux.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
command -v tmux >/dev/null || { echo "make.sh: tmux is missing; install it" >&2; exit 1; }
bash tests/e2e/editors/install.sh
uv run pytest -n0 -q tests/e2e/editors/pictures.py -k "${1:-test}"
ls -l docs/pictures
