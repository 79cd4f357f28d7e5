#!/usr/bin/env bash
# test-lan.sh - real daemons and real Avahi on four hosts in network namespaces (Linux, root).
#
#   scripts/test-lan.sh
#
# Nobody is told anybody's address. Checks that
#   - a packed release reaches every neighbour by itself;
#   - a node whose avahi-daemon dies says so, still gets what is new, and advertises and browses again by itself when
#     it is back; the same when its D-Bus dies;
#   - a node that starts without Avahi serves those that it remembers, and is found when Avahi comes;
#   - a neighbour whose host loses power holds nobody up, and catches up when it is back.
# Everything is in one temporary directory and in the LAN's own namespaces; both are gone at the end.
# GTACH_BINARY=FILE uses a binary that was built elsewhere.
set -eu
. "$(dirname "$0")/lib.sh"
. scripts/lan-fleet.sh

limit_seconds=60

advertises() { at "$1" status --json | grep -q '"discovery" : "advertising"'; }
# The daemon answers, and says why it does not advertise.
does_not_advertise() { at "$1" status --json | grep '"discovery" : ' | grep -qv '"advertising"'; }
pack() {
  mkdir "$work/app-$1"
  echo "$1" >"$work/app-$1/data"
  at 1 --quiet pack "$work/app-$1" --name app --version "$1" >/dev/null
}

fleet_up 4 debug

pack 1.0.0
for host in 2 3 4; do until_true "app 1.0.0 is at h$host" holds "$host" app@1.0.0; done

scripts/lan.sh avahi 2 kill
until_true 'h2 says that its Avahi is gone' does_not_advertise 2
pack 1.1.0
for host in 2 3 4; do until_true "app 1.1.0 is at h$host, h2 without Avahi" holds "$host" app@1.1.0; done
scripts/lan.sh avahi 2 start
until_true 'h2 advertises again by itself' advertises 2
until_true 'h3 sees h2 again' sees 3 h2

scripts/lan.sh dbus 3 kill
until_true 'h3 says that discovery is gone' does_not_advertise 3
scripts/lan.sh dbus 3 start
scripts/lan.sh avahi 3 restart
until_true 'h3 advertises again by itself' advertises 3
until_true 'h4 sees h3 again' sees 4 h3

ended 4 TERM
scripts/lan.sh avahi 4 stop
start 4
pack 1.2.0
until_true 'app 1.2.0 is at h4, which started without Avahi' holds 4 app@1.2.0
scripts/lan.sh avahi 4 start
until_true 'h4 advertises' advertises 4
until_true 'h2 sees h4' sees 2 h4

scripts/lan.sh crash 3
pack 1.3.0
for host in 2 4; do until_true "app 1.3.0 is at h$host while h3 is off" holds "$host" app@1.3.0; done
scripts/lan.sh boot 3
start 3
until_true 'app 1.3.0 is at h3, back from a power cut' holds 3 app@1.3.0
echo 'every check of the LAN passed'
