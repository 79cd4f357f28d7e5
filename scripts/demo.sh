#!/usr/bin/env bash
# demo.sh - the main job, end to end: three releases travel from a developer's machine to three Pis.
#
#   scripts/demo.sh [--loopback] [--keep]
#
# Installs what is missing and builds; then a developer node `dev` and the nodes pi-1, pi-2 and pi-3 run, and `dev`
# packs gpiozero, a real library for the Raspberry Pi, as PyPI has it:
#   1.6.2   reaches two Pis and is installed: a hook imports it, its self-tests read and drive GPIO lines; the third Pi
#           joins afterwards and fetches it from all three
#   2.0.0   follows, with nobody typing anything on a Pi
#   2.0.1   has a self-test that the hardware fails: every Pi takes it back and keeps 2.0.0
# Exit status: 0 only if each of these outcomes was seen on each Pi, in its status and on its disk.
#
# As root on Linux the nodes are hosts in network namespaces with an Avahi each (lan.sh); otherwise, and with
# --loopback, they are processes on 127.0.0.1 that are told each other's addresses. Nothing is sent on the machine's
# own interfaces. The Pis' GPIO lines are simulated (demo/board.json).
# Everything is in one temporary directory, removed at the end; --keep leaves the nodes' homes to look at.
# GTACH_BINARY=FILE uses a binary that was built elsewhere.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

limit_seconds=120
pis='pi-1 pi-2 pi-3'
nodes="dev $pis"
library=gpiozero
accepted='>=1.6 <3'

mode=lan keep=no
for option; do
  case $option in
    --loopback) mode=loopback ;;
    --keep) keep=yes ;;
    *) die "usage: demo.sh [--loopback] [--keep]" ;;
  esac
done

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi
step() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
say() { printf '%s\n' "$*"; }

# --- what it needs ---------------------------------------------------------------------------------------------------

scripts/install-dependencies.sh demo
gtach=${GTACH_BINARY:-$(scripts/build.sh release | tail -1)}
old_library=$(scripts/python-packages.sh --no-deps gpiozero==1.6.2 colorzero==2.0)
new_library=$(scripts/python-packages.sh --no-deps gpiozero==2.0 colorzero==2.0)

why=''
if [ "$mode" = lan ] && ! why=$(scripts/lan.sh check 2>&1); then
  mode=loopback
fi

# --- what it leaves ---------------------------------------------------------------------------------------------------

work=$(scratch gtach-demo)
export LAN_DIR=$work/lan
daemons='' watchers=''
end() {
  local pid
  for pid; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid; do wait "$pid" 2>/dev/null || true; done
}
# shellcheck disable=SC2086
finish() {
  end $daemons
  end $watchers
  [ "$mode" = loopback ] || scripts/lan.sh down
  if [ "$keep" = yes ]; then say "the nodes' homes are in $work"; else chmod -R u+w "$work" && rm -rf "$work"; fi
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --- nodes ------------------------------------------------------------------------------------------------------------

home() { echo "$work/$1"; }

# Sets `on` to the command's prefix that runs it on a node's host; `env` changes nothing.
host() {
  local node number=0
  for node in $nodes; do
    number=$((number + 1))
    [ "$node" != "$1" ] || break
  done
  if [ "$mode" = lan ]; then on=(scripts/lan.sh exec "$number"); else on=(env); fi
}

# at NODE ARGUMENT...: runs gtach there.
at() {
  host "$1"
  "${on[@]}" "$gtach" --home "$(home "$1")" "${@:2}"
}

# The lines of a command that is run for a node, signed with the node's name.
show() {
  local line
  while IFS= read -r line; do printf '%s%-5s%s %s\n' "$dim" "$1" "$plain" "$line"; done
}

# wait_for WHAT COMMAND...: tries until it succeeds.
wait_for() {
  local began=$SECONDS
  until "${@:2}"; do
    [ $((SECONDS - began)) -lt "$limit_seconds" ] || die "gave up after $limit_seconds s: $1"
    sleep 0.3
  done
}

# status NODE QUESTION...: asks observe.py about a node's status.
status() { at "$1" status --json | python3 scripts/demo/observe.py "${@:2}"; }

# Runs a node's daemon. It must be this shell's own child, so that it can be ended by its pid.
start() {
  local node=$1 log=$work/$1.log
  host "$node"
  set -- --home "$(home "$node")" --json node
  [ "$mode" = lan ] || set -- "$@" --no-mdns
  "${on[@]}" "$gtach" "$@" </dev/null >"$log" 2>&1 &
  daemons="$daemons $!"
  python3 scripts/demo/observe.py follow "$node" "$log" &
  watchers="$watchers $!"
  wait_for "the daemon of $node" status "$node" runs
}

# Makes a Pi a member of the fleet and starts its daemon.
enrol() {
  local token
  token=$(at dev --quiet invite "$1" | tail -1)
  at "$1" --quiet join "$token" | show "$1"
  start "$1"
}

# A node's config.json. On a LAN nodes listen everywhere and find each other; on loopback each is told where.
configure() {
  local node=$1 other address listen='' peers='' fields=''
  if [ "$mode" = loopback ]; then
    # shellcheck disable=SC2086
    set -- $ports
    for other in $nodes; do
      address="\"127.0.0.1:$1\""
      shift
      if [ "$other" = "$node" ]; then listen=$address; else peers="$peers${peers:+, }$address"; fi
    done
    fields="\"listen\": $listen, \"peers\": [$peers]"
  fi
  if [ "$node" != dev ]; then
    cp scripts/demo/board.json "$(home "$node")/board.json"
    fields="$fields${fields:+, }\"autoInstall\": { \"$library\": \"$accepted\" },
  \"autoUpdate\": [\"patch\", \"minor\", \"breaking\"], \"gpio\": { \"mayDrive\": [\"GPIO17\"] }, \"allowMock\": true, \"mock\": \"$(home "$node")/board.json\""
  fi
  printf '{ %s }\n' "$fields" >"$(home "$node")/config.json"
}

# --- releases ---------------------------------------------------------------------------------------------------------

# release VERSION LIBRARY LEVEL: packs it at dev; LEVEL is what its self-test expects of GPIO4, which is 1.
release() {
  local version=$1 tree=$work/tree-$1
  mkdir "$tree"
  cp -R "$2"/gpiozero* "$2"/colorzero* scripts/demo/package/bin "$tree/"
  cat >"$tree/gtach.json" <<END
{ "name": "$library", "version": "$version", "license": "BSD-3-Clause",
  "description": "A simple interface to GPIO devices with Raspberry Pi",
  "install": { "postInstall": "bin/installed", "timeoutSeconds": 30 },
  "selfTest": [
    { "gpio.loopback": { "output": "GPIO17", "input": "GPIO27" } },
    { "gpio.level": { "line": "GPIO4", "expect": $3, "bias": "pull-up" } },
    { "command": { "run": ["bin/selfcheck"], "timeoutSeconds": 30 } } ] }
END
  at dev pack "$tree" 2>&1 | show dev
}

# until_installed NODES VERSION [REFUSED]: waits until each of the nodes stands there.
until_installed() {
  local node standing="$library $2${3:+ and refuses $3}" began=$SECONDS
  for node in $1; do
    wait_for "$node at $standing" status "$node" stands "${@:2}"
  done
  say "at $standing after $((SECONDS - began)) s: $1"
}

# imported_on_every_pi LIBRARY_VERSION RELEASE: that version is what python3 imports from the install root, and what
# the hook of the active release imported.
imported_on_every_pi() {
  local pi apps found
  for pi in $pis; do
    apps=$(home "$pi")/apps
    found=$(PYTHONPATH=$apps/current/$library PYTHONDONTWRITEBYTECODE=1 \
      python3 -c "import $library; from importlib.metadata import version; print(version('$library'))")
    [ "$found" = "$1" ] || die "$pi: python3 imports $library $found from the install root, not $1"
    found=$(cat "$apps/state/$library/imported")
    [ "$found" = "$library $1 from $apps/releases/$library/$2/$library" ] || die "$pi: its hook last wrote: $found"
  done
}

# --- the run ----------------------------------------------------------------------------------------------------------

if [ "$mode" = lan ]; then
  step "Four hosts in network namespaces, each with its own Avahi"
  scripts/lan.sh up 4
else
  step "Four processes on loopback with static peers, without Avahi${why:+ (${why#lan.sh: })}"
  ports=$(python3 scripts/demo/observe.py ports 4)
fi

for node in $nodes; do
  mkdir "$(home "$node")"
  configure "$node"
done

step "A fleet, and an invitation for two of the Pis"
at dev --quiet init --fleet workshop --node dev | show dev
start dev
enrol pi-1
enrol pi-2

step "Release 1: $library 1.6.2"
release 1.6.2 "$old_library" 1
until_installed 'pi-1 pi-2' 1.6.2

step "pi-3 joins late, and fetches it from everybody who has it by now"
enrol pi-3
until_installed pi-3 1.6.2
imported_on_every_pi 1.6.2 1.6.2

step "Release 2: $library 2.0.0, and nobody types anything"
release 2.0.0 "$new_library" 1
until_installed "$pis" 2.0.0
imported_on_every_pi 2.0 2.0.0

step "Release 3: $library 2.0.1, whose self-test expects another hardware"
release 2.0.1 "$new_library" 0
until_installed "$pis" 2.0.0 2.0.1
imported_on_every_pi 2.0 2.0.0

# What they still have to say is shown; then their logs are complete.
sleep 0.3
# shellcheck disable=SC2086
end $watchers $daemons
daemons='' watchers=''

step "What happened, on $([ "$mode" = lan ] && echo 'hosts in network namespaces with Avahi' || echo 'loopback with static peers'):"
# shellcheck disable=SC2046
python3 scripts/demo/observe.py table $(for pi in $pis; do echo "$work/$pi.log"; done) ||
  die "this is not what the demo is to show"
