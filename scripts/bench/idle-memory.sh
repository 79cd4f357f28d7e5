#!/usr/bin/env bash
# idle-memory.sh - what a node that has nothing to do costs: resident memory, threads and wake-ups.
#
#   scripts/bench/idle-memory.sh [SECONDS]      watches for 30 seconds unless told otherwise (Linux, root)
#
# Three hosts in network namespaces with an Avahi each; the nodes have met and hold a release. Beside it, from the same
# run: the avahi-daemon of the same host.
set -eu
. "$(dirname "$0")/../lib.sh"
. scripts/lan-fleet.sh

seconds=${1:-30}
fleet_up 3 release
mkdir "$work/tree"
head -c 1000000 /dev/urandom >"$work/tree/data"
at 1 --quiet pack "$work/tree" --name bench --version 1.0.0 >/dev/null
until [ -e "$work/h3/repository/packages/bench/1.0.0/any/manifest.json" ]; do sleep 0.2; done
sleep 20 # connections that nobody needs are closed after ten seconds

avahi=$(scripts/lan.sh status | sed -n 's/^h3 .*avahi=\([0-9]*\).*/\1/p')
wakeups() { awk '/ctxt_switches/ {sum += $2} END {print sum}' /proc/"$1"/task/*/status; }
row() {
  printf '%-14s %8d %8d %8d %8d %14s\n' "$1" \
    "$(awk '/^VmRSS/ {print $2}' "/proc/$2/status")" "$(awk '/^Pss:/ {print $2}' "/proc/$2/smaps_rollup")" \
    "$(awk '/^RssAnon/ {print $2}' "/proc/$2/status")" "$(find "/proc/$2/task" -mindepth 1 -maxdepth 1 | wc -l)" \
    "$(awk -v n="$3" -v s="$seconds" 'BEGIN {printf "%.2f", n / s}')"
}
before=$(wakeups "$node") avahi_before=$(wakeups "$avahi")
sleep "$seconds"
after=$(wakeups "$node") avahi_after=$(wakeups "$avahi")
printf '%-14s %8s %8s %8s %8s %14s\n' process 'RSS kB' 'PSS kB' 'anon kB' threads 'switches a s'
row 'gtach node' "$node" $((after - before))
row avahi-daemon "$avahi" $((avahi_after - avahi_before))
