#!/usr/bin/env bash
# updates.sh - what an update from one release of a real program to the next costs: bytes, seconds and memory.
#
#   scripts/bench/updates.sh [SERIES...]      every series of update-series.sh unless told otherwise
#
# A publisher packs both releases; a node that has the first fetches the second from the publisher's daemon, on loopback,
# through a relay that counts every byte of the connection. Beside it, from the same run and on the same trees:
#
#   patch     the objects that the node fetched, against the smallest of xdelta3 -9, bsdiff and zstd -19 --patch-from
#             (aim: 1.02 times, and below 1.00 for libssl3 and the applications)
#   beside    what else came over the connection, frames, metadata, manifest and index included (aim: 6 KiB and 80 bytes
#             for each changed chunk), and what TLS adds to each of its records, which any protocol pays
#   pack      seconds of the first and of the second pack (aim: 0.4 times)
#   apply     processor seconds of fetching the update and of unpacking it, against zstd -d of the whole package and tar -x
#             (aim: 1.0 times); medians of three, in turn
#   memory    the most that fetching the update took, less what an idle daemon takes (aim: 24 MB)
set -eu
. "$(dirname "$0")/../lib.sh"
. scripts/bench/update-series.sh

for tool in zstd xdelta3 bsdiff; do have "$tool" || scripts/install-dependencies.sh bench; done
gtach=${GTACH_BINARY:-$(scripts/build.sh release | tail -1)}
work=$(scratch gtach-updates)
trap 'rm -rf "$work"' EXIT

if [ $# = 0 ]; then mapfile -t names < <(update_series); else names=("$@"); fi
for name in "${names[@]}"; do update_series_trees "$name"; done >"$work/series"
python3 scripts/bench/updates.py "$gtach" "$work"
