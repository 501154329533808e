#!/usr/bin/env bash
# Everything a fresh Debian 12 needs before cmake can configure this tree; lab.sh and test.sh call it.
#
#   cmake/setup.sh            build wolfSSL and libcoap (fetching them first), install no package
#   cmake/setup.sh --lab      the same, after installing the packages that building and the lab need
#   cmake/setup.sh --test     the same, plus the packages that the tests need
#
# wolfSSL and libcoap come as Debian *source tarballs* from the mirror this machine already uses, checked against the
# sums below. They go, as static libraries, to build/deps (or $MSGIN5G_DEPS_DIR):
#   prefix/            wolfSSL, and libcoap with the patches of cmake/patches/libcoap
#   prefix-unpatched/  the same wolfSSL, and libcoap with Debian's security patches only: the client library has to
#                      work with it too
# What is already there is left alone; a second run takes a fraction of a second.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
deps=${MSGIN5G_DEPS_DIR:-$root/build/deps}
jobs=${MSGIN5G_JOBS:-$(nproc)}
# What is built here is the same whatever compiler the caller uses for the tree itself.
unset CC CXX CFLAGS CPPFLAGS LDFLAGS

# ---- what is fetched: source package, suite, file, SHA-256 -----------------------------------------------------------

wolfssl_pin=(wolfssl sid wolfssl_5.9.2.orig.tar.gz
    2f4ef3d4fd387a9b3191d36a6316d69116c46ff69bb9583b6c82b36d7b8ca114)
libcoap_pin=(libcoap3 sid libcoap3_4.3.5.orig.tar.bz2
    a332b682ceacef4c3130b2fb17851db02020c3f64b8a562c1ffd8d9b8a9320d4)
libcoap_cve_pin=(libcoap3 trixie libcoap3_4.3.4-1.1+deb13u3.debian.tar.xz
    4c225353780fe616013c67bd65307c08aa0d423111520cbad1f89596b32ba471)
# Last resort when neither 5.9.2 nor anything newer is to be had; built without DTLS 1.3 (known heap overflows).
wolfssl_old_pin=(wolfssl trixie wolfssl_5.7.2.orig.tar.gz
    0f2ed82e345b833242705bbc4b08a2a2037a33f7bf9c610efae6464f6b10e305)

# ---- packages --------------------------------------------------------------------------------------------------------

lab_packages=(
    # compiler and build tools
    build-essential pkg-config autoconf automake libtool cmake ninja-build
    # fetching and unpacking the two source tarballs
    ca-certificates bzip2 xz-utils patch
    # libraries we link: HTTP/2, JSON, secrets, configuration, HTTP/1.1, hash tables, the store
    libnghttp2-dev libcjson-dev libsodium-dev libyaml-dev libcbor-dev libhttp-parser-dev uthash-dev libsqlite3-dev
    # what the lab script itself runs: certificates, HTTP requests, glue
    openssl curl python3
)

test_packages=(
    # unit tests
    libcmocka-dev
    # second compiler, sanitizer and fuzzing run time, the checks on code shape
    clang-14 clang-tidy-14 clang-format-14 libclang-rt-14-dev shellcheck
    # integration tests
    python3-pytest python3-cbor2 python3-jsonschema python3-yaml python3-cryptography
    # the store as an operator sees it; when it syncs
    sqlite3 strace
    # foreign peers: CoAP over OpenSSL and GnuTLS, TLS, HTTP/2; a look at the wire
    libcoap3-bin gnutls-bin groff-base nghttp2-client nghttp2-server tshark
    # docs/testing-your-af.md, whose commands are run
    jq iproute2
)

# ---- how the two are built -------------------------------------------------------------------------------------------

# Both are hardened alike.
hardening="-O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2"

wolfssl_flags=(
    --disable-shared --enable-static --with-pic --disable-examples --disable-crypttests
    # libcoap's wolfSSL backend is written against the OpenSSL names
    --enable-opensslextra --enable-opensslall
    --enable-psk --enable-dtls --enable-dtls-mtu --enable-aesccm --enable-alpn --enable-sni
    --enable-curve25519 --enable-ed25519 --enable-hkdf --enable-keying-material
    --enable-ocsp --enable-crl --enable-certgen --enable-certext
    --disable-oldtls
)
# What the fallback version cannot (ML-KEM) or must not (DTLS 1.3) be told.
wolfssl_new_flags=(--disable-mlkem --enable-dtls13 --enable-dtls-frag-ch)
# With AES-NI the tables of GCM are never read; they are 512 octets a key.
wolfssl_x86_64_flags=(--enable-intelasm --enable-sp --enable-sp-asm --enable-aesgcm=small)
# Connection ID stays off: wolfSSL would accept it from any peer. Never --enable-keylog-export: it prints all secrets.
# Tickets are not used, and without certificates in them a session is 2 KB smaller; the longest PSK identity that wolfSSL
# takes would shrink with the ticket, so it is set.
wolfssl_cflags="$hardening -DWOLFSSL_STATIC_PSK -DBUILD_TLS_PSK_WITH_AES_128_CCM -DHAVE_RPK -DHAVE_EX_DATA \
-DHAVE_SECRET_CALLBACK -DNO_CERT_IN_TICKET -DMAX_PSK_ID_LEN=1024"

libcoap_flags=(
    -DCMAKE_BUILD_TYPE=RelWithDebInfo -DBUILD_SHARED_LIBS=OFF -DCMAKE_POSITION_INDEPENDENT_CODE=ON
    -DDTLS_BACKEND=wolfssl -DENABLE_TCP=ON -DENABLE_OSCORE=ON -DENABLE_Q_BLOCK=ON -DWITH_EPOLL=ON
    # one context a thread (design: shards), so no library-wide lock
    -DENABLE_THREAD_SAFE=OFF
    -DENABLE_WS=OFF -DENABLE_AF_UNIX=OFF -DENABLE_PROXY_CODE=OFF
    -DENABLE_TESTS=OFF -DENABLE_EXAMPLES=OFF -DENABLE_DOCS=OFF
    # else every datagram asks for the time, and every 30 s the loop waits for a list of all network interfaces
    -DHAVE_IFADDRS_H=
    -DCMAKE_C_STANDARD_LIBRARIES=-lm
)
# Client side only: without it libcoap offers TLS 1.3 with no TLS 1.3 suite, and TLS fails.
libcoap_psk_ciphers="TLS13-AES128-GCM-SHA256:ECDHE-PSK-AES128-GCM-SHA256:ECDHE-PSK-CHACHA20-POLY1305"
# 1152 leaves no room for a block of 1024 octets and its options; 1232 is what IPv6 carries everywhere.
libcoap_cflags="$hardening -DCOAP_DEFAULT_MTU=1232 -DCOAP_WOLFSSL_PSK_CIPHERS='\"$libcoap_psk_ciphers\"'"

# ---- small helpers ---------------------------------------------------------------------------------------------------

say() { printf 'setup: %s\n' "$*"; }
warn() { printf 'setup: warning: %s\n' "$*" >&2; }
die() {
    printf 'setup: error: %s\n' "$1" >&2
    shift
    if [ $# -gt 0 ]; then printf 'setup:        %s\n' "$@" >&2; fi
    exit 1
}

sha256_of() { sha256sum -- "$1" | cut -d' ' -f1; }

# Run a noisy step with its output in a log, shown only when the step fails.
logged() {
    local log=$1
    shift
    if ! "$@" >>"$log" 2>&1; then
        tail -n 40 "$log" >&2
        die "this step failed: $*" "the whole log is in $log"
    fi
}

# ---- packages --------------------------------------------------------------------------------------------------------

missing_packages() {
    dpkg-query --show --showformat '${Package} ${db:Status-Abbrev}\n' -- "$@" 2>/dev/null |
        awk 'BEGIN { for (i = 1; i < ARGC; i++) want[ARGV[i]]; ARGC = 1 }
             $2 == "ii" { delete want[$1] }
             END { for (name in want) print name }' "$@"
}

install_packages() {
    local missing as_root=()
    mapfile -t missing < <(missing_packages "$@" | sort)
    if [ ${#missing[@]} -eq 0 ]; then return; fi
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            die "these packages are missing, and installing them needs root or sudo: ${missing[*]}" \
                "as root: apt-get install --no-install-recommends ${missing[*]}"
        fi
        as_root=(sudo)
    fi
    say "installing ${#missing[@]} packages: ${missing[*]}"
    "${as_root[@]}" apt-get update -qq || warn "apt-get update failed; trying with the package lists at hand"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}" >/dev/null ||
        die "apt-get could not install: ${missing[*]}" \
            "the sources of this machine must offer Debian 12 (bookworm), section main"
}

# ---- source tarballs through apt, with a private source list ---------------------------------------------------------

# Where this machine gets Debian from: its entries for bookworm, whichever file they stand in.
debian_mirrors() {
    local release
    for release in bookworm stable oldstable; do
        # shellcheck disable=SC2016 # $(REPO_URI) is for apt
        apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Release: $release" 'Component: main'
    done | awk '!seen[$0]++'
}

private_apt() {
    local tool=$1
    shift
    "$tool" -qq -o Dir::Etc::sourcelist="$apt_dir/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State::lists="$apt_dir/lists" -o Dir::Cache="$apt_dir/cache" \
        -o APT::Sandbox::User="$(id -un)" "$@"
}

# Signed lists of what the suites sid and trixie hold, from the first mirror that answers; done once a run.
apt_dir=
prepare_apt() {
    local mirror signed_by="" keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    if [ -n "$apt_dir" ]; then return; fi
    command -v apt-get >/dev/null || die "apt-get is not here: the sources are fetched through Debian's apt"
    apt_dir=$deps/apt
    rm -rf -- "$apt_dir"
    mkdir -p "$apt_dir/lists/partial" "$apt_dir/cache/archives/partial"
    if [ -r "$keyring" ]; then signed_by="[signed-by=$keyring] "; fi
    while read -r mirror; do
        printf "deb-src $signed_by%s %s main\n" "$mirror" trixie "$mirror" sid >"$apt_dir/sources.list"
        say "reading the source lists of sid and trixie from $mirror"
        if private_apt apt-get update; then return; fi
        warn "$mirror did not serve them"
    done < <(debian_mirrors)
    die "no mirror served Debian's source lists" \
        "this machine's apt sources must name a Debian mirror for bookworm that carries sid and trixie too" \
        "without a network, put these files into $deps/download by hand:" \
        "${wolfssl_pin[2]} ${libcoap_pin[2]} ${libcoap_cve_pin[2]}"
}

# The version of source package $1 whose signed index entry holds the SHA-256 $2 (a new Debian revision keeps the
# tarball and changes only the version).
version_with_sum() {
    private_apt apt-cache showsrc --only-source "$1" |
        awk -v sum="$2" '$1 == "Version:" { version = $2 } $1 == sum { print version; exit }'
}

newest_version() {
    private_apt apt-cache showsrc --only-source "$1" | awk '$1 == "Version:" { print $2 }' | sort -V | tail -n 1
}

# Fetch one kind (tar or diff: Debian's own part) of a source package into a directory; apt checks the signed sums.
fetch_source() {
    local package=$1 version=$2 kind=$3 directory=$4
    (cd "$directory" && private_apt apt-get source --download-only "--$kind-only" "$package=$version")
}

# obtain PIN...: set $tarball to the pinned file, fetching it if need be; fail if it cannot be had.
tarball=
obtain() {
    local package=$1 suite=$2 file=$3 sum=$4 kind=tar version found
    tarball=$deps/download/$file
    if [ ! -f "$tarball" ]; then
        case $file in *.debian.tar.*) kind="diff" ;; esac
        prepare_apt
        version=$(version_with_sum "$package" "$sum")
        if [ -z "$version" ]; then
            warn "suite $suite no longer holds $file"
            return 1
        fi
        say "fetching $file ($package $version)"
        fetch_source "$package" "$version" "$kind" "$deps/download" || return 1
        if [ ! -f "$tarball" ]; then
            warn "apt fetched $package $version, but no $file"
            return 1
        fi
    fi
    found=$(sha256_of "$tarball")
    if [ "$found" != "$sum" ]; then
        die "$tarball has the wrong SHA-256" "expected $sum" "found    $found" \
            "remove the file and run this again; if that does not help, the mirror serves a changed file: do not use it"
    fi
}

# The pinned version is gone: whatever newer one the suite's signed index holds.
obtain_newer() {
    local package=$1 file=$3 version directory=$deps/download/newer pinned found
    prepare_apt
    version=$(newest_version "$package")
    pinned=${file#*_}
    pinned=${pinned%.orig.*}
    if [ -z "$version" ] || ! dpkg --compare-versions "${version%-*}" gt "$pinned"; then return 1; fi
    rm -rf -- "$directory"
    mkdir -p "$directory"
    fetch_source "$package" "$version" tar "$directory" || return 1
    found=$(find "$directory" -maxdepth 1 -name "${package}_*.orig.tar.*" ! -name '*.asc' -print -quit)
    if [ -z "$found" ]; then return 1; fi
    warn "$file is gone; going on with the newer ${found##*/}, signed by Debian but not tried with this tree"
    tarball=$found
}

unpack() {
    rm -rf -- "$2"
    mkdir -p "$2"
    tar -xf "$1" -C "$2" --strip-components=1
}

patches_of() {
    find "$here/patches/$1" -name '*.patch' 2>/dev/null | sort
}

# apply_patches NAME SOURCE: those of cmake/patches/NAME, in order.
apply_patches() {
    local file
    cd "$2"
    while read -r file; do
        patch -p1 --no-backup-if-mismatch <"$file" || return 1
    done < <(patches_of "$1")
}

# ---- wolfSSL ---------------------------------------------------------------------------------------------------------

# Sets $tarball and the array $wolfssl_versioned_flags.
obtain_wolfssl() {
    wolfssl_versioned_flags=("${wolfssl_new_flags[@]}")
    if obtain "${wolfssl_pin[@]}" || obtain_newer "${wolfssl_pin[@]}"; then return; fi
    warn "falling back to ${wolfssl_old_pin[2]}, WITHOUT DTLS 1.3"
    wolfssl_versioned_flags=()
    obtain "${wolfssl_old_pin[@]}" ||
        die "no usable wolfSSL source: not ${wolfssl_pin[2]}, nothing newer, not ${wolfssl_old_pin[2]}" \
            "put ${wolfssl_pin[2]} into $deps/download by hand, or mend this machine's apt sources"
}

# Installs into both prefixes; each carries its own paths. What was built against an older one goes.
build_wolfssl() {
    local source=$deps/work/wolfssl stage=$deps/work/stage log=$deps/log/wolfssl.log
    local flags=("${wolfssl_flags[@]}")
    obtain_wolfssl
    if [ "$(uname -m)" = x86_64 ]; then flags+=("${wolfssl_x86_64_flags[@]}"); fi
    say "building wolfSSL from ${tarball##*/} (about 40 s; log: $log)"
    : >"$log"
    unpack "$tarball" "$source"
    if [ "${tarball##*/}" = "${wolfssl_pin[2]}" ]; then
        (logged "$log" apply_patches wolfssl "$source")
    else
        warn "the patches of cmake/patches/wolfssl are for ${wolfssl_pin[2]} only: sessions take more memory without them"
    fi
    cd "$source"
    logged "$log" ./autogen.sh
    logged "$log" ./configure --prefix="$deps/prefix" "${flags[@]}" "${wolfssl_versioned_flags[@]}" \
        CFLAGS="$wolfssl_cflags"
    logged "$log" make -j"$jobs"
    rm -rf -- "$stage" "$deps"/stamp/libcoap*
    logged "$log" make install DESTDIR="$stage"
    mkdir -p "$deps/prefix" "$deps/prefix-unpatched"
    cp -a "$stage$deps/prefix/." "$deps/prefix/"
    grep -rlZI -- "$deps/prefix" "$stage" | xargs -0 -r sed -i "s#$deps/prefix#$deps/prefix-unpatched#g"
    cp -a "$stage$deps/prefix/." "$deps/prefix-unpatched/"
    cd "$root"
    rm -rf -- "$source" "$stage"
}

# ---- libcoap ---------------------------------------------------------------------------------------------------------

# Debian's patches for trixie's 4.3.4 that 4.3.5 still lacks. Of the last one only the part for coap_session.c is ours:
# the rest is for the OpenSSL backend.
apply_cve_patches() {
    local source=$1 patches=$2/debian/patches name
    cd "$source"
    for name in CVE-2025-59391 CVE-2025-34468 CVE-2026-29013; do
        patch -p1 --no-backup-if-mismatch <"$patches/$name.patch"
    done
    sed -n '/^--- .*coap_session\.c/,$p' "$patches"/CVE-2025-65501*.patch | patch -p1 --no-backup-if-mismatch
}

# build_libcoap PREFIX [patched]
build_libcoap() {
    local prefix=$1 patched=${2:-} name=${1##*/}
    local source=$deps/work/libcoap-$name log=$deps/log/libcoap-$name.log cve=$deps/work/libcoap-cve
    obtain "${libcoap_cve_pin[@]}" || die "no ${libcoap_cve_pin[2]}: libcoap is not built without its security patches" \
        "put that file into $deps/download by hand"
    unpack "$tarball" "$cve/debian"
    obtain "${libcoap_pin[@]}" || die "no ${libcoap_pin[2]}; the patches fit this version only" \
        "put that file into $deps/download by hand"
    say "building libcoap from ${tarball##*/} into $name (log: $log)"
    : >"$log"
    unpack "$tarball" "$source"
    (logged "$log" apply_cve_patches "$source" "$cve")
    if [ -n "$patched" ]; then (logged "$log" apply_patches libcoap "$source"); fi
    logged "$log" cmake -S "$source" -B "$source/build" -G Ninja "${libcoap_flags[@]}" \
        -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_PREFIX_PATH="$prefix" -DWOLFSSL_ROOT_DIR="$prefix" \
        -DCMAKE_C_FLAGS="$libcoap_cflags"
    logged "$log" cmake --build "$source/build" -j "$jobs"
    logged "$log" cmake --install "$source/build"
    rm -rf -- "$source" "$cve"
}

# ---- build only what changed -----------------------------------------------------------------------------------------

# A key is a hash over everything that goes into a build: pins, flags, patches, the build functions, the compiler.
wolfssl_key() {
    {
        echo "${wolfssl_pin[@]}" "${wolfssl_flags[@]}" "${wolfssl_new_flags[@]}" "${wolfssl_x86_64_flags[@]}"
        echo "$wolfssl_cflags" "$deps" "$(uname -m)"
        cc --version 2>/dev/null | head -n 1
        declare -f build_wolfssl apply_patches
        patches_of wolfssl | xargs -r cat --
    } | sha256sum | cut -d' ' -f1
}

# libcoap_key [patched]
libcoap_key() {
    {
        wolfssl_key
        echo "${libcoap_pin[@]}" "${libcoap_cve_pin[@]}" "${libcoap_flags[@]}" "$libcoap_cflags"
        declare -f build_libcoap apply_cve_patches
        if [ $# -gt 0 ]; then patches_of libcoap | xargs -r cat --; fi
    } | sha256sum | cut -d' ' -f1
}

# step NAME KEY COMMAND...: run the command unless the stamp says that it was done with this very key.
step() {
    local stamp=$deps/stamp/$1 key=$2
    shift 2
    if [ -f "$stamp" ] && [ "$(<"$stamp")" = "$key" ]; then return; fi
    rm -f -- "$stamp"
    "$@"
    printf '%s\n' "$key" >"$stamp"
}

build_all() {
    mkdir -p "$deps"/{download,log,stamp,work}
    exec 9>"$deps/lock"
    flock 9
    step wolfssl "$(wolfssl_key)" build_wolfssl
    step libcoap "$(libcoap_key patched)" build_libcoap "$deps/prefix" patched
    step libcoap-unpatched "$(libcoap_key)" build_libcoap "$deps/prefix-unpatched"
    rm -rf -- "$deps/apt"
}

case ${1:-} in
    --lab) install_packages "${lab_packages[@]}" ;;
    --test) install_packages "${lab_packages[@]}" "${test_packages[@]}" ;;
    "") ;;
    *) die "unknown argument: $1" "usage: cmake/setup.sh [--lab|--test]" ;;
esac
build_all
