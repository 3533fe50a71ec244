#!/bin/sh
# Build the llama-server that Glossator is compared with, natively and from the same sources as the installed
# llama-cpp-python: those in its own source distribution. Takes 5 to 10 minutes; needs cmake, a C++ compiler and 2 GB.
#
#   sh bench/build_server.sh [JOBS]
#
# Flags: Release, GGML_NATIVE=ON (all that this CPU can do), OpenMP as cmake finds it, static libraries, no TLS.
# The program goes into the user's cache folder, where `python -m bench.engine` looks for it.
set -eu
cd "$(dirname "$0")/.."

python() { uv run --no-sync python "$@"; }
version=$(python -c 'from importlib import metadata; print(metadata.version("llama-cpp-python"))')
target=$(python -c 'from bench.machine import default_server; print(default_server())')
jobs=${1:-$(python -c 'import os; print(os.cpu_count() or 1)')}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python -m pip download --quiet --no-binary llama-cpp-python --no-deps --dest "$work" "llama-cpp-python==$version"
tar -xzf "$work"/llama_cpp_python-*.tar.gz -C "$work"
source=$(echo "$work"/llama_cpp_python-*/vendor/llama.cpp)

cmake -S "$source" -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DBUILD_SHARED_LIBS=OFF \
  -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF
cmake --build "$work/build" --target llama-server --parallel "$jobs"

mkdir -p "$(dirname "$target")"
cp "$work/build/bin/llama-server" "$target.new"
mv "$target.new" "$target"
"$target" --version
echo "built: $target"
