#!/usr/bin/env bash
# Builds the release programs and measures them: one table on standard output. Options are those of run.py (--help).
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${MSGIN5G_BUILD_DIR:-$root/build/release}
{
    "$root/cmake/setup.sh"
    cd "$root"
    cmake --preset release -B "$build"
    cmake --build "$build" -j"$(nproc)"
} >&2
MSGIN5G_BUILD_DIR=$build exec /usr/bin/python3 "$root/tests/bench/run.py" "$@"
