#!/usr/bin/env bash
# install-dependencies.sh - installs what is missing, and nothing else.
#
#   scripts/install-dependencies.sh [build|demo|test|bench]
#
#   build   the compiler and the C libraries (the default)
#   demo    and what scripts/demo.sh runs: python3; for root, Avahi and the network tools for hosts in namespaces
#   test    and what scripts/test.sh runs: debootstrap, shellcheck, QEMU and what builds a kernel
#   bench   what demo does, and the programs that scripts/bench/ compares with: aria2, bsdiff, casync, nginx, xdelta3 and more
#
# Debian 12, Debian 13 and Raspberry Pi OS by apt, macOS by Homebrew. Asks sudo where it is not root.
# No service is started: for the duration policy-rc.d says no, and an avahi-daemon that comes with this stays
# disabled (`systemctl enable --now avahi-daemon` where a node is to advertise itself).
# With GTACH_BINARY=FILE, a binary that was built elsewhere, the libraries that it needs instead of the compiler's.
# Debian 13's compiler is its own package, swiftlang; Debian 12 has none and needs Swift's toolchain on PATH.
set -eu
. "$(dirname "$0")/lib.sh"

# Measured: the compiler takes up to 510 MB in release mode (6.0.3 and 6.3.1), SwiftPM 130 beside it; and the system.
compile_memory_megabytes=1000

check_memory() {
  [ -r /proc/meminfo ] || return 0
  local megabytes
  megabytes=$(awk '/^(MemTotal|SwapTotal):/ { sum += $2 } END { print int(sum / 1024) }' /proc/meminfo)
  [ "$megabytes" -lt "$compile_memory_megabytes" ] || return 0
  cat >&2 <<END
${0##*/}: $megabytes MB of memory and swap are too few to compile with (about $compile_memory_megabytes are needed).
Build on another machine with the same system and processor ($(system), $(uname -m)), in a copy of this directory:
  scripts/build.sh release && scp .build/release/gtach $(id -un)@$(hostname):gtach
Then here, for the demo or for good:
  GTACH_BINARY=~/gtach scripts/demo.sh
  sudo apt-get install --no-install-recommends $(packages run) && sudo install ~/gtach /usr/local/bin/gtach
END
  exit 1
}

installed() { dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed; }

# Without recommended packages, without questions, and without a service that starts.
apt_install() {
  local policy=/usr/sbin/policy-rc.d mine=no had_avahi=no status=0
  installed avahi-daemon && had_avahi=yes
  note "installing $*"
  if [ ! -e "$policy" ]; then
    mine=yes
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  # shellcheck disable=SC2024
  as_root apt-get -qq update >&2 &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qqy -o DPkg::Lock::Timeout=600 \
      install --no-install-recommends "$@" >&2 || status=$?
  [ "$mine" = no ] || as_root rm -f "$policy"
  if [ "$had_avahi" = no ] && installed avahi-daemon && have systemctl; then
    as_root systemctl --quiet disable avahi-daemon.service avahi-daemon.socket || true
  fi
  [ "$status" = 0 ] || die "apt-get could not install $*"
}

install_debian() {
  local wanted='' missing='' package
  if [ -n "${GTACH_BINARY:-}" ]; then
    wanted=$(packages run)
  else
    check_memory
    wanted=$(packages build)
    if ! have swift; then
      [ "$(system)" != debian-12 ] ||
        die "Debian 12 has no Swift: unpack a toolchain from https://www.swift.org/install/linux/ and put its usr/bin on PATH"
      wanted="$wanted $(packages compiler)"
    fi
  fi
  if [ "$purpose" != build ]; then
    wanted="$wanted $(packages demo)"
    [ "$(id -u)" != 0 ] || wanted="$wanted $(packages lan)"
  fi
  [ "$purpose" != bench ] || wanted="$wanted $(packages bench)"
  if [ "$purpose" = test ]; then
    wanted="$wanted $(packages test)"
    [ "$(uname -m)" != x86_64 ] || wanted="$wanted $(packages vm)"
  fi
  for package in $wanted; do
    installed "$package" || missing="$missing $package"
  done
  # shellcheck disable=SC2086
  [ -z "$missing" ] || apt_install $missing
}

install_macos() {
  have brew || die "macOS needs Homebrew: https://brew.sh"
  have swift || die "macOS needs Swift: xcode-select --install"
  local formula missing=''
  for formula in openssl@3 libarchive zstd; do
    brew list --versions "$formula" >/dev/null || missing="$missing $formula"
  done
  # shellcheck disable=SC2086
  [ -z "$missing" ] || brew install $missing
}

purpose=${1:-build}
case $purpose in build | demo | test | bench) ;; *) die "usage: install-dependencies.sh [build|demo|test|bench]" ;; esac
case $(system) in
  macos) install_macos ;;
  debian-*) install_debian ;;
  *)
    have swift || die "install Swift from https://www.swift.org/install/"
    note "on $(system) nothing is installed: it needs the counterparts of $(packages build)" ;;
esac
