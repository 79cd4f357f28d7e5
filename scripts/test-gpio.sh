#!/usr/bin/env bash
# test-gpio.sh - every kind of self-test against simulated GPIO lines, through libgpiod, in a small virtual machine.
#
#   scripts/test-gpio.sh [GTACH]     the binary to test; a release build of this checkout by default
#   scripts/test-gpio.sh DIR         DIR/gtach, of another system: with the libraries and the loader in DIR, and no others
#
# The cases below run in one boot of scripts/gpio-vm.sh. Each is a plan of one check, and what has to come of it.
set -eu
. "$(dirname "$0")/lib.sh"

binary=${1:-$(scripts/build.sh)}
work=$(scratch gtach-test-gpio)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$work/usr/bin"
if [ -d "$binary" ]; then
  mkdir -p "$work/usr/lib/other"
  cp "$binary"/* "$work/usr/lib/other/"
  loader=$(cd "$binary" && echo ld-linux*)
  cat > "$work/usr/bin/gtach" <<END
#!/bin/sh
exec /usr/lib/other/$loader --library-path /usr/lib/other /usr/lib/other/gtach "\$@"
END
  chmod +x "$work/usr/bin/gtach"
  note "$(cd "$binary" && echo libgpiod*)"
else
  cp "$binary" "$work/usr/bin/gtach"
  note "$(ldd "$binary" | grep -o 'libgpiod[^ ]*' | head -1)"
fi

cat > "$work/cases" <<'END'
failures=0
cases=0
wires=''
sim=/sim/pinctrl-sim
gone="No such device"

# expect passed|WORD|TEXT CHECK [MAYDRIVE]: runs a plan of one check. WORD is the error's code, TEXT stands in `actual`.
expect() {
  cases=$((cases + 1))
  echo "{ \"selfTest\": [ $2 ], \"mayDrive\": [ ${3:-} ] }" > /tmp/plan.json
  gtach selftest --plan /tmp/plan.json --json > /tmp/report.json 2> /tmp/errors
  status=$?
  case $1 in
    passed) [ $status = 0 ] && grep -q '"passed" *: *true' /tmp/report.json ;;
    *) [ $status = 21 ] && grep -q '"passed" *: *false' /tmp/report.json && grep -qF -- "$1" /tmp/report.json ;;
  esac && grep -q '"mock" *: *false' /tmp/report.json && { echo "ok $2: $1"; return; }
  echo "NOT OK $2: expected \"$1\", the exit status was $status:"
  cat /tmp/report.json /tmp/errors
  failures=$((failures + 1))
}

# Whether a line is an input.
expect_input() {
  cases=$((cases + 1))
  gpioinfo | grep "\"$1\"" | grep -q 'input' && { echo "ok $1 is an input"; return; }
  echo "NOT OK $1 is not an input:"
  gpioinfo
  failures=$((failures + 1))
}

wire() { /usr/lib/gtach/jumper "$sim/$1" "$sim/$2" & wires="$wires $!"; }
cut_wires() { for process in $wires; do kill "$process"; wait "$process" 2>/dev/null; done; wires=''; }

loopback='{ "gpio.loopback": { "output": "GPIO17", "input": "GPIO27" } }'
wire GPIO17 GPIO27
expect passed "$loopback" '"GPIO17"'
expect_input GPIO17
expect passed "$loopback" '"pinctrl-sim:0"'
expect gpio-line-forbidden "$loopback"
expect gpio-line-forbidden "$loopback" '"GPIO27", "NC", "GPIO99"'
cut_wires
expect 'no wire between GPIO17 and GPIO27' "$loopback" '"GPIO17"'
expect_input GPIO17
while :; do echo pull-down > $sim/GPIO27/pull; usleep 500; done & wires=$!
expect 'GPIO27 is stuck at 0' "$loopback" '"GPIO17"'
cut_wires
while :; do echo pull-up > $sim/GPIO27/pull; usleep 500; done & wires=$!
expect 'GPIO27 is stuck at 1' "$loopback" '"GPIO17"'
cut_wires

echo pull-up > $sim/GPIO4/pull
expect passed '{ "gpio.level": { "line": "GPIO4", "expect": 1 } }'
expect '"0"' '{ "gpio.level": { "line": "GPIO4", "expect": 1, "bias": "pull-down" } }'
expect passed '{ "gpio.level": { "line": "GPIO4", "expect": 0, "bias": "pull-down" } }'
expect passed '{ "gpio.level": { "line": "GPIO4", "expect": 1, "bias": "pull-up" } }'
expect '"1"' '{ "gpio.level": { "line": "GPIO4", "expect": 0, "bias": "disabled" } }'

edges='{ "gpio.edges": { "line": "GPIO22", "atLeast": 50, "withinMilliseconds": 2000 } }'
while :; do echo pull-up > $sim/GPIO22/pull; usleep 5000; echo pull-down > $sim/GPIO22/pull; usleep 5000; done & wires=$!
expect passed "$edges"
cut_wires
expect '0 edges in 2000 ms' "$edges"

expect passed '{ "gpio.consumer": { "line": "GPIO19", "heldBy": "backlight" } }'
expect 'held by \"backlight\"' '{ "gpio.consumer": { "line": "GPIO19", "heldBy": "spi0" } }'
expect 'nobody holds it' '{ "gpio.consumer": { "line": "GPIO5", "heldBy": "backlight" } }'
expect gpio-line-held '{ "gpio.level": { "line": "GPIO19", "expect": 0 } }'
expect gpio-line-held '{ "gpio.edges": { "line": "GPIO19", "atLeast": 1, "withinMilliseconds": 10 } }'
expect gpio-line-held '{ "gpio.loopback": { "output": "GPIO19", "input": "GPIO27" } }' '"GPIO19"'
expect gpio-line-held '{ "gpio.loopback": { "output": "GPIO17", "input": "GPIO19" } }' '"GPIO17"'
expect_input GPIO17

expect gpio-line-missing '{ "gpio.level": { "line": "GPIO99", "expect": 0 } }'
expect gpio-line-ambiguous '{ "gpio.level": { "line": "NC", "expect": 0 } }'
expect passed '{ "gpio.level": { "line": "expander-sim:NC", "expect": 0, "bias": "pull-down" } }'

expect passed '{ "path": { "exists": "/dev/gpiochip0", "kind": "character-device" } }'
expect 'a character device' '{ "path": { "exists": "/dev/gpiochip0", "kind": "file" } }'
expect passed '{ "command": { "run": ["/bin/true"] } }'
expect 'exited with 3: no sensor' '{ "command": { "run": ["/bin/sh", "-c", "echo no sensor; exit 3"] } }'
expect 'did not end in time' '{ "command": { "run": ["/bin/sleep", "60"], "timeoutSeconds": 1 } }'

# A chip that goes while it is looked at, as an extension board does that is pulled off, and after that.
hat=/sys/kernel/config/gpio-sim/hat-sim
expect passed '{ "gpio.level": { "line": "HAT0", "expect": 0, "bias": "pull-down" } }'
(sleep 1; echo 0 > $hat/live) & wires=$!
expect "$gone" '{ "gpio.edges": { "line": "HAT0", "atLeast": 1, "withinMilliseconds": 20000 } }'
wait; wires=''
expect gpio-line-missing '{ "gpio.level": { "line": "HAT0", "expect": 0 } }'

# Who is killed while it drives a line leaves it driven, and the next start makes it an input, before anything else is
# requested: the record is all that it goes by.
gtach init --fleet test --node vm --quiet > /dev/null
mkdir /tmp/loop
echo "{ \"selfTest\": [ $loopback ], \"mayDrive\": [ \"GPIO17\" ] }" > /tmp/loop/plan.json
attempts=0
is_output() { gpioinfo | grep '"GPIO17"' | grep -q output; }
until is_output || [ $attempts -ge 50 ]; do
  attempts=$((attempts + 1))
  rm -f ~/.gtach/driven-lines.json
  gtach selftest --plan /tmp/loop/plan.json > /dev/null 2>&1 &
  test=$!
  while [ ! -e ~/.gtach/driven-lines.json ] && kill -0 $test 2>/dev/null; do :; done
  usleep $((attempts * 1000))
  kill -9 $test 2>/dev/null
  wait $test 2>/dev/null
done
cases=$((cases + 1))
if is_output && [ -e ~/.gtach/driven-lines.json ]; then
  echo "ok killed while it drove GPIO17 (attempt $attempts)"
else
  echo "NOT OK in $attempts attempts it was never killed while it drove GPIO17"
  failures=$((failures + 1))
fi
gtach node --no-mdns --listen 127.0.0.1:7420 > /tmp/node.log 2>&1 &
node=$!
waited=0
while [ -e ~/.gtach/driven-lines.json ] && [ $waited -lt 300 ]; do usleep 100000; waited=$((waited + 1)); done
expect_input GPIO17
kill $node
wait $node 2>/dev/null

echo "$cases cases, $failures failed"
[ $failures = 0 ]
END
mv "$work/cases" "$work/usr/bin/gpio-cases"
scripts/gpio-vm.sh run -m 1024 "$work" /bin/sh /usr/bin/gpio-cases
