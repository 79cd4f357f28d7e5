#!/usr/bin/env bash
# test-networks.sh - one fleet on two networks that only one address joins, in network namespaces (Linux, root).
#
#   scripts/test-networks.sh
#
# Three hosts are on each side of a router. Multicast does not cross it, so each side sees itself only; one host of the
# far side is told the address of one host of the near side, which is not the publisher's. Nobody remembers anybody.
# Checks that
#   - all six get what is packed on the near side;
#   - everybody has met everybody of the other side;
#   - what is packed then reaches the others although both hosts of the one link are off;
#   - when the link is back and two hosts have lost their IPv4 addresses, so that only link-local IPv6 is left to them, they
#     get what is packed then, without a restart.
# Everything is in one temporary directory and in the LAN's own namespaces; both are gone at the end.
# GTACH_BINARY=FILE uses a binary that was built elsewhere.
set -eu
. "$(dirname "$0")/lib.sh"
. scripts/lan-fleet.sh

limit_seconds=90

pack() {
  mkdir "$work/app-$1"
  head -c 300000 /dev/urandom >"$work/app-$1/data"
  at 1 --quiet pack "$work/app-$1" --name app --version "$1" >/dev/null
}
# has_met HOST STATE NAME...: whether peers are there with these names, connected or met and idle.
has_met() {
  local host=$1 name
  shift
  for name in "$@"; do at "$host" peers | grep -Eq "^${name}[[:space:]].*(connected|idle)" || return 1; done
}

fleet_up 6 debug 4
# Joining has left the publisher's address with everybody.
for host in 1 2 3 4 5 6; do
  ended $host TERM
  rm -f "$work/h$host/peers.json"
done
echo '{"peers": ["10.77.0.2:7420"]}' >"$work/h4/config.json"
for host in 1 2 3 4 5 6; do start $host; done

pack 1.0.0
for host in 2 3 4 5 6; do until_true "app 1.0.0 is at h$host" holds $host app@1.0.0; done
for host in 4 5 6; do until_true "h$host sees its side" sees $host h6; done
! sees 6 h1 || die 'multicast crosses the router: nothing is shown by this test'
until_true 'h6 has met all of the other side' has_met 6 h1 h2 h3
until_true 'h3 has met all of the other side' has_met 3 h4 h5 h6

scripts/lan.sh cut 2
scripts/lan.sh cut 4
pack 1.1.0
for host in 3 5 6; do until_true "app 1.1.0 is at h$host, without the hosts of the link" holds $host app@1.1.0; done
scripts/lan.sh heal 2
scripts/lan.sh heal 4
for host in 5 6; do scripts/lan.sh exec $host ip -4 address flush dev eth0; done
pack 1.2.0
for host in 2 3 4; do until_true "app 1.2.0 is at h$host, the link back" holds $host app@1.2.0; done
for host in 5 6; do until_true "app 1.2.0 is at h$host, by link-local IPv6 alone" holds $host app@1.2.0; done

echo 'every check of the two networks passed'
