# shellcheck shell=bash
# lib.sh - what the other scripts share; sourced, never run.
#
# After `. "$(dirname "$0")/lib.sh"` the working directory is the checkout's root, and there are
#
#   note TEXT..., die TEXT...      a line on stderr, signed with the script's name; die ends with 1
#   have COMMAND                   whether a command is on PATH
#   as_root COMMAND...             runs it as root: directly, or by sudo where there is one
#   system                         "macos", "debian-12", "debian-13", or another system's name
#   cache                          the directory of everything that is kept between runs
#   scratch NAME [DIR]             makes a new directory, in DIR or where temporary ones are, and prints its path
#   packages PURPOSE               the Debian packages that a purpose needs (install-dependencies.sh)

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# shellcheck disable=SC2034
cache=${XDG_CACHE_HOME:-$HOME/.cache}/gtach

note() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { note "$@"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
scratch() { mktemp -d "${2:-${TMPDIR:-/tmp}}/$1.XXXXXX"; }

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif have sudo; then
    sudo "$@"
  else
    die "needs root to run \"$*\", and there is no sudo: run it as root once, then again"
  fi
}

# Raspberry Pi OS calls itself debian (64 bits) or raspbian (32 bits); both carry Debian's version.
system() {
  case $(uname -s) in
    Darwin) echo macos ;;
    Linux)
      # shellcheck source=/dev/null
      (. /etc/os-release && case $ID in debian | raspbian) echo "debian-$VERSION_ID" ;; *) echo "$ID" ;; esac) ;;
    *) uname -s ;;
  esac
}

# The compiler is no Debian package before 13, and is never installed where another `swift` is on PATH.
packages() {
  case $1 in
    compiler) echo swiftlang libstdc++-14-dev ;;
    build)
      echo binutils libc6-dev libarchive-dev libavahi-compat-libdnssd-dev libgpiod-dev libsqlite3-dev \
        libssl-dev libzstd-dev ;;
    # What a binary that was built elsewhere, on the same system, needs to run.
    run)
      case $(system) in
        debian-12) echo libarchive13 libavahi-compat-libdnssd1 libgpiod2 libsqlite3-0 libssl3 \
          libzstd1 ;;
        *) echo libarchive13t64 libavahi-compat-libdnssd1 libgpiod3 libsqlite3-0 \
          libssl3t64 libzstd1 ;;
      esac ;;
    demo) echo ca-certificates python3 python3-pip ;;
    # Hosts in network namespaces, for root only.
    lan) echo avahi-daemon avahi-utils curl dbus iproute2 util-linux ;;
    # The programs that the benches compare with.
    bench) echo aria2 bsdiff casync curl jq nginx-light opentracker python3 rsync sqlite3 xdelta3 xz-utils zstd ;;
    test) echo casync debian-archive-keyring debootstrap git iproute2 procps shellcheck systemd tshark ;;
    # The virtual machines of scripts/lib-vm.sh and their kernel.
    vm) echo bc bison busybox-static cpio e2fsprogs flex gcc gpiod libelf-dev libssl-dev make qemu-system-x86 xz-utils ;;
    *) die "no packages are known for \"$1\"" ;;
  esac
}
