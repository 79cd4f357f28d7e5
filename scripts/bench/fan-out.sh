#!/usr/bin/env bash
# fan-out.sh - one machine publishes a release, N others fetch it: how close to the limit of their links (Linux, root).
#
#   scripts/bench/fan-out.sh [--receivers N] [--rate RATE] [--size MIB] [--runs N] [--only NAME,...]
#
# 8 receivers at 100mbit in each direction ("off" for no limit), 64 MiB that do not compress, 3 runs unless told otherwise.
# The hosts are network namespaces; everything that is written is in memory (tmpfs) but for the line "on disk". Without
# mDNS; the nodes know each other by `--peer` and are connected before the release is packed. The clock runs from when the
# release is visible in the source's repository to when it is in the last receiver's. In the same runs, on the same hosts,
# the same bytes:
#
#   curl-one   curl, from nginx over HTTP, at one receiver
#   curl-tls   curl, from nginx over TLS 1.3, and then sha256sum, at one receiver; only where it is asked for
#   curl-all   the same as curl-one at all of them at once
#   rsync-all  rsync from its daemon, whole files, at all of them at once
#   aria2      BitTorrent with opentracker, the source seeding, from when the receivers' clients are started
#   on-disk    gtach with its homes on the disk of TMPDIR: what making it durable costs, where all share one disk
#
# The aims: gtach at most 1.15 times curl-one (1.05 for one receiver) where there is a limit, 1.3 times curl-tls and 0.75
# times aria2, the source sending at most 1.2 times the release. Ends with 1 where one is missed. On a machine that is busy
# all of this measures the machine: the load and the processor time of the nodes are printed beside it.
set -eu
. "$(dirname "$0")/../lib.sh"

receivers=8 rate=100mbit size=64 runs=3 only=gtach,curl-one,curl-all,rsync-all,aria2,on-disk
while [ $# -gt 0 ]; do
  case $1 in
    --receivers) receivers=${2:?} ;;
    --rate) rate=${2:?} ;;
    --size) size=${2:?} ;;
    --runs) runs=${2:?} ;;
    --only) only=${2:?} ;;
    *) die "usage: fan-out.sh [--receivers N] [--rate RATE] [--size MIB] [--runs N] [--only NAME,...]" ;;
  esac
  shift 2
done

PATH=$PATH:/usr/sbin:/sbin
for tool in aria2c avahi-daemon curl nginx opentracker rsync; do have "$tool" || scripts/install-dependencies.sh bench; done
gtach=${GTACH_BINARY:-$(scripts/build.sh release | tail -1)}
work=$(scratch gtach-fan-out)
export LAN_DIR=$work/lan
bench=''
# shellcheck disable=SC2317 # the trap calls it
down() {
  trap '' INT TERM
  [ -z "$bench" ] || { kill -TERM "$bench" 2>/dev/null && wait "$bench"; } || true
  scripts/lan.sh down
  ! mountpoint -q "$work/memory" || umount "$work/memory"
  rm -rf "$work"
}
trap down EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mkdir "$work/memory" "$work/disk"
mount -t tmpfs gtach-fan-out "$work/memory"
[ "$rate" != off ] || rate=''
scripts/lan.sh up $((receivers + 1)) ${rate:+"$rate"} >/dev/null
python3 scripts/bench/fan-out.py "$gtach" "$work" "$receivers" "$rate" "$size" "$runs" "$only" &
bench=$!
status=0
wait "$bench" || status=$?
bench=''
exit "$status"
