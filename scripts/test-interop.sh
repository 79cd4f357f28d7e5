#!/usr/bin/env bash
# test-interop.sh - python-tuf, TUF's reference implementation, reads what gtach publishes.
#
#   scripts/test-interop.sh
#
# A fleet is made and two releases are packed, in a temporary home; python-tuf's own client then walks from the root
# to each manifest (Tests/interop/read-with-python-tuf.py), and must refuse a manifest that was changed.
set -eu
. "$(dirname "$0")/lib.sh"

gtach=$(scripts/build.sh release | tail -1)
PYTHONPATH=$(scripts/python-packages.sh tuf==7.0.1 securesystemslib==1.6.0 cryptography)
export PYTHONPATH PYTHONDONTWRITEBYTECODE=1
work=$(mktemp -d "${TMPDIR:-/tmp}/gtach-interop.XXXXXX")
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
