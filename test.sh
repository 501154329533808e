#!/usr/bin/env bash
# The one command that passes the tests on a fresh Debian 12: installs packages, builds with sanitizers, runs ctest.
#   ./test.sh                 everything but what is labelled slow
#   ./test.sh -L unit         one label: unit, integration, interop, fuzz, lint, slow
#   ./test.sh -R NAME ...     any other option of ctest
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

case "${1:-}" in
-h | --help)
    sed -n '2,5s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac

cmake/setup.sh --test
cmake --preset dev
cmake --build --preset dev

narrow=(-LE slow)
for option in "$@"; do
    case "$option" in -L | -L* | --label-regex* | -R | -R*) narrow=() ;; esac
done
exec ctest --test-dir build/dev --output-on-failure --parallel "$(nproc)" "${narrow[@]}" "$@"
