#!/usr/bin/env bash
# disk-writes.sh - how many bytes reach the disk per installed byte, as an SD card wears out by them.
#
#   scripts/bench/disk-writes.sh [SERIES...]      every series of update-series.sh unless told otherwise (Linux, root)
#
# A node's home is on an ext4 of its own behind a loop device; what the kernel counts as written there, file system
# journal and all, is the result. It fetches a release from a publisher on another disk and installs it, and then the next
# release; each step ends with a sync. Beside it, from the same run and on the same file system, `dpkg -i` of the same
# trees, the packages copied there first as apt does. Aim: at most 2.2 bytes of all for one that is installed.
set -eu
. "$(dirname "$0")/../lib.sh"
. scripts/bench/update-series.sh

if [ "$(uname)" != Linux ] || [ "$(id -u)" != 0 ]; then die "it takes Linux and root to make a disk to count on"; fi
for tool in losetup mkfs.ext4 dpkg dpkg-deb; do have "$tool" || die "there is no $tool here"; done
gtach=${GTACH_BINARY:-$(scripts/build.sh release | tail -1)}
work=$(scratch gtach-writes)
disk=$work/disk device='' publisher=''
# shellcheck disable=SC2329
clean_up() {
  if [ -n "$publisher" ]; then
    kill "$publisher" || true
    wait "$publisher" || true
  fi
  if mountpoint -q "$disk"; then umount "$disk"; fi
  if [ -n "$device" ]; then losetup -d "$device"; fi
  rm -rf "$work"
}
trap clean_up EXIT

# An empty file system for each series: what an earlier one left may not help or hinder.
fresh_disk() {
  if mountpoint -q "$disk"; then umount "$disk"; fi
  if [ -n "$device" ]; then losetup -d "$device"; device=''; fi
  rm -f "$work/image"
  truncate -s 3G "$work/image"
  mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 "$work/image"
  device=$(losetup --find --show "$work/image")
  mkdir -p "$disk"
  mount "$device" "$disk"
}

# Sectors of 512 bytes that were written so far: the seventh number of block/stat in the kernel's documentation.
sectors() { sync -f "$disk" && awk '{ print $7 }' "/sys/block/${device#/dev/}/stat"; }

# Runs a command, and prints the bytes that it had written.
written() {
  local before after
  before=$(sectors)
  "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; die "$* failed"; }
  after=$(sectors)
  echo $(((after - before) * 512))
}

size() { find "$1" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }'; }

# A Debian package of a tree; its path.
package() {
  local root=$work/deb
  rm -rf "$root"
  mkdir -p "$root/DEBIAN" "$root/opt"
  cp -a "$1" "$root/opt/app"
  printf 'Package: app\nVersion: %s\nArchitecture: all\nMaintainer: none <none@example.org>\nDescription: none\n' \
    "$2" >"$root/DEBIAN/control"
  dpkg-deb --root-owner-group --build "$root" "$work/app-$2.deb" >/dev/null
  echo "$work/app-$2.deb"
}

# shellcheck disable=SC2329
install_package() { cp "$1" "$disk/debian/var/cache/" && dpkg --root="$disk/debian" -i "$disk/debian/var/cache/${1##*/}"; }

# A publisher of its own for each series: a node fetches what there is of every package.
fresh_publisher() {
  if [ -n "$publisher" ]; then
    kill "$publisher"
    wait "$publisher" || true
  fi
  rm -rf "${work:?}/dev"
  "$gtach" --quiet --home "$work/dev" init --fleet bench --node dev >/dev/null
  "$gtach" --home "$work/dev" node --listen 127.0.0.1:0 --no-mdns >"$work/dev.log" 2>&1 &
  publisher=$! endpoint=''
  for _ in $(seq 100); do
    endpoint=$("$gtach" --home "$work/dev" --json status | sed -n 's/.*"listening" : "\(.*\)".*/\1/p')
    if [ -n "$endpoint" ]; then return; fi
    sleep 0.1
  done
  die "the publisher does not listen: $(cat "$work/dev.log")"
}

on_node() { "$gtach" --quiet --home "$disk/home" "$@"; }

if [ $# = 0 ]; then mapfile -t names < <(update_series); else names=("$@"); fi
echo "bytes written per byte installed        installed   fetched  installed   in all    dpkg -i"
for name in "${names[@]}"; do
  line=$(update_series_trees "$name")
  IFS=$'\t' read -r _ old new <<<"$line"
  fresh_disk
  fresh_publisher
  token=$("$gtach" --quiet --home "$work/dev" invite "$name" --address "$endpoint" | awk 'NF { token = $NF } END { print token }')
  on_node join "$token" >/dev/null
  mkdir -p "$disk/debian/var/lib/dpkg/info" "$disk/debian/var/lib/dpkg/updates" "$disk/debian/var/cache"
  touch "$disk/debian/var/lib/dpkg/status"
  for step in "1.0.0 $old first" "1.1.0 $new update"; do
    read -r version tree what <<<"$step"
    "$gtach" --quiet --home "$work/dev" pack "$tree" --name "$name" --version "$version" >/dev/null 2>&1
    # Fetched and installed one after the other, to tell which of them writes; a daemon does the same.
    fetch=$(written on_node sync --no-mdns --peer "$endpoint" "$name@$version")
    install=$(written on_node install "$name@$version")
    debian=$(written install_package "$(package "$tree" "$version")")
    awk -v name="$name, $what" -v size="$(size "$tree")" -v fetch="$fetch" -v install="$install" -v debian="$debian" \
      'BEGIN { printf "%-34s %14d   %7.3f   %8.3f  %7.3f   %7.3f\n", name, size, fetch / size, install / size,
               (fetch + install) / size, debian / size }'
  done
done
