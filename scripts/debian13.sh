#!/usr/bin/env bash
# debian13.sh - runs a command in a Debian 13 root with this checkout in it, as a Pi would (needs root, Linux).
#
#   scripts/debian13.sh COMMAND [ARGUMENT...]     for example: scripts/debian13.sh scripts/build.sh test
#
# The root has Debian's own compiler (swiftlang, Swift 6.0.3), libgpiod 2.2 and the rest from apt. It is made once, by
# debootstrap, from the mirror that this machine's apt uses, and kept in
# ${XDG_CACHE_HOME:-~/.cache}/gtach/debian-13-ARCHITECTURE-HASH, where HASH is that of its list of packages: 450 MB to
# download, 2.7 GB on disk. It is made beside its final name and renamed when complete; a lock lets one process do it.
#
# COMMAND runs in namespaces of its own (mounts, processes, network). The root and the checkout are read-only in
# them; it can write to .build/debian-13 of the checkout (/build there, GTACH_SCRATCH_PATH) and to a fresh /tmp, /run
# and /root; its network is a loopback. When it ends, nothing of it runs or stays mounted. Exit status: COMMAND's.
set -eu
. "$(dirname "$0")/lib.sh"

[ $# -gt 0 ] || die "usage: debian13.sh COMMAND [ARGUMENT...]"
[ "$(uname -s)" = Linux ] || die "needs Linux"
[ "$(id -u)" = 0 ] || die "needs root, to mount and to enter a root of its own"
have debootstrap || die "needs debootstrap: run scripts/install-dependencies.sh test"

# iproute2 brings the loopback up; python3 is there for the hooks and self-tests of packages.
read -ra wanted <<<"$(packages compiler) $(packages build) iproute2 python3-minimal"
root=$cache/debian-13-$(dpkg --print-architecture)-$(printf '%s\n' "${wanted[@]}" | sha256sum | cut -c1-12)

# This machine's Debian mirror, where it runs Debian.
mirror() {
  local id codename uri=''
  # shellcheck source=/dev/null
  read -r id codename <<<"$(. /etc/os-release && echo "$ID ${VERSION_CODENAME:-}")"
  if [ "$id" = debian ]; then
    # shellcheck disable=SC2016
    uri=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
      awk -v release="$codename" '$2 == release && $3 == "main" && $1 ~ /^https?:/ { print $1; exit }')
  fi
  echo "${uri:-http://deb.debian.org/debian}"
}

# Arguments: the new root's directory, the mirror, packages. What it mounts is gone with its namespace.
# shellcheck disable=SC2016
make_root='
  new=$1 mirror=$2; shift 2
  debootstrap --variant=minbase trixie "$new" "$mirror" >&2
  mount -t proc proc "$new/proc"
  printf "#!/bin/sh\nexit 101\n" >"$new/usr/sbin/policy-rc.d"
  chmod 755 "$new/usr/sbin/policy-rc.d"
  chroot "$new" env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "$@" >&2
  chroot "$new" apt-get clean
  mkdir "$new/src" "$new/build"
'
# Arguments: the root, the checkout, the scratch directory, the command.
# shellcheck disable=SC2016
enter_root='
  root=$1 source=$2 scratch=$3; shift 3
  mount --bind "$root" "$root"
  mount -o remount,bind,ro "$root"
  mount --bind "$source" "$root/src"
  mount -o remount,bind,ro "$root/src"
  mount --bind "$scratch" "$root/build"
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  for directory in tmp run root; do mount -t tmpfs -o mode=1777 tmpfs "$root/$directory"; done
  cd "$root"
  exec chroot . /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 CI="${CI:-}" \
    GTACH_SCRATCH_PATH=/build /bin/sh -c "ip link set lo up && cd /src && exec \"\$@\"" sh "$@"
'

mkdir -p "$cache" .build/debian-13
(
  flock 9
  if [ ! -d "$root" ]; then
    note "making a Debian 13 root in $root (450 MB to download, once)"
    rm -rf --one-file-system "$root.new"
    mkdir "$root.new"
    unshare --mount --propagation private --pid --fork --kill-child -- \
      bash -euc "$make_root" make "$root.new" "$(mirror)" "${wanted[@]}" || die "could not make the Debian 13 root"
    mv "$root.new" "$root"
  fi
) 9>"$root.lock"
exec unshare --mount --propagation private --net --pid --fork --kill-child -- \
  bash -euc "$enter_root" enter "$root" "$PWD" "$PWD/.build/debian-13" "$@"
