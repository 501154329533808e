#!/usr/bin/env bash
# Runs in the build stage: for each program a tree with that program, the shared libraries it loads, and nothing else.
#
#   collect_runtime.sh STAGING OUT PROGRAM...
#
# STAGING is where `cmake --install` put the tree (DESTDIR). OUT/PROGRAM becomes the root of the image; OUT/state holds
# the folder that the program's user owns. For each library go along its package's record, so that scanners of images
# know what is in there, and its licence.
set -euo pipefail

staging=$1 out=$2
shift 2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
user=65532

# libraries BINARY: the files the loader maps, itself included
libraries() {
    ldd "$1" | awk '$2 == "=>" && $3 == "not" { print "missing library " $1 > "/dev/stderr"; exit 1 }
                    $2 == "=>" { print $3 }
                    $2 != "=>" && $1 ~ /^\// { print $1 }'
}

# package_of FILE: dpkg knows a file by its name before or after /lib became a link to /usr/lib
package_of() {
    { dpkg-query --search "$1" || dpkg-query --search "/usr$1"; } 2>/dev/null | head -n 1 | cut -d: -f1
}

add_library() {
    local tree=$1 file=$2 package
    package=$(package_of "$file")
    install -D -m 755 "$(realpath "$file")" "$tree$file"
    mkdir -p "$tree/var/lib/dpkg/status.d"
    dpkg-query --status "$package" >"$tree/var/lib/dpkg/status.d/$package"
    install -D -m 644 "/usr/share/doc/$package/copyright" "$tree/usr/share/doc/$package/copyright"
}

mkdir -p "$out"
cc -std=gnu11 -O2 -Wall -Wextra -Werror -fPIE -pie -s -o "$out/http_probe" "$here/http_probe.c"

for program in "$@"; do
    tree=$out/$program
    install -D -m 755 "$staging/usr/local/bin/$program" "$tree/usr/local/bin/$program"
    install -m 755 "$out/http_probe" "$tree/usr/local/bin/http_probe"
    while read -r file; do
        add_library "$tree" "$file"
    done < <(libraries "$tree/usr/local/bin/$program")
    install -d "$tree/etc/msgin5g"
    install -D -m 644 "$here/../LICENSE" "$tree/usr/share/doc/msgin5g/LICENSE"
    # wolfSSL is inside of the program.
    install -D -m 644 /usr/share/common-licenses/GPL-3 "$tree/usr/share/common-licenses/GPL-3"
    echo "msgin5g:x:$user:$user:MSGin5G:/var/lib/msgin5g:/nonexistent" >"$tree/etc/passwd"
    echo "msgin5g:x:$user:" >"$tree/etc/group"
done
install -d "$out/state"
install -d -m 700 -o "$user" -g "$user" "$out/state/msgin5g" "$out/state/msgin5g-server"
