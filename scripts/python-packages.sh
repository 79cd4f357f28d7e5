#!/usr/bin/env bash
# python-packages.sh - Python packages from PyPI in the cache; prints the directory that PYTHONPATH is to name.
#
#   scripts/python-packages.sh [--no-deps] REQUIREMENT...     for example: tuf==7.0.1
#
# Installed once, by pip, into ${XDG_CACHE_HOME:-~/.cache}/gtach/python-HASH, where HASH is that of the requirements and
# of Python's version; made beside it and renamed, so that several at once do not disturb each other.
set -eu
. "$(dirname "$0")/lib.sh"

have python3 || die "needs python3: run scripts/install-dependencies.sh demo"
hash=$(printf '%s\n' "$(python3 --version)" "$@" | (sha256sum 2>/dev/null || shasum -a 256) | cut -c1-12)
directory=$cache/python-$hash
if [ ! -d "$directory" ]; then
  mkdir -p "$cache"
  new=$(scratch "${directory##*/}" "${directory%/*}")
  trap 'rm -rf "$new"' EXIT
  python3 -m pip --quiet --disable-pip-version-check --no-input install --no-compile --target "$new" \
    --only-binary :all: --root-user-action ignore "$@" >&2
  # Another process may have been faster: then its directory is as good.
  [ -d "$directory" ] || mv "$new" "$directory"
fi
echo "$directory"
