#!/usr/bin/env bash
# test-interop.sh - what gtach publishes and exports, read and written by the tools of others.
#
#   scripts/test-interop.sh
#
# python-tuf, TUF's reference implementation: a fleet is made and two releases are packed, in a temporary home; its own
# client then walks from the root to each manifest (Tests/interop/read-with-python-tuf.py), and must refuse a manifest
# that was changed.
#
# casync: it restores the archive from gtach's export, byte for byte, and gtach restores it from a store that casync
# made, cut where casync cuts. Left out with a note where there is no casync (macOS).
set -eu
. "$(dirname "$0")/lib.sh"

gtach=$(scripts/build.sh release | tail -1)
PYTHONPATH=$(scripts/python-packages.sh tuf==7.0.1 securesystemslib==1.6.0 cryptography)
export PYTHONPATH PYTHONDONTWRITEBYTECODE=1
work=$(scratch gtach-interop)
trap 'rm -rf "$work"' EXIT

read_release() {
  local target=$1/$2/any/manifest.json
  python3 Tests/interop/read-with-python-tuf.py "$work/home/repository/metadata" "$target" \
    "${3:-$work/home/repository/packages/$target}"
}

"$gtach" --home "$work/home" init --fleet interop --node dev
mkdir "$work/tree"
for version in 1.0.0 1.1.0-rc.1; do
  echo "$version" >"$work/tree/file"
  "$gtach" --home "$work/home" pack "$work/tree" --name app --version "$version"
done
read_release app 1.0.0
read_release app 1.1.0-rc.1

sed 's/"app"/"apq"/' "$work/home/repository/packages/app/1.0.0/any/manifest.json" >"$work/changed"
! cmp -s "$work/changed" "$work/home/repository/packages/app/1.0.0/any/manifest.json" ||
  die "the manifest was not changed"
! read_release app 1.0.0 "$work/changed" || die "python-tuf took a manifest that was changed"

# A tree of some chunks, and what tar makes of it is what casync shall restore.
mkdir -p "$work/large/bin"
head -c 3000000 /dev/urandom >"$work/large/noise"
head -c 4000000 /dev/zero >"$work/large/zeros"
cp "$gtach" "$work/large/bin/program"
"$gtach" --home "$work/home" pack "$work/large" --name large --version 2.0.0-rc.1+build.7 --level 3

# A release file is a tar archive like any other.
"$gtach" --home "$work/home" export large@2.0.0-rc.1 "$work/large.tar"
tar -tf "$work/large.tar" | grep -qx 'packages/large/2.0.0-rc.1+build.7/any/manifest.json' || die "tar finds no manifest"

if ! have casync; then
  note "no casync here: its part is left out"
  exit 0
fi
"$gtach" --home "$work/home" export large@2.0.0-rc.1 --casync "$work/store"
digest=$("$gtach" --home "$work/home" info large@2.0.0-rc.1 | awk '$1 == "sha-256" { print $2 }')
casync extract "$work/store/large-2.0.0-rc.1+build.7.caibx" "$work/restored"
[ "$(sha256sum <"$work/restored")" = "$digest  -" ] || die "casync restores another archive"
mkdir "$work/tree-of-casync" "$work/tree-of-gtach"
tar -xf "$work/restored" -C "$work/tree-of-casync"
diff -r "$work/large" "$work/tree-of-casync" || die "casync restores another tree"

# Imports a store into a home that has lost every release, and compares what comes of it.
import_from() {
  rm -rf "$work/home/repository/packages" "$work/home/repository/chunks" "$work/home/repository/objects" "$work/tree-of-gtach"
  "$gtach" --home "$work/home" import large@2.0.0-rc.1 --casync "$1"
  "$gtach" --home "$work/home" extract large@2.0.0-rc.1 "$work/tree-of-gtach"
  diff -r "$work/large" "$work/tree-of-gtach" || die "gtach restores another tree from $1"
}
import_from "$work/store"
for size in 64K 16K:48K:3M 4M; do
  own=$work/own-${size//:/-}
  mkdir "$own"
  cp "$work/store/large-2.0.0-rc.1+build.7.release.tar" "$own"
  casync make --digest=sha256 --chunk-size="$size" --store="$own/default.castr" "$own/of-casync.caibx" "$work/restored"
  import_from "$own"
done

# What casync makes otherwise is refused, and how to make it is said.
refused() {
  local own=$1 word=$2
  shift 2
  mkdir "$own"
  cp "$work/store/large-2.0.0-rc.1+build.7.release.tar" "$own"
  casync make "$@" --store="$own/default.castr" "$own/of-casync.caibx" "$work/restored"
  ! "$gtach" --home "$work/home" import --casync "$own" 2>"$own/errors" || die "gtach took a store made with $*"
  grep -q -e "$word" "$own/errors" || die "gtach does not say what is wrong with $*: $(cat "$own/errors")"
}
refused "$work/sha512" --digest=sha256
refused "$work/xz" --compression=zstd --digest=sha256 --compression=xz

# A store that was damaged on its way.
chunk=$(find "$work/store/default.castr" -name '*.cacnk' | sort | head -1)
chmod u+w "$chunk"
printf x | dd of="$chunk" bs=1 seek=20 conv=notrunc status=none
! "$gtach" --home "$work/home" import --casync "$work/store" 2>"$work/errors" || die "gtach took a damaged store"
grep -q chunk-corrupt "$work/errors" || die "gtach does not say that a chunk is damaged: $(cat "$work/errors")"
