#!/usr/bin/env bash
# test-protocol.sh - a client that was written after Protocol/README.md, and in another language, speaks with a daemon.
#
#   scripts/test-protocol.sh
#
# Tests/interop/client joins with an invitation, fetches a release as objects and again as chunks, is told of the next
# release and fetches that as patches; every archive has to have the digest that `gtach info` says. Then it sends
# what the page forbids (check-node.py), and the daemon has to answer as the page says.
# GTACH_BINARY=FILE uses a binary that was built elsewhere.
set -eu
. "$(dirname "$0")/lib.sh"
. scripts/lib-protocol.sh

gtach=${GTACH_BINARY:-$(scripts/build.sh release | tail -1)}
PYTHONPATH=$(client_packages)
export PYTHONPATH PYTHONDONTWRITEBYTECODE=1
work=$(scratch gtach-protocol)
daemon=''
finish() {
  local status=$?
  if [ -n "$daemon" ]; then kill "$daemon" 2>/dev/null || true; wait "$daemon" 2>/dev/null || true; fi
  if [ "$status" != 0 ]; then tail -n 40 "$work/log" >&2 || true; fi
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

client() { python3 Tests/interop/client/client.py "$@"; }
# Fetches a version, and shows how; the archive must be the one that gtach says it is.
fetch() { # fetch HOME VERSION [--chunks]
  local digest
  digest=$(dev info "app@$2" | awk '$1 == "sha-256" { print $2 }')
  client "$work/$1" fetch "$address" "app/$2/any" "${@:3}" | tee "$work/fetched"
  sha256sum "$work/$1/archive/$digest" | grep -q "^$digest " || die "$1 has another archive of app@$2"
}
fetched_with() { grep -q "\"$1\": [1-9]" "$work/fetched" || die "the client fetched nothing with \"$1\""; }

python3 Tests/interop/client/check-vectors.py
python3 Tests/interop/client/make-trees.py "$work/trees"
dev init --fleet interop --node dev >/dev/null
pack 1.0.0
"$gtach" --home "$work/dev" node --listen 127.0.0.1:0 --no-mdns >"$work/log" 2>&1 &
daemon=$!
until_true 'the daemon listens' listens

client "$work/py" join "$(dev invite py | tail -1)"
client "$work/py" list "$address" | grep -q '^app/1.0.0/any/manifest.json ' || die "app@1.0.0 is not listed"
fetch py 1.0.0
fetched_with 'full frame'
fetched_with 'full frame after chunks'
client "$work/chunks" join "$(dev invite chunks | tail -1)"
fetch chunks 1.0.0 --chunks
fetched_with bare

client "$work/py" watch "$address" >"$work/watch" &
watch=$!
until_true 'the client watches' test -s "$work/watch"
pack 1.1.0
wait "$watch" || die "watch ended with an error"
[ "$(wc -l <"$work/watch")" = 2 ] || die "watch was told of nothing"
client "$work/py" list "$address" | grep -q '^app/1.1.0/any/manifest.json ' || die "app@1.1.0 is not listed"
fetch py 1.1.0
fetched_with 'patch difference after pieces'
fetched_with had

python3 Tests/interop/client/check-node.py "$work/py" "$address"
