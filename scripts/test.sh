#!/usr/bin/env bash
# test.sh - installs what is missing and runs the tests, tier by tier.
#
#   scripts/test.sh [--verbose] [TIER...]     every tier where none is named, in this order:
#
#   format     swift format and shellcheck have nothing to say
#   purity     the targets keep to the house's rules (check-purity.sh)
#   unit       every Swift test: pure targets, and real daemons, files and TLS on loopback; warnings are errors
#   interop    python-tuf and casync read what gtach publishes and exports, and gtach what casync makes; a client in
#              Python, written after Protocol/README.md, speaks with a daemon
#   dissector  tshark names all of a captured session (Linux; root, or user namespaces)
#   simulate   200 seeds of a swarm in virtual time, with every fault there is, and the makespans that the policy promises
#   lan        hosts in network namespaces, each with its own Avahi (Linux, root)
#   gpio       libgpiod on simulated lines, in a small virtual machine (Linux on x86-64)
#   power-cut  updates in a virtual machine that is killed at 50 random instants and booted again (Linux on x86-64)
#   services   services of releases under a real systemd in namespaces: updates, rollbacks, SIGKILL (Linux, root)
#   debian13   the unit tier and a release build in a Debian 13 root, as on a Pi (Linux, root; debian13.sh), and that build
#              in the virtual machine of the gpio tier, with libgpiod 2
#   demo       scripts/demo.sh
#
# A tier's output goes to a log that is shown where it fails, or as it comes with --verbose. It ends with why tiers failed,
# and a table of tiers, results and seconds. A tier that this machine cannot run is skipped, with its reason; where CI=true
# that is a failure. Exit status: 0 if nothing failed. Two runs at once are safe; what stays behind is .build and
# the cache in ${XDG_CACHE_HOME:-~/.cache}/gtach (a Debian 13 root, a kernel, Python wheels).
set -eu
. "$(dirname "$0")/lib.sh"

every_tier='format purity unit interop dissector simulate lan gpio power-cut services debian13 demo'

tier_format() {
  swift format lint --strict --recursive Package.swift Sources Tests
  if have shellcheck; then
    shellcheck --external-sources --source-path=SCRIPTDIR --source-path=. scripts/*.sh scripts/bench/*.sh scripts/packaging/*.sh .ci/run
  fi
}
tier_purity() { scripts/check-purity.sh; }
tier_unit() { scripts/build.sh test; }
tier_interop() {
  scripts/test-interop.sh
  scripts/test-protocol.sh
}
tier_dissector() { scripts/test-dissector.sh; }
tier_simulate() { scripts/test-simulate.sh; }
tier_lan() { scripts/test-lan.sh && scripts/test-networks.sh; }
tier_gpio() { scripts/test-gpio.sh; }
tier_power-cut() { scripts/power-cut.sh --cuts 50; }
tier_services() { scripts/test-services.sh; }
tier_debian13() {
  scripts/debian13.sh scripts/build.sh test
  # With the libraries of that root, the binary runs anywhere: here, in the virtual machine, against libgpiod 2.
  # shellcheck disable=SC2016
  scripts/debian13.sh sh -euc '
    binary=$(scripts/build.sh release)
    "$binary" --version
    rm -rf /build/other
    mkdir /build/other
    cp "$binary" /build/other/
    ldd "$binary" | sed -nE "s/.* => (\/[^ ]+) .*/\1/p; s/^[[:space:]]+(\/[^ ]+) .*/\1/p" | xargs cp -Lt /build/other'
  [ "$(uname -m)" != x86_64 ] || scripts/test-gpio.sh .build/debian-13/other
}
tier_demo() { scripts/demo.sh; }

# Why this machine cannot run a tier; nothing where it can.
obstacle() {
  local os
  os=$(uname -s)
  case $1 in
    lan) scripts/lan.sh check 2>&1 | sed 's/^lan.sh: //' ;;
    services) (. scripts/lib-machine.sh && machine_obstacle) ;;
    debian13)
      if [ "$os" != Linux ]; then
        echo "needs Linux, this is $os"
      elif [ "$(id -u)" != 0 ]; then
        echo "needs root, for a root directory and mounts of its own"
      elif ! unshare --mount --net --pid --fork true 2>/dev/null; then
        echo "this machine's kernel or container allows no namespaces"
      fi ;;
    dissector) [ "$os" = Linux ] || echo "needs Linux, this is $os" ;;
    gpio | power-cut) [ "$os-$(uname -m)" = Linux-x86_64 ] || echo "needs Linux on x86-64, this is $os on $(uname -m)" ;;
  esac
}

# Runs a tier in a process group of its own, out of reach of the terminal's Ctrl-C, which ends it through `finish`.
run() {
  local tier=$1 log=$logs/$1.log began=$SECONDS result=passed why
  why=$(obstacle "$tier")
  if [ -n "$why" ]; then
    result=skipped
    [ "${CI:-}" != true ] || failed=yes
  else
    echo "== $tier"
    set -m
    if [ "$verbose" = yes ]; then
      (set -e; "tier_$tier") < /dev/null > >(tee "$log") 2>&1 &
    else
      (set -e; "tier_$tier") < /dev/null > "$log" 2>&1 &
    fi
    running=$!
    set +m
    wait "$running" || { result=FAILED failed=yes; }
    running=
    # The end of a long output is what is seen of it, so the table has beside it why a tier failed.
    if [ "$result" = FAILED ]; then
      reasons="$reasons$(printf '\n== %s failed:\n' "$tier"; (grep -E '^✘|error:|\.sh: |panicked|Fatal error' "$log" || tail -n 20 "$log") | cut -c1-400 | tail -n 30)
"
    fi
    if [ "$verbose" = no ]; then
      if [ "$result" = FAILED ]; then grep -vE '^\[[0-9]+/[0-9]+\] ' "$log" || true; else grep -E 'Test run with [0-9]+ tests?' "$log" || true; fi
    fi
  fi
  table="$table$(printf '%-10s %-8s %7d  %s' "$tier" "$result" $((SECONDS - began)) "$why")
"
}

descendants() {
  local child
  for child in $(ps -A -o pid= -o ppid= | awk -v parent="$1" '$2 == parent { print $1 }'); do
    echo "$child"
    descendants "$child"
  done
}

# Ends what still runs: first politely, as a tier may have things of its own to remove. SwiftPM puts the tests into a
# process group of their own, so a group would not be all of it.
finish() {
  local root processes tries
  for root in $running $preparing; do
    processes="$root $(descendants "$root")"
    # shellcheck disable=SC2086
    for ((tries = 0; tries < 200; tries++)); do
      [ "$tries" != 0 ] || kill -TERM $processes 2>/dev/null || true
      kill -0 $processes 2>/dev/null || break
      sleep 0.1
    done
    # shellcheck disable=SC2086
    kill -KILL $processes 2>/dev/null || true
  done
  rm -rf "$logs"
}

verbose=no failed=no running='' preparing='' table='' reasons=''
if [ "${1:-}" = --verbose ]; then verbose=yes; shift; fi
# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $every_tier
for tier; do
  case " $every_tier " in *" $tier "*) ;; *) die "no tier is called \"$tier\"; there are $every_tier" ;; esac
done

scripts/install-dependencies.sh test
logs=$(scratch gtach-test)
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A Debian 13 root is mostly waiting for downloads: it is made while the other tiers run.
if [[ " $* " = *" debian13 "* && -z "$(obstacle debian13)" ]]; then
  set -m
  scripts/debian13.sh true < /dev/null > "$logs/root.log" 2>&1 &
  preparing=$!
  set +m
fi
for tier; do
  run "$tier"
done
printf '%s' "$reasons"
printf '\n%-10s %-8s %7s\n%s' tier result seconds "$table"
[ "$failed" = no ]
