#!/usr/bin/env bash
# One check of style; run from the top of the tree. lint.sh format | shell | tree | tidy BUILD_DIR FOLDER
set -euo pipefail

sources() { # every C file of ours below the given folders
    find "$@" -name '*.[ch]' -not -path '*/corpus/*' -print0 | sort -z
}

case "$1" in
format)
    sources common akma seal-adapter msgin5g-server msgin5g-client tests |
        xargs -0 clang-format-14 --dry-run --Werror
    ;;
shell)
    find . -path ./build -prune -o \( -name '*.sh' -o -path './.ci/run' \) -print0 | xargs -0 shellcheck
    ;;
tree) # no machine's path, no unfinished mark, no file beyond 600 lines (tables and tests apart)
    bad=$(grep -rnE "\b(TODO|FIXME|XXX)\b|not implemented" --include='*.[ch]' --include='*.py' --include='*.sh' \
        --include='*.cmake' --include='CMakeLists.txt' --exclude=lint.sh \
        common akma seal-adapter msgin5g-server msgin5g-client tests cmake docker .ci ./*.sh || true)
    long=$(sources common akma seal-adapter msgin5g-server msgin5g-client | xargs -0 wc -l |
        awk '$2 != "total" && $1 > 600 { print $2 ": " $1 " lines, the limit is 600" }')
    printf '%s\n' "$bad" "$long" | sed '/^$/d'
    [ -z "$bad$long" ]
    ;;
tidy)
    build_dir=$2
    folder=$3
    find "$folder" -name '*.c' -not -path '*/corpus/*' | sort >"$build_dir/tidy-$folder.list"
    # Only what this build compiles: examples and programs of other presets have no compile command here.
    while read -r file; do
        if grep -qF "\"$PWD/$file\"" "$build_dir/compile_commands.json"; then printf '%s\0' "$file"; fi
    done <"$build_dir/tidy-$folder.list" |
        xargs -0 -r -n 1 clang-tidy-14 --quiet -p "$build_dir" 2>"$build_dir/tidy-$folder.err" ||
        { grep -vE 'warnings generated|Suppressed|Use -header-filter' "$build_dir/tidy-$folder.err" >&2; exit 1; }
    ;;
*)
    echo "lint.sh: unknown check '$1'; one of: format, shell, tree, tidy" >&2
    exit 2
    ;;
esac
