# shellcheck shell=bash
# lan-fleet.sh - a fleet on hosts in network namespaces, for the LAN test and the benches; sourced, never run.
#
# After `. lib.sh` and `. scripts/lan-fleet.sh` there are
#
#   fleet_up N DEBUG|RELEASE [I]
#                              builds (GTACH_BINARY=FILE: does not), makes hosts 1..N, founds a fleet on host 1 with the
#                              nodes h1..hN, and starts all their daemons; $work is a directory of the run's own; the
#                              hosts from I on are on another network
#   at I ARGUMENT...           gtach on host I
#   start I                    the daemon of host I, until it answers; $node is its process
#   ended I SIGNAL             ends it
#   holds I RELEASE            whether host I has a release
#   sees I NAME                whether host I finds a node's advertisement by multicast
#   until_true WHAT COMMAND... repeats a command until it succeeds, $limit_seconds at most, and says how long that took
#
# When the script ends, everything is gone; where it failed, the ends of the daemons' logs are shown.

daemons=''
fleet_down() {
  local status=$? pid
  for pid in $daemons; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in $daemons; do wait "$pid" 2>/dev/null || true; done
  if [ "$status" != 0 ]; then tail -n 40 "$work"/*.log >&2 || true; fi
  scripts/lan.sh down
  rm -rf "$work"
}

at() { scripts/lan.sh exec "$1" "$gtach" --home "$work/h$1" "${@:2}"; }

start() {
  local began=$SECONDS
  scripts/lan.sh exec "$1" "$gtach" --home "$work/h$1" node </dev/null >>"$work/h$1.log" 2>&1 &
  node=$!
  echo "$node" >"$work/h$1.pid"
  daemons="$daemons $node"
  until at "$1" status --json | grep -q '"daemon" : true'; do
    [ $((SECONDS - began)) -lt 30 ] || die "the daemon of h$1 does not answer"
    sleep 0.1
  done
}

ended() {
  local pid
  pid=$(cat "$work/h$1.pid")
  kill -"$2" "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}

holds() { at "$1" info "$2"; }

sees() { scripts/lan.sh exec "$1" avahi-browse --terminate --parsable --no-db-lookup _gtach._tcp | grep -q "^+;.*;$2;"; }

until_true() {
  local what=$1 began=$SECONDS
  shift
  until "$@" >/dev/null 2>&1; do
    [ $((SECONDS - began)) -lt "${limit_seconds:?}" ] || die "not within $limit_seconds s: $what"
    sleep 0.2
  done
  echo "ok: $what, after $((SECONDS - began)) s"
}

fleet_up() {
  local host token
  gtach=${GTACH_BINARY:-$(scripts/build.sh "$2" | tail -1)}
  work=$(scratch gtach-lan)
  export LAN_DIR=$work/lan
  trap fleet_down EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  scripts/lan.sh up "$1" >/dev/null
  [ -z "${3:-}" ] || scripts/lan.sh divide "$3"
  at 1 --quiet init --fleet lan --node h1 >/dev/null
  start 1
  for ((host = 2; host <= $1; host++)); do
    token=$(at 1 --quiet invite "h$host" | tail -1)
    at "$host" --quiet join "$token" >/dev/null
    start "$host"
  done
}
