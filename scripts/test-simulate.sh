#!/usr/bin/env bash
# test-simulate.sh - runs the swarm's decisions in virtual time.
#
#   scripts/test-simulate.sh [SEEDS]     200 unless told otherwise
#
# With every fault: nodes that crash, lie, stall, send damaged units, connections that are cut, half of the network apart, slow
# links, late nodes. Everybody who can finish must. Then without faults: how long the last one takes, as a multiple of what
# the bytes take on one link. The line of a run that fails says its seed: `gtach-simulate --seed` replays it.
set -eu
. "$(dirname "$0")/lib.sh"

simulate=$(scripts/build.sh simulator | tail -1)
faults=crash,cut,corrupt,lie,stall,partition,slow,late
"$simulate" --runs "${1:-200}" --nodes 12 --release-size 4194304 --faults "$faults"

# makespan NODES BYTES LIMIT [FAULTS]: the median of five seeds of those with fast links.
makespan() {
  local median
  median=$("$simulate" --runs 5 --nodes "$1" --release-size "$2" ${4:+--faults "$4"} |
    sed -n 's/.* fast \([0-9.]*\) .*/\1/p' | sort -n | sed -n 3p)
  echo "$1 nodes, $2 bytes${4:+, $4}: $median (at most $3)"
  awk -v is="$median" -v limit="$3" 'BEGIN { exit !(is <= limit) }' || die "that is too much"
}
makespan 1 67108864 1.01
makespan 8 67108864 1.03
makespan 64 4194304 1.25
makespan 200 67108864 1.06
makespan 8 67108864 1.3 slow
makespan 32 67108864 1.3 slow
