#!/bin/sh
# make_archive.sh OUT.a SYMBOLS CLIENT.a OTHER.a...: one archive with all code inside and only the public symbols global.
# LD, OBJCOPY and AR name the binary utilities of the target machine.
set -eu
out=$1
symbols=$2
client=$3
shift 3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n '/global:/,/local:/{s/^ *\(msgin5g_[a-z_*]*\);$/\1/p}' "$symbols" >"$work/global"
"${LD:-ld}" -r -o "$work/all.o" --whole-archive "$client" --no-whole-archive --start-group "$@" --end-group
"${OBJCOPY:-objcopy}" --wildcard --keep-global-symbols="$work/global" "$work/all.o" "$work/msgin5g.o"
rm -f "$out"
mkdir -p "$(dirname "$out")"
"${AR:-ar}" rcs "$out" "$work/msgin5g.o"
