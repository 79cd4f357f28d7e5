#!/bin/bash
# lan.sh - hosts on a LAN of their own, on one Linux machine (root): network namespaces on a bridge, each with its own
# D-Bus and avahi-daemon. Nothing of it touches the machine's own interfaces, services or /run.
#
#   lan.sh check                  can this machine do it? says why not
#   lan.sh up N [RATE]            make hosts 1 to N (at most 200); RATE (100mbit) limits each link in both directions
#   lan.sh exec I COMMAND...      become COMMAND inside host I, with this environment and directory
#   lan.sh status                 a line per host
#   lan.sh down                   end every process on the LAN and remove it
#
# What can happen to host I:
#   lan.sh avahi I stop|start|restart|kill   goodbyes are sent by stop and restart, not by kill
#   lan.sh dbus I kill|start                 the bus; Avahi ends with it and wants a start of its own afterwards
#   lan.sh crash I                           power cut: every process is killed, the link is gone
#   lan.sh boot I                            the crashed host comes back, with the same name and addresses
#   lan.sh cut I | lan.sh heal I             the cable of the host is pulled | plugged in again
#   lan.sh rate I RATE|off                   another limit for its link
#   lan.sh divide I                          the hosts from I on move to a second network, 10.78.0.<host>, behind a router:
#                                            IPv4 goes through it, multicast does not
#
# Host I is called h<I> and has eth0 with 10.77.0.<I>/24 and fe80::77:ff:fe00:<I in hexadecimal>, its own loopback, no
# route to anywhere else, and a /run of its own, where the bus is at its usual place. It shares files and process ids
# with the machine.
#
# LAN_DIR (default ${TMPDIR:-/tmp}/gtach-lan) holds what is known of the LAN; another LAN_DIR is another LAN.
# Packages (Debian): avahi-daemon dbus iproute2 util-linux.
set -u

LAN_DIR=${LAN_DIR:-${TMPDIR:-/tmp}/gtach-lan}
switch=switch
maximum_hosts=200

die() {
  echo "lan.sh: $*" >&2
  exit 1
}

usage() {
  sed -n '2,28s/^# \{0,1\}//p' "$0" >&2
  exit 64
}

# --- processes ----------------------------------------------------------------------------------------------------
# Recorded as "PID START" (field 22 of /proc/PID/stat): a number that another process has by now is never signalled.

start_time() {
  local fields
  { read -r fields <"/proc/$1/stat"; } 2>/dev/null || return 1
  # The name in parentheses may hold blanks; what follows it are words.
  # shellcheck disable=SC2086
  set -- ${fields##*) }
  [ "$1" != Z ] && echo "${20}"
}

record() { echo "$1 $(start_time "$1")" >"$2"; } # PID FILE

# Prints the id of a recorded process that still runs.
alive() { # FILE
  local process start
  { read -r process start <"$1"; } 2>/dev/null || return 1
  [ -n "$start" ] && [ "$(start_time "$process")" = "$start" ] && echo "$process"
}

await() { # COMMAND...: until it succeeds, for at most 15 seconds
  local try
  for ((try = 0; try < 750; try++)); do
    "$@" && return 0
    sleep 0.02
  done
  return 1
}

is_gone() { ! alive "$1" >/dev/null; }

end() { # FILE [SIGNAL]
  local process
  process=$(alive "$1") || return 0
  kill -"${2:-TERM}" "$process" 2>/dev/null
  await is_gone "$1" || die "process $process does not end"
  rm -f "$1"
}

# --- namespaces ---------------------------------------------------------------------------------------------------
# A host is a directory of LAN_DIR, and a process that does nothing but hold its namespaces.

holder() { alive "$LAN_DIR/$1/holder" || die "there is no host $1 in $LAN_DIR"; }

# Runs a command in a host's network, with the machine's own /run and name.
on_network_of() { # HOST COMMAND...
  local process
  process=$(holder "$1") || exit 1
  shift
  nsenter --target "$process" --net -- "$@"
}

# Runs a command in a host.
inside() { # HOST COMMAND...
  local process
  process=$(holder "$1") || exit 1
  shift
  nsenter --target "$process" --net --mount --uts -- "$@"
}

make_namespaces() { # HOST
  local directory=$LAN_DIR/$1 process
  mkdir -p "$directory"
  setsid unshare --net --mount --uts --propagation private -- sleep infinity </dev/null >/dev/null 2>&1 &
  process=$!
  holds_namespaces() { [ "$(cat "/proc/$process/comm" 2>/dev/null)" = sleep ]; }
  await holds_namespaces || die "cannot make namespaces"
  [ "$(readlink "/proc/$process/ns/net")" != "$(readlink /proc/self/ns/net)" ] || die "cannot make namespaces"
  record "$process" "$directory/holder"
}

# Prints every process in a host's network but its holder: all were started by us or by what we started.
members() { # HOST
  local process namespace
  process=$(alive "$LAN_DIR/$1/holder") || return 0
  namespace=$(readlink "/proc/$process/ns/net")
  [ -n "$namespace" ] && [ "$namespace" != "$(readlink /proc/self/ns/net)" ] || return 0
  find /proc -maxdepth 3 -path '/proc/[0-9]*/ns/net' -printf '%P %l\n' 2>/dev/null |
    awk -v namespace="$namespace" -v holder="$process" \
      '{ split($1, part, "/") } $2 == namespace && part[1] != holder { print part[1] }'
}

kill_members() { # HOST
  local process
  for process in $(members "$1"); do kill -KILL "$process" 2>/dev/null; done
  nobody_left() { [ -z "$(members "$1")" ]; }
  await nobody_left "$1" || die "processes of host $1 do not end: $(members "$1" | tr '\n' ' ')"
}

# --- the network --------------------------------------------------------------------------------------------------

make_switch() {
  make_namespaces $switch
  on_network_of $switch sh -ec '
    echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
    ip link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
    ip link set br0 up' || die "cannot make the bridge"
}

make_host() { # HOST
  local host=$1 process address
  make_namespaces "$host"
  process=$(holder "$host")
  address=$(printf '02:77:00:00:00:%02x' "$host")
  on_network_of $switch sh -ec "
    ip link add port$host type veth peer name eth0 address $address netns $process
    ip link set port$host master br0 up" || die "cannot make the link of host $host"
  # No duplicate address detection: an address that is there at once keeps starts short, and nobody else has it.
  inside "$host" sh -ec "
    hostname h$host
    mount -t tmpfs -o size=4m,mode=755 lan-run /run
    mkdir -p /run/dbus /run/lock
    cd /proc/sys/net/ipv6/conf/eth0
    echo 0 >accept_dad; echo 0 >accept_ra
    ip link set lo up
    ip address add 10.77.0.$host/24 broadcast + dev eth0
    ip link set eth0 up" || die "cannot set up host $host"
}

limit_device() { # HOST DEVICE RATE|off
  on_network_of "$1" tc qdisc del dev "$2" root 2>/dev/null
  [ "$3" = off ] && return 0
  local number=${3%%[a-z]*} unit=${3##*[0-9]} burst
  # A burst of 10 ms of the rate, and of 20 kB at least: less would hold back single large frames.
  case $unit in
    kbit) burst=$((number * 1000 / 800)) ;;
    mbit) burst=$((number * 1000000 / 800)) ;;
    gbit) burst=$((number * 1000000000 / 800)) ;;
    *) die "\"$3\" is no rate: write 100mbit" ;;
  esac
  [ "$burst" -ge 20000 ] || burst=20000
  on_network_of "$1" tc qdisc add dev "$2" root tbf rate "$3" burst "$burst" latency 50ms || die "cannot set the rate"
}

limit() { # HOST RATE|off
  limit_device "$1" eth0 "$2"
  limit_device $switch "port$1" "$2"
}

divide() { # HOST
  local host
  on_network_of $switch sh -ec '
    ip link add br1 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
    ip link set br1 up
    ip address add 10.77.0.254/24 dev br0
    ip address add 10.78.0.254/24 dev br1
    echo 1 >/proc/sys/net/ipv4/ip_forward' || die "cannot make the router"
  for host in $(hosts); do
    if [ "$host" -lt "$1" ]; then
      inside "$host" ip route add 10.78.0.0/24 via 10.77.0.254 || die "cannot set the route of host $host"
    else
      on_network_of $switch ip link set "port$host" master br1 || die "cannot move host $host"
      inside "$host" sh -ec "
        ip address del 10.77.0.$host/24 dev eth0
        ip address add 10.78.0.$host/24 broadcast + dev eth0
        ip route add 10.77.0.0/24 via 10.78.0.254" || die "cannot set the address of host $host"
    fi
  done
}

# --- D-Bus and Avahi ----------------------------------------------------------------------------------------------

write_bus_configuration() {
  cat >"$LAN_DIR/bus.conf" <<'END'
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>custom</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
    <allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
  <limit name="max_connections_per_user">4096</limit>
  <limit name="max_completed_connections">4096</limit>
  <limit name="max_match_rules_per_connection">4096</limit>
</busconfig>
END
}

start_bus() { # HOST
  is_gone "$LAN_DIR/$1/bus" || die "host $1 has a bus"
  inside "$1" rm -f /run/dbus/system_bus_socket
  nsenter --target "$(holder "$1")" --net --mount --uts -- setsid \
    dbus-daemon --nofork --nopidfile --nosyslog --config-file="$LAN_DIR/bus.conf" \
    </dev/null >>"$LAN_DIR/$1/bus.log" 2>&1 &
  record $! "$LAN_DIR/$1/bus"
  await inside "$1" test -S /run/dbus/system_bus_socket || die "the bus does not start, see $LAN_DIR/$1/bus.log"
}

# How often this host's Avahi has been ready.
readiness_count() { grep -c 'Server startup complete' "$LAN_DIR/$1/avahi.log" 2>/dev/null; }

launch_avahi() { # HOST
  is_gone "$LAN_DIR/$1/avahi" || die "host $1 has an avahi-daemon"
  cat >"$LAN_DIR/$1/avahi.conf" <<END
[server]
host-name=h$1
use-ipv4=yes
use-ipv6=yes
use-iff-running=yes
allow-interfaces=eth0
ratelimit-interval-usec=1000000
ratelimit-burst=1000
[wide-area]
enable-wide-area=no
[publish]
publish-hinfo=no
publish-workstation=no
[rlimits]
END
  inside "$1" rm -f /run/avahi-daemon/pid
  nsenter --target "$(holder "$1")" --net --mount --uts -- setsid \
    avahi-daemon --no-drop-root --no-chroot --no-rlimits -f "$LAN_DIR/$1/avahi.conf" \
    </dev/null >>"$LAN_DIR/$1/avahi.log" 2>&1 &
  record $! "$LAN_DIR/$1/avahi"
}

await_avahi() { # HOST COUNT: until it has been ready more often than that
  is_ready() { [ "$(readiness_count "$1")" -gt "$2" ]; }
  await is_ready "$1" "$2" || die "Avahi does not start, see $LAN_DIR/$1/avahi.log"
}

start_avahi() { # HOST
  local before
  before=$(readiness_count "$1")
  launch_avahi "$1"
  await_avahi "$1" "${before:-0}"
}

# --- commands -----------------------------------------------------------------------------------------------------

check() {
  local program
  [ "$(uname -s)" = Linux ] || die "network namespaces need Linux"
  [ "$(id -u)" = 0 ] || die "network namespaces need root"
  for program in avahi-daemon dbus-daemon ip tc nsenter unshare; do
    PATH=$PATH:/usr/sbin:/sbin command -v $program >/dev/null ||
      die "$program is missing: apt-get install avahi-daemon dbus iproute2 util-linux"
  done
  unshare --net --mount --uts --propagation private -- sh -ec '
    ip link add bridge0 type bridge
    ip link add veth0 type veth peer name veth1
    mount -t tmpfs lan-check /run' 2>/dev/null ||
    die "this machine's kernel or container allows no namespaces, bridges or virtual links"
}

hosts() { find "$LAN_DIR" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' 2>/dev/null | grep -x '[0-9]*' | sort -n; }

up() { # N [RATE]
  local count=$1 rate=${2:-} host
  { [ "$count" -ge 1 ] && [ "$count" -le $maximum_hosts ]; } 2>/dev/null || die "a LAN has 1 to $maximum_hosts hosts"
  check
  mkdir -p "$(dirname "$LAN_DIR")"
  mkdir "$LAN_DIR" 2>/dev/null || die "there is a LAN in $LAN_DIR already: lan.sh down"
  complete=
  trap '[ -n "$complete" ] || down' EXIT
  write_bus_configuration
  make_switch
  for ((host = 1; host <= count; host++)); do
    make_host $host
    [ -z "$rate" ] || limit $host "$rate"
    start_bus $host
    launch_avahi $host
  done
  for ((host = 1; host <= count; host++)); do await_avahi $host 0; done
  complete=yes
  status
}

down() {
  local host
  [ -f "$LAN_DIR/bus.conf" ] || {
    rmdir "$LAN_DIR" 2>/dev/null
    return 0
  }
  for host in $(hosts) $switch; do
    kill_members "$host"
    end "$LAN_DIR/$host/holder" KILL
  done
  rm -rf -- "${LAN_DIR:?}"
}

status() {
  local host
  for host in $(hosts); do
    printf 'h%s 10.77.0.%s holder=%s dbus=%s avahi=%s\n' "$host" "$host" "$(alive "$LAN_DIR/$host/holder")" \
      "$(alive "$LAN_DIR/$host/bus")" "$(alive "$LAN_DIR/$host/avahi")"
  done
}

crash() { # HOST
  holder "$1" >/dev/null || exit 1
  # First the link, so that nobody can say goodbye.
  on_network_of $switch ip link set "port$1" down
  kill_members "$1"
  on_network_of $switch ip link del "port$1"
  end "$LAN_DIR/$1/holder" KILL
}

boot() { # HOST
  is_gone "$LAN_DIR/$1/holder" || die "host $1 is running"
  [ -d "$LAN_DIR/$1" ] || die "there is no host $1 in $LAN_DIR"
  make_host "$1"
  start_bus "$1"
  start_avahi "$1"
}

PATH=$PATH:/usr/sbin:/sbin
[ $# -gt 0 ] || usage
command=$1
shift
case $command in
  check | up | down | status) ;;
  exec | avahi | dbus | crash | boot | cut | heal | rate | divide) [ $# -gt 0 ] || usage ;;
  *) usage ;;
esac

case $command in
  check) check ;;
  up) up "${1:-}" "${2:-}" ;;
  down) down ;;
  status) status ;;
  exec)
    process=$(holder "$1") || exit 1
    shift
    [ $# -gt 0 ] || usage
    exec nsenter --target "$process" --net --mount --uts --wdns="$PWD" -- "$@"
    ;;
  avahi)
    case ${2:-} in
      stop) end "$LAN_DIR/$1/avahi" ;;
      kill) end "$LAN_DIR/$1/avahi" KILL ;;
      start) start_avahi "$1" ;;
      restart)
        end "$LAN_DIR/$1/avahi"
        start_avahi "$1"
        ;;
      *) usage ;;
    esac
    ;;
  dbus)
    case ${2:-} in
      kill) end "$LAN_DIR/$1/bus" KILL ;;
      start) start_bus "$1" ;;
      *) usage ;;
    esac
    ;;
  crash) crash "$1" ;;
  boot) boot "$1" ;;
  cut) on_network_of $switch ip link set "port$1" down ;;
  heal) on_network_of $switch ip link set "port$1" up ;;
  rate) limit "$1" "${2:?RATE}" ;;
  divide) divide "$1" ;;
esac
