#!/usr/bin/env bash
# Checks this folder where no container engine runs: builds every image with buildah in a chroot, from a Debian base
# that is made here with debootstrap, then runs the programs from the images without rights and on a read-only root.
#
#   docker/check.sh             everything
#   docker/check.sh base        only the Debian base
#   docker/check.sh build       base and images
#   docker/check.sh images      each program alone, from the images that are built
#   docker/check.sh lab         the lab of compose.yaml with them
#
# Needs root, and Debian packages from this machine's own mirror. Everything it makes lies in build/docker (or
# $MSGIN5G_DOCKER_DIR). Exit codes: 0 all good, 1 not, 77 cannot be checked on this machine (it says why).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
work=${MSGIN5G_DOCKER_DIR:-$root/build/docker}
base=localhost/msgin5g-base:12
programs=(akma-aanf msgin5g-server msgin5g-client)

say() { printf 'check: %s\n' "$*"; }
die() {
    printf 'check: FAILED: %s\n' "$*" >&2
    exit 1
}
impossible() {
    printf 'check: cannot be checked here: %s\n' "$*" >&2
    exit 77
}

# ---- what this machine needs -----------------------------------------------------------------------------------------

install_tools() {
    local missing=()
    command -v buildah >/dev/null || missing+=(buildah)
    command -v debootstrap >/dev/null || missing+=(debootstrap)
    command -v ip >/dev/null || missing+=(iproute2)
    /usr/bin/python3 -c 'import yaml' 2>/dev/null || missing+=(python3-yaml)
    if [ ${#missing[@]} -eq 0 ]; then return; fi
    say "installing ${missing[*]}"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        "${missing[@]}"; } >"$work/tools.log" 2>&1 ||
        impossible "${missing[*]} could not be installed; see $work/tools.log"
}

# Go on in a mount namespace of our own: whatever buildah mounts is gone when this ends, however it ends.
own_mounts() {
    if [ "${MSGIN5G_CHECK_MOUNTS:-}" = own ]; then return; fi
    unshare --mount --propagation private true 2>/dev/null || impossible "this machine allows no mount namespace"
    MSGIN5G_CHECK_MOUNTS=own exec unshare --mount --propagation private -- "${BASH_SOURCE[0]}" "$@"
}

# A store of our own, so that nothing else on this machine sees these images, with the first driver that works.
driver=
choose_driver() {
    for driver in overlay vfs; do
        if store from --name "try-$driver" scratch >"$work/driver.log" 2>&1 &&
            store mount "try-$driver" >>"$work/driver.log" 2>&1; then
            store rm "try-$driver" >/dev/null
            return
        fi
    done
    impossible "neither the overlay nor the vfs store works; see $work/driver.log"
}

store() { buildah --root "$work/store-$driver" --runroot "$work/runroot-$driver" --storage-driver "$driver" "$@"; }

# ---- the base: what debian:12 is, from this machine's mirror ---------------------------------------------------------

# One line an archive of bookworm: URI and suite, as this machine has them.
debian_archives() {
    # shellcheck disable=SC2016 # the variables are apt's
    apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 'Component: main' |
        awk '$2 ~ /^(bookworm|stable|oldstable)/ && !seen[$0]++'
}

make_base() {
    local tree=$work/base mirror
    if store inspect --type image "$base" >/dev/null 2>&1; then return; fi
    mirror=$(debian_archives | awk '$2 !~ /-/ { print $1; exit }')
    [ -n "$mirror" ] || impossible "the apt sources of this machine name no mirror of Debian 12 (bookworm)"
    say "making the base from this machine's mirror of bookworm"
    rm -rf -- "$tree"
    debootstrap --variant=minbase bookworm "$tree" "$mirror" >"$work/base.log" 2>&1 ||
        die "debootstrap failed; see $work/base.log"
    debian_archives | sed 's/^/deb /; s/$/ main/' >"$tree/etc/apt/sources.list"
    # How this machine reaches its mirror is the machine's business: a proxy, a clock that is off.
    apt-config dump | grep '^Acquire::' >"$tree/etc/apt/apt.conf.d/90machine" || true
    rm -rf -- "$tree"/var/cache/apt/archives/*.deb "$tree"/var/lib/apt/lists/*
    commit_base "$tree"
    rm -rf -- "$tree"
}

commit_base() {
    local container
    container=$(store from scratch)
    store add -q "$container" "$1" / >/dev/null
    store config --cmd bash "$container"
    store commit -q --rm "$container" "$base" >/dev/null
}

# ---- images ----------------------------------------------------------------------------------------------------------

build_stage() { sed -n '/^# ---- build/,/^# ---- end of build/p' "$here/$1.Dockerfile"; }

check_build_stages() {
    local program first
    first=$(build_stage "${programs[0]}")
    [ -n "$first" ] || die "${programs[0]}.Dockerfile has no build stage"
    for program in "${programs[@]}"; do
        [ "$(build_stage "$program")" = "$first" ] ||
            die "the build stage of $program.Dockerfile differs from the others: their layers are not shared"
    done
}

build_image() {
    say "building msgin5g/$1"
    store bud --isolation chroot --format docker --layers --force-rm --build-arg BASE="$base" -f "$here/$1.Dockerfile" \
        -t "msgin5g/$1" "$root" >"$work/$1.log" 2>&1 ||
        { tail -n 30 "$work/$1.log" >&2 && die "msgin5g/$1 does not build; see $work/$1.log"; }
}

build_images() {
    local name
    check_build_stages
    for name in "${programs[@]}" lab-files; do build_image "$name"; done
}

# ---- running them ----------------------------------------------------------------------------------------------------

# Mounts image $1 as the container "check-$2", with its configuration beside it: the folder and the file are printed.
mount_image() {
    store rm "check-$2" >/dev/null 2>&1 || true
    store from --pull-never --name "check-$2" "msgin5g/$1" >/dev/null
    store inspect --type image "msgin5g/$1" | /usr/bin/python3 -c '
import json, sys
print(json.dumps(json.load(sys.stdin)["Docker"]["config"]))' >"$work/check-$2.json"
    store mount "check-$2"
}

unmount_images() {
    local service
    for service in "$@"; do
        store umount "check-$service" >/dev/null 2>&1 || true
        store rm "check-$service" >/dev/null 2>&1 || true
    done
}

# The program alone, as a numeric user on a read-only root, through a shell that the image does not have.
check_image() {
    local program=$1 tree user version
    tree=$(mount_image "$program" "$program")
    user=$(/usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["User"])' <"$work/check-$program.json")
    [[ $user =~ ^[1-9][0-9]*:[1-9][0-9]*$ ]] || die "msgin5g/$program runs as '$user', not as a number other than 0"
    if find "$tree" \( -name sh -o -name bash -o -name busybox -o -name apt -o -name dpkg \) -type f | grep -q .; then
        die "msgin5g/$program holds a shell or a package manager"
    fi
    if find "$tree" -perm /6000 -type f | grep -q .; then die "msgin5g/$program holds set-user-ID programs"; fi
    # shellcheck disable=SC2016 # the positions are for the inner shell
    version=$(unshare --mount -- bash -c 'mount --rbind "$1" "$1" && mount -o remount,bind,ro "$1" &&
        cd "$1" && exec setpriv --no-new-privs chroot --userspec="$2" --groups= . "/usr/local/bin/$3" --version' \
        -- "$tree" "$user" "$program") || die "msgin5g/$program: --version failed"
    say "msgin5g/$program: $version, user $user, $(find "$tree" -type f | wc -l) files," \
        "$(du -sm --apparent-size "$tree" | cut -f1) MB"
    unmount_images "$program"
}

# The image of a service of compose.yaml.
image_of() {
    case $1 in
    ue[0-9]*) echo msgin5g-client ;;
    *) echo "$1" ;;
    esac
}

# compose.yaml with the images, in a network of its own and in a process namespace that takes every process along.
check_lab() {
    local service images=() services=(lab-files akma-aanf msgin5g-server ue2 ue1) good=0
    unshare --net true 2>/dev/null || impossible "this machine allows no network namespace"
    for service in "${services[@]}"; do
        images+=("$service=$(mount_image "$(image_of "$service")" "$service"):$work/check-$service.json")
    done
    rm -rf -- "$work/play"
    mkdir -p "$work/play"
    unshare --net --pid --fork --kill-child --mount-proc -- \
        /usr/bin/python3 -B "$here/play_compose.py" "$here/compose.yaml" "$work/play" "${images[@]}" || good=$?
    unmount_images "${services[@]}"
    if [ "$good" -ne 0 ]; then die "the lab of compose.yaml does not work"; fi
}

check_images() {
    local program
    for program in "${programs[@]}"; do check_image "$program"; done
}

main() {
    case ${1:-all} in
    base | build | images | lab | all) ;;
    *)
        echo "usage: docker/check.sh [base|build|images|lab]" >&2
        exit 2
        ;;
    esac
    [ "$(id -u)" -eq 0 ] || impossible "building images in a chroot needs root"
    own_mounts "$@"
    mkdir -p "$work"
    exec 9>"$work/lock"
    flock 9
    rm -rf -- "$work"/runroot-* # it says what was mounted, and nothing is
    install_tools
    choose_driver
    case ${1:-all} in
    base) make_base ;;
    build)
        make_base
        build_images
        ;;
    images) check_images ;;
    lab) check_lab ;;
    all)
        make_base
        build_images
        check_images
        check_lab
        ;;
    esac
    say "all good"
    exit 0
}

main "$@"
