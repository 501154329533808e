#!/usr/bin/env bash
# The one command that shows the main job on a fresh Debian 12: installs packages, builds, runs the whole lab on loopback.
#   ./lab.sh          every step as one readable line; exit code 0 only if everything went as it should
#   ./lab.sh --json   one JSON object a step
#   ./lab.sh --keep   leave the daemons running and say how to talk to them
#   ./lab.sh --profile dtls1.2|dtls1.3|tls1.2|tls1.3|oscore      of the Ua* profiles this one only; may be repeated
#   ./lab.sh --key-log FILE   the server's secrets for tshark; OSCORE contexts are printed, too
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

case "${1:-}" in
-h | --help)
    sed -n '2,7s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac

log=build/lab-build.log
mkdir -p build
if ! { cmake/setup.sh --lab && cmake --preset release -DMSGIN5G_TESTS=OFF && cmake --build --preset release; } >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    echo "lab.sh: set-up or build failed; the whole log is $log" >&2
    exit 1
fi
MSGIN5G_BUILD_DIR="$PWD/build/release" exec /usr/bin/python3 -B tests/support/lab.py "$@"
