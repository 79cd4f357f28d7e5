#!/usr/bin/env bash
# resolve.sh - how many steps `gtach resolve` takes, and how long, and how both grow.
#
#   scripts/bench/resolve.sh [SEEDS]      5 sets of releases unless told otherwise
#
# 500 packages with 20 releases each in the signed metadata of a temporary home, then twice as many packages, then twice
# as many releases, then both. Releases need what was current when they were made, some lag behind, and an application
# needs twenty packages and all that those need. Beside it, from the same run: resolvelib, the backtracking resolver of
# pip, over the same releases in memory.
set -eu
. "$(dirname "$0")/../lib.sh"

seeds=${1:-5}
gtach=$(scripts/build.sh release | tail -1)
PYTHONPATH=$(scripts/python-packages.sh tuf==7.0.1 securesystemslib==1.6.0 cryptography resolvelib==1.2.1)
export PYTHONPATH PYTHONDONTWRITEBYTECODE=1
work=$(scratch gtach-resolve)
trap 'rm -rf "$work"' EXIT

echo "median of $seeds sets of releases; seconds of one processor               resolvelib (pip)"
echo "packages releases     steps      most in plan   resolve   reading    rounds  seconds"
for size in "500 20" "1000 20" "500 40" "1000 40"; do
  # shellcheck disable=SC2086
  python3 scripts/bench/resolve.py "$gtach" "$work" $size "$seeds"
done
