#!/usr/bin/env bash
# test-services.sh - gtach and a real systemd: services of releases are installed, updated, taken back, killed and cut off.
#
#   scripts/test-services.sh [GTACH]     a release build of this checkout by default (needs root, Linux)
#
# A machine with systemd as process 1 (lib-machine.sh) installs releases of a package with a service. Every step ends with a look
# at what runs: that systemd calls the service active, that its main process was started from the release that `current` leads
# to, and that nothing of another release runs. Updates succeed, crash in a loop until they are taken back, fail their
# self-test, are ended by SIGKILL and by the end of the whole machine at random instants; a rollback by hand, a release without
# a service, a foreign unit of the same name, and a user's own systemd are tried as well. Then packaging/install.sh puts a
# daemon without rights and its installer on the machine, and it is tried what each of them may do.
#
# It prints how long the service is down during an update, and how long it takes from a failed self-test to the previous release
# running again. Leaves nothing behind; two at once are safe. Exit status: 0 if all is as it should be.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. scripts/lib-machine.sh

why=$(machine_obstacle)
[ -z "$why" ] || die "$why"
have "$machine_systemd" || die "needs systemd: run scripts/install-dependencies.sh test"
binary=${1:-$(scripts/build.sh)}

work=$(scratch gtach-services)
cleanup() {
  machine_remove
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

failures=0
fail() {
  failures=$((failures + 1))
  note "FAILED: $*"
}

# --- the machine and what it installs -------------------------------------------------------------------------------

mkdir "$work/machine"
machine_make "$work/machine"
mkdir -p "$work/machine/program" "$work/machine/var/packages"
cp "$binary" "$work/machine/program/gtach"
printf 'pi:x:1000:1000:pi:/home/pi:/bin/sh\n' >>"$work/machine/etc/passwd"
printf 'pi:x:1000:\n' >>"$work/machine/etc/group"
mkdir -p "$work/machine/home/pi"
chown 1000:1000 "$work/machine/home/pi"

# package VERSION SERVICE SELFTEST [DEPENDENCIES]: a release whose service notes when it starts and is told to stop. SERVICE is
# "runs", "crashes" or "none"; SELFTEST is the status of the program that tests it. It fails with a lib that is broken, too.
package() {
  local tree=$work/machine/var/packages/$1 service=''
  mkdir -p "$tree/bin"
  # shellcheck disable=SC2016
  printf '%s\n' '#!/bin/sh' 'log=$GTACH_STATE_DIR/log' \
    'say() { read -r now rest </proc/uptime; echo "$1 '"$1"' $now" >>"$log"; }' \
    "trap 'say stops; exit 0' TERM" 'say starts' >"$tree/bin/run"
  if [ "$2" = crashes ]; then
    printf 'sleep 0.2\nexit 3\n' >>"$tree/bin/run"
  else
    # shellcheck disable=SC2016
    printf 'sleep infinity &\nwait $!\n' >>"$tree/bin/run"
  fi
  # shellcheck disable=SC2016
  printf '%s\n' '#!/bin/sh' 'read -r now rest </proc/uptime' "[ $3 = 0 ] || echo \"fails $1 \$now\" >>../../../state/app/log" \
    '[ ! -e ../../../current/lib/broken ] || exit 1' "exit $3" >"$tree/bin/selfcheck"
  chmod 755 "$tree/bin/run" "$tree/bin/selfcheck"
  cat >"$tree/app.service" <<'UNIT'
[Unit]
Description=A service that is updated
[Service]
ExecStart=/opt/gtach/current/app/bin/run
WorkingDirectory=/opt/gtach/current/app
Restart=on-failure
RestartSec=100ms
[Install]
WantedBy=multi-user.target
UNIT
  [ "$2" = none ] || service='"service": "app.service", "stableSeconds": 2,'
  cat >"$tree/gtach.json" <<DESCRIPTION
{ "name": "app", "version": "$1", "dependencies": { ${4:-} }, "install": { $service "timeoutSeconds": 20 },
  "selfTest": [ { "command": { "run": ["bin/selfcheck"], "timeoutSeconds": 5 } } ] }
DESCRIPTION
}

package 1.0.0 runs 0
package 1.1.0 runs 0
package 1.2.0 runs 0
package 2.0.0 crashes 0
package 3.0.0 runs 1
package 4.0.0 none 0
package 5.0.0 runs 0 '"lib": "*"'
for version in 1.0.0 2.0.0 3.0.0; do
  mkdir -p "$work/machine/var/packages/lib-$version"
  printf '{ "name": "lib", "version": "%s" }\n' "$version" >"$work/machine/var/packages/lib-$version/gtach.json"
done
touch "$work/machine/var/packages/lib-3.0.0/broken"

# --- looking --------------------------------------------------------------------------------------------------------

apps=/var/gtach/apps
home=/var/gtach
gtach() { machine_run gtach --home "$home" "$@"; }

# What a property of the service is.
property() { machine_run systemctl show --property="$1" --value "${2:-app.service}"; }

# expect_runs VERSION: exactly the service of that release runs, and it is what is active.
expect_runs() {
  local main directory processes place=$work/machine$apps
  [ "$(property ActiveState)" = active ] || fail "$step: app.service is $(property ActiveState), not active"
  main=$(property MainPID)
  directory=$(machine_run readlink "/proc/$main/cwd" || true)
  [ "$directory" = "$apps/releases/app/$1" ] || fail "$step: the service runs in \"$directory\", not in that of $1"
  # shellcheck disable=SC2016
  processes=$(machine_run sh -c 'for p in /proc/[0-9]*; do readlink "$p/cwd"; done' 2>/dev/null |
    grep -c "^$apps/releases/app/" || true)
  # The program, and the "sleep" that it waits for.
  [ "$processes" = 2 ] || fail "$step: $processes processes run in releases of app, not 2"
  [ "$(readlink "$place/current/app")" = "../../releases/app/$1" ] || fail "$step: current leads to $(readlink "$place/current/app")"
  [ -L "$work/machine/etc/systemd/system/multi-user.target.wants/app.service" ] || fail "$step: nothing starts it at boot"
  [ ! -e "$place/journal.json" ] || fail "$step: a journal is left"
  [ -z "$(find "$work/machine/etc/systemd/system" -name '*.gtach')" ] || fail "$step: a draft of a unit file is left"
}

# expect_exit STATUS COMMAND...
expect_exit() {
  local wanted=$1 status=0
  shift
  "$@" >"$work/out" 2>&1 || status=$?
  if [ "$status" != "$wanted" ]; then
    fail "$step: \"$*\" ended with $status, not $wanted"
    cat "$work/out" >&2
  fi
}

# since EVENT1 VERSION1 EVENT2 VERSION2: the milliseconds between the last of either that the services noted.
since() {
  awk -v a="$1 $2" -v b="$3 $4" '$1 " " $2 == a { from = $3 } $1 " " $2 == b { to = $3 }
    END { printf "%d", (to - from) * 1000 + 0.5 }' "$work/machine$apps/state/app/log"
}

# --- the steps ------------------------------------------------------------------------------------------------------

began=$SECONDS
machine_boot
step="packing"
gtach init --fleet services --quiet >/dev/null
for tree in "$work/machine/var/packages/"*; do
  gtach pack "/var/packages/${tree##*/}" --fast --quiet >/dev/null 2>&1 || die "cannot pack ${tree##*/}"
done

step="a foreign unit"
printf '[Service]\nExecStart=/bin/true\n' >"$work/machine/etc/systemd/system/app.service"
expect_exit 78 gtach install app@1.0.0
grep -q ExecStart=/bin/true "$work/machine/etc/systemd/system/app.service" || fail "$step: it was changed"
rm "$work/machine/etc/systemd/system/app.service"

step="a first installation"
expect_exit 0 gtach install app@1.0.0
expect_runs 1.0.0

step="a service that somebody stopped, which has to be seen"
machine_run systemctl stop app.service
expect_runs 1.0.0 2>/dev/null
[ "$failures" -ge 3 ] || die "the test does not see that a service is down: nothing it says means anything"
failures=0
machine_run systemctl start app.service
expect_runs 1.0.0

step="an update"
expect_exit 0 gtach install app@1.1.0
expect_runs 1.1.0
downtime=$(since stops 1.0.0 starts 1.1.0)

step="an update that crashes"
expect_exit 20 gtach install app@2.0.0
expect_runs 1.1.0
grep -q "app.service runs" "$work/out" || fail "$step: the result does not say that the service runs again"
grep -q "started again" "$work/out" || fail "$step: the result does not say why"

step="an update that fails its self-test"
expect_exit 20 gtach install app@3.0.0
expect_runs 1.1.0
back=$(since fails 3.0.0 starts 1.1.0)

step="a rollback by hand"
expect_exit 0 gtach rollback app
expect_runs 1.0.0
expect_exit 0 gtach install app@1.1.0
expect_runs 1.1.0

step="a self-test of services"
printf '{"selfTest": [{"service": {"unit": "app.service", "stableSeconds": 1}}]}' >"$work/machine/var/plan.json"
expect_exit 0 gtach selftest --plan /var/plan.json
printf '{"selfTest": [{"service": {"unit": "none.service", "stableSeconds": 1}}]}' >"$work/machine/var/plan.json"
expect_exit 21 gtach selftest --plan /var/plan.json

# Where it ends by itself, it takes about 5 seconds.
next=1.2.0 active=1.1.0 kills=0 committed=0 interrupted=0
settle() {
  local before=$active
  gtach status >/dev/null 2>&1 || fail "$step: gtach status ended with $?"
  active=$(readlink "$work/machine$apps/current/app")
  active=${active##*/}
  [ "$active" = "$before" ] || committed=$((committed + 1))
  expect_runs "$active"
  [ "$active" = 1.1.0 ] && next=1.2.0 || next=1.1.0
}
# signal NAME: gives it to gtach itself, and not to what enters the namespaces for it.
signal() {
  local process
  # shellcheck disable=SC2016
  for process in $(machine_run sh -c 'for p in /proc/[0-9]*; do [ "$(readlink "$p/exe")" != /program/gtach ] || echo "${p#/proc/}"; done'); do
    machine_run kill "-$1" "$process" 2>/dev/null || true
    [ "$1" != KILL ] || kills=$((kills + 1))
  done
}
for round in 1 2 3 4 5; do
  step="SIGKILL, round $round"
  gtach install "app@$next" >/dev/null 2>&1 &
  sleep "$((RANDOM % 3)).$((RANDOM % 10))"
  signal KILL
  wait $! 2>/dev/null || true
  settle
done
for round in 1 2 3 4 5; do
  step="Ctrl-C, round $round"
  gtach install "app@$next" >"$work/out" 2>&1 &
  command=$!
  sleep "$((RANDOM % 3)).$((RANDOM % 10))"
  signal INT
  status=0
  wait "$command" || status=$?
  case $status in
  0) was=$next ;;
  75) was=$active interrupted=$((interrupted + 1)) ;;
  *) fail "$step: it ended with $status" && cat "$work/out" >&2 ;;
  esac
  # No other gtach was started since: what runs is what it left.
  expect_runs "$was"
  settle
  [ "$active" = "$was" ] || fail "$step: $active is active, and was said to be $was"
done
for round in 1 2 3 4; do
  step="the end of the machine, round $round"
  gtach install "app@$next" >/dev/null 2>&1 &
  command=$!
  sleep "$((RANDOM % 3)).$((RANDOM % 10))"
  machine_cut
  wait "$command" 2>/dev/null || true
  machine_boot
  settle
done

step="an update of what a service needs"
expect_exit 0 gtach install lib@1.0.0
expect_exit 0 gtach install app@5.0.0
main=$(property MainPID)
expect_exit 0 gtach install lib@2.0.0
grep -q 'app@5.0.0 works with it' "$work/out" || fail "$step: the result does not say that it was tried"
expect_runs 5.0.0
[ "$(property MainPID)" != "$main" ] || fail "$step: its service was not started anew"
expect_exit 20 gtach install lib@3.0.0
[ "$(readlink "$work/machine$apps/current/lib")" = ../../releases/lib/2.0.0 ] || fail "$step: lib did not go back"
expect_runs 5.0.0
machine_run systemctl stop app.service
expect_exit 0 gtach rollback lib
[ "$(property ActiveState)" = inactive ] || fail "$step: a service that was stopped was started"
machine_run systemctl start app.service
expect_exit 0 gtach install "app@$active"
expect_runs "$active"

step="a release without a service"
expect_exit 0 gtach install app@4.0.0
[ "$(property LoadState)" = not-found ] || fail "$step: systemd still knows the service"
[ ! -e "$work/machine/etc/systemd/system/app.service" ] || fail "$step: its unit file is left"
[ ! -L "$work/machine/etc/systemd/system/multi-user.target.wants/app.service" ] || fail "$step: its link is left"
expect_exit 0 gtach rollback app
expect_runs "$active"

step="without services"
expect_exit 0 gtach install app@4.0.0
expect_exit 0 gtach install app@1.2.0 --no-service
[ "$(property LoadState)" = not-found ] || fail "$step: systemd knows the service"

step="a user's own systemd"
cat >"$work/machine/etc/systemd/system/user.service" <<UNIT
[Service]
Type=notify
User=pi
ExecStart=$machine_systemd --user
Environment=HOME=/home/pi XDG_RUNTIME_DIR=/run/user/1000
RuntimeDirectory=user/1000
Delegate=yes
UNIT
machine_run systemctl daemon-reload
expect_exit 0 machine_run systemctl start user.service
as_pi() {
  machine_run setpriv --reuid 1000 --regid 1000 --clear-groups env HOME=/home/pi XDG_RUNTIME_DIR=/run/user/1000 "$@"
}
as_pi gtach init --fleet pi --quiet >/dev/null 2>&1 || fail "$step: gtach init ended with $?"
for version in 1.0.0 1.1.0 2.0.0; do
  as_pi gtach pack "/var/packages/$version" --fast --quiet >/dev/null 2>&1 || fail "$step: cannot pack $version"
done
expect_exit 0 as_pi gtach install app@1.0.0
expect_exit 0 as_pi gtach install app@1.1.0
expect_exit 20 as_pi gtach install app@2.0.0
main=$(as_pi systemctl --user show --property=MainPID --value app.service)
directory=$(machine_run readlink "/proc/$main/cwd" || true)
[ "$directory" = /home/pi/.gtach/apps/releases/app/1.1.0 ] || fail "$step: the service runs in \"$directory\""

# --- a daemon without rights, and its installer -----------------------------------------------------------------------

step="packaging"
tar -C scripts -cf - packaging | tar -C "$work/machine/var" -xf -
expect_exit 0 machine_run /var/packaging/install.sh /program/gtach
apps=/opt/gtach home=/var/lib/gtach
# as_user NUMBER COMMAND...
as_user() {
  local user=$1
  shift
  machine_run setpriv --reuid "$user" --regid "$user" --clear-groups "$@"
}
as_daemon() { as_user "$(machine_run id -u gtach)" "$@"; }
through_daemon() { as_daemon /usr/local/bin/gtach --home "$home" "$@"; }
expect_exit 1 machine_run /var/packaging/install.sh trust
through_daemon init --fleet pi --quiet >/dev/null 2>&1 || fail "$step: gtach init ended with $?"
for version in 1.0.0 1.1.0 2.0.0; do
  through_daemon pack "/var/packages/$version" --fast --quiet >/dev/null 2>&1 || fail "$step: cannot pack $version"
done
expect_exit 0 machine_run systemctl start gtach-installer.socket

step="an installer without a root of trust"
expect_exit 78 through_daemon install app@1.0.0
expect_exit 0 machine_run /var/packaging/install.sh trust

step="orders"
expect_exit 0 machine_run systemctl start gtach-installer.service gtach-node.service
expect_exit 0 through_daemon install app@1.0.0
expect_runs 1.0.0
expect_exit 0 through_daemon install app@1.1.0
expect_runs 1.1.0
expect_exit 20 through_daemon install app@2.0.0
expect_runs 1.1.0
expect_exit 0 through_daemon rollback app
expect_runs 1.0.0
expect_exit 0 through_daemon status

step="what the daemon may not"
for place in /opt/gtach /opt/gtach/releases /etc/systemd/system /etc/gtach/config.json /var/lib/gtach-installer \
  /usr/local/bin/gtach; do
  expect_exit 1 as_daemon test -w "$place"
done
# Nor may root in the sandbox of its unit: it may write to its own home and nothing else.
may_write() { machine_run nsenter --target "$1" --mount -- sh -c "touch $2/probe 2>/dev/null && rm $2/probe"; }
daemon=$(property MainPID gtach-node.service)
expect_exit 0 may_write "$daemon" /var/lib/gtach
for place in /opt/gtach /etc /usr/local/bin /root /var; do
  ! may_write "$daemon" "$place" || fail "$step: its sandbox lets it write to $place"
done

step="what the installer may not"
expect_exit 0 machine_run systemctl start gtach-installer.service
installer=$(property MainPID gtach-installer.service)
expect_exit 0 may_write "$installer" /opt/gtach
for place in /var/lib/gtach /usr/local/bin /root /var; do
  ! may_write "$installer" "$place" || fail "$step: its sandbox lets it write to $place"
done
[ "$(machine_run nsenter --target "$installer" --net -- ip -brief link | wc -l)" = 1 ] || fail "$step: it has a network"
[ "$(property RestrictAddressFamilies gtach-installer.service)" = AF_UNIX ] || fail "$step: it may have other sockets"

step="a user who may not order"
mkdir "$work/machine/home/pi/foreign"
printf '{"installer": "/run/gtach/installer.sock", "installRoot": "/opt/gtach"}' >"$work/machine/home/pi/foreign/config.json"
chown -R 1000:1000 "$work/machine/home/pi/foreign"
foreign() { as_user 1000 /usr/local/bin/gtach --home /home/pi/foreign "$@"; }
foreign init --fleet pi --quiet >/dev/null 2>&1
foreign pack /var/packages/1.1.0 --fast --quiet >/dev/null 2>&1
expect_exit 77 foreign install app@1.1.0
# Even where somebody has opened the socket to all.
machine_run chmod 666 /run/gtach/installer.sock
expect_exit 77 foreign install app@1.1.0
grep -q 'user 1000 may not' "$work/out" || fail "$step: it was refused for another reason"
expect_runs 1.0.0

step="a release that was tampered with"
through_daemon pack /var/packages/1.2.0 --fast --quiet >/dev/null 2>&1 || fail "$step: cannot pack"
expect_exit 0 machine_run systemctl stop gtach-node.service
find "$work/machine/var/lib/gtach/repository/chunks" -type f | while read -r chunk; do
  printf 'something else' >"$chunk"
done
# What a daemon that was taken over would order, without a look at its own repository.
machine_run python3 -c '
import socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect("/run/gtach/installer.sock")
connection.sendall(b"{\"activate\":{\"releases\":[{\"name\":\"app\",\"version\":\"1.2.0\",\"isForced\":true,\"isDependency\":false}]}}\n")
sys.stdout.write(connection.makefile().read())' >"$work/out" 2>&1 || fail "$step: the order cannot be given"
grep -q '"chunk-corrupt"' "$work/out" || { fail "$step: the installer did not say so"; cat "$work/out" >&2; }
[ ! -e "$work/machine/opt/gtach/releases/app/1.2.0" ] || fail "$step: it was installed"
expect_runs 1.0.0

echo "service down during an update: $downtime ms; from the failed self-test to the release before running: $back ms;" \
  "$interrupted updates were interrupted, $kills times gtach was killed and 4 times the machine, $committed of these updates were committed; $((SECONDS - began)) s"
[ "$failures" = 0 ] || die "$failures failures"
