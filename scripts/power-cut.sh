#!/usr/bin/env bash
# power-cut.sh - the power is cut while gtach updates, again and again, and nothing is ever half installed or lost.
#
#   scripts/power-cut.sh [--cuts N] [--seed N] [--without-sync] [GTACH]
#
# 50 cuts and a release build of this checkout are the default.
#
# A small virtual machine (lib-vm.sh) has a disk with a repository and an install root. It installs releases, updates them
# (one by one, and as sets that take over at once), tries some whose self-test or hook fails, and rolls back by hand; beside
# that releases are packed, removed and collected. An application writes data that its package preserves, and an operator
# changes the configuration, by a file of his own and by a link to one beside it. At a random instant QEMU is killed without warning: what the guest had
# not written to its disk is lost. It boots again, and vm/check-install-root, which has nothing of gtach, looks at what services
# would find: whole releases, byte for byte as packed, a set whole, a journal that can be read. Then a start of gtach finishes or
# undoes what it finds, and the checker looks again: what was committed last is active or kept, or what was on its way is;
# the data are there to the last line that was on the disk, and the configuration is the operator's wherever it was; nothing
# is left over; every fifth time the repository verifies. One cut in four comes during boot, check or recovery.
#
# The same seed asks the guest for the same updates and cuts after the same times; what is on the disk then depends on the
# machine. With --without-sync gtach believes that it puts its writes on the disk, and does not: there have to be violations, or
# the cuts prove nothing. Exit status: 0 without violations, or with some where there have to be.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. scripts/lib-vm.sh

damage=no sync=yes cuts=50 seed=$((RANDOM * 32768 + RANDOM))
while [ $# -gt 0 ]; do
  case $1 in
    --cuts) cuts=$2; shift 2 ;;
    --seed) seed=$2; shift 2 ;;
    --without-sync) sync=no; shift ;;
    -*) die "usage: power-cut.sh [--cuts N] [--seed N] [--without-sync] [GTACH]" ;;
    *) break ;;
  esac
done
vm_need busybox gcc mke2fs qemu-system-x86_64
binary=${1:-$(scripts/build.sh)}
image=$(vm_kernel)

# How long a guest may take to boot, to recover and to be checked, in seconds.
patience=180
emulator=
work=$(scratch gtach-power-cut)
cleanup() {
  [ -z "$emulator" ] || kill -KILL "$emulator" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --- what is installed ----------------------------------------------------------------------------------------------

export GTACH_HOME=$work/data/home
mkdir -p "$work/data" "$work/own/usr/lib/gtach/"{expected,packages} "$work/own/usr/bin" "$work/own/data"

# content DIR: what vm/check-install-root says of a release that was installed from it: read-only, all of it.
content() {
  (cd "$1"
    find . -type f -exec sha256sum {} + | LC_ALL=C sort
    find . -type f -exec stat -c '%a %n' {} + | sed 's/^755/555/; s/^644/444/' | LC_ALL=C sort
    find . -type d | LC_ALL=C sort
    find . -type l -exec sh -c 'for link; do echo "$link $(readlink "$link")"; done' sh {} + | LC_ALL=C sort)
}

# package NAME VERSION SELFTEST [DEPENDENCIES]: packs a release of a few files. All but lib have data and a configuration.
package() {
  local tree=$work/trees/$1-$2 number kept=
  mkdir -p "$tree/bin" "$tree/lib"
  for number in 1 2 3 4 5 6 7 8; do
    head -c $((number * 3000)) < <(yes "$1 $2 file $number of a release whose power is cut") >"$tree/lib/$number.txt"
  done
  head -c 60000 < <(openssl enc -aes-128-ctr -nosalt -pass "pass:$1 $2" -in /dev/zero 2>/dev/null) >"$tree/data.bin" || true
  ln -s lib/1.txt "$tree/first"
  printf '#!/bin/sh\ncmp -s data.bin data.bin && exit %s\n' "$3" >"$tree/bin/selfcheck"
  # shellcheck disable=SC2016
  printf '#!/bin/sh\necho "$GTACH_VERSION" >"$GTACH_STATE_DIR/hook"\n' >"$tree/bin/hook"
  chmod 755 "$tree/bin/"*
  if [ "$1" != lib ]; then
    mkdir "$tree/data"
    echo "seed of $1 $2" >"$tree/data/seed"
    printf 'name = {{gtach.name}}\nversion = {{gtach.version}}\nport = {{port}}\n' >"$tree/app.conf.in"
    kept='"preserve": ["data/"], "templates": { "app.conf.in": "etc/app.conf" }, "variables": { "port": "80" },'
  fi
  cat >"$tree/gtach.json" <<DESCRIPTION
{ "name": "$1", "version": "$2", "dependencies": { ${4:-} },
  "install": { $kept "preInstall": "bin/hook", "postInstall": "bin/hook" },
  "selfTest": [ { "command": { "run": ["bin/selfcheck"], "timeoutSeconds": 20 } } ] }
DESCRIPTION
  "$binary" pack "$tree" --level 3 --quiet >/dev/null 2>&1 || die "cannot pack $1 $2"
  [ "$1" != lib ] || return 0
  # Where it is installed, it has links in the places of what outlives it.
  rm -r "$tree/data"
  ln -s "../../../state/$1/data" "$tree/data"
  mkdir "$tree/etc"
  ln -s "../../../../configuration/$1/$2/etc/app.conf" "$tree/etc/app.conf"
}

note "packs the releases"
"$binary" init --fleet power-cut --quiet >/dev/null 2>&1
for version in 1.0.0 2.0.0 3.0.0 4.0.0 5.0.0; do
  case $version in 4.0.0) check=1 ;; *) check=0 ;; esac
  case $version in 5.0.0) lib=1 ;; *) lib=0 ;; esac
  package lib "$version" $lib
  package app "$version" $check "\"lib\": \"$version\""
done
package tool 1.0.0 0
package tool 2.0.0 0
package tool 3.0.0 1
mkdir -p "$work/own/usr/lib/gtach/packages/extra"
head -c 40000 /dev/urandom >"$work/own/usr/lib/gtach/packages/extra/data"
echo '{ "name": "extra", "version": "1.0.0" }' >"$work/own/usr/lib/gtach/packages/extra/gtach.json"

# --- the machine ----------------------------------------------------------------------------------------------------

cp "$binary" "$work/own/usr/bin/gtach"
strip "$work/own/usr/bin/gtach"
gcc -O2 -shared -fPIC -o "$work/own/usr/lib/gtach/nosync.so" scripts/vm/nosync.c
vm_root "$work/guest" "$work/own"
cp scripts/vm/check-install-root "$work/guest/usr/lib/gtach/"
cp scripts/vm/power-cut-init "$work/guest/init"
chmod +x "$work/guest/init"
for tree in "$work/trees/"*; do
  content "$tree" >"$work/guest/usr/lib/gtach/expected/${tree##*/}"
done
mke2fs -q -t ext4 -d "$work/guest" "$work/guest.img" 128M >/dev/null 2>&1
mke2fs -q -t ext4 -d "$work/data" "$work/data.img" 256M >/dev/null 2>&1

# boot CUT: starts QEMU with the disk as the last cut left it.
boot() {
  local machine append journal=ordered verify=no outliving
  # With "writeback", ext4 keeps its own structures and no promise about the bytes of files that nobody synced.
  [ $(($1 % 2)) = 0 ] || journal=writeback
  [ $(($1 % 5)) != 0 ] || verify=yes
  outliving="LINES_APP=$lines_app LINES_TOOL=$lines_tool CONFIGURED_APP=$configured_app CONFIGURED_TOOL=$configured_tool"
  vm_machine 512
  vm_port out "$work/out"
  # shellcheck disable=SC2054
  machine+=(-drive "file=$work/guest.img,if=none,id=root,format=raw,readonly=on" -device virtio-blk-device,drive=root
    -drive "file=$work/data.img,if=none,id=data,format=raw,cache=writeback"
    -device virtio-blk-device,drive=data)
  append="$append root=/dev/vda ro init=/init SEED=$(((seed + $1) * 7919 % 100003)) JOURNAL=$journal VERIFY=$verify DAMAGE=$damage SYNC=$sync"
  qemu-system-x86_64 "${machine[@]}" -kernel "$image" \
    -append "$append APP=$app TOOL=$tool NEXT=$next $outliving" -serial "file:$work/log" </dev/null 2>"$work/emulator.log" &
  emulator=$!
}

# The time in milliseconds.
now() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

# wait_for LINE: until the guest has said it.
wait_for() {
  local end=$((SECONDS + patience))
  until grep -qx "$1" "$work/out"; do
    kill -0 "$emulator" 2>/dev/null || { cat "$work/emulator.log" "$work/log" "$work/out" >&2; die "the guest died by itself"; }
    if [ $SECONDS -ge $end ]; then tail -n 20 "$work/log" "$work/out" >&2; die "no \"$1\" in $patience s"; fi
    sleep 0.02
  done
}

# Reads what the guest said: violations, and what has been committed, or was on its way when the power was cut.
read_out() {
  local word release status rest
  # Whatever was on its way before the boot is settled once a start has recovered.
  if grep -qx checked "$work/out"; then
    app=$(sed -n 's/^active app //p' "$work/out")
    tool=$(sed -n 's/^active tool //p' "$work/out")
    next=
  fi
  while read -r word release status rest; do
    case $word in
      violation:)
        violations=$((violations + 1))
        echo "cut $cut: $word $release $status $rest" >&2 ;;
      # What fails its self-test or its hook is never committed.
      begins) case $release in app@[45].*|tool@3.*) next= ;; *) next=$release ;; esac ;;
      ends)
        updates=$((updates + 1))
        case $status:$release in
          0:tool@previous) tool=$(other_tool "$tool") ;;
          0:app@*) app=${release#*@} ;;
          0:tool@*) tool=${release#*@} ;;
          20:*) rollbacks=$((rollbacks + 1)) ;;
          # There was no release to go back to.
          1:tool@previous) ;;
          # It may have come to either end, and the guest does nothing more.
          *) unexpected=$((unexpected + 1)); continue ;;
        esac
        next= ;;
      compared) compared=$((compared + release)) ;;
      wrote) if [ "$release" = app ]; then lines_app=$status; else lines_tool=$status; fi ;;
      configured)
        if [ "$release" = app ]; then configured_app=yes; else configured_tool=${configured_tool/,$status/},$status; fi ;;
    esac
  done <"$work/out"
  # What went before a violation says where it is from.
  { echo "--- cut $cut"; cat "$work/out"; } >>"$work/said"
  if grep -q '^violation:' "$work/out"; then tail -n 60 "$work/said" >&2; fi
}

# The version that a rollback by hand of the tool leads to: there are two that pass their self-test.
other_tool() { case $1 in 1.0.0) echo 2.0.0 ;; *) echo 1.0.0 ;; esac; }

note "$cuts cuts, seed $seed"
RANDOM=$((seed % 32768))
app=none tool=none next='' lines_app=0 lines_tool=0 configured_app=no configured_tool='' violations=0 updates=0 rollbacks=0 unexpected=0 compared=0 early=0
# How many milliseconds a guest takes from its boot to the end of the checks: what else it does takes a few times as long, on a
# machine of whatever speed.
span=2000 longest=10000
began=$SECONDS
for ((cut = 1; cut <= cuts; cut++)); do
  boot "$cut"
  wait_for booted
  since=$(now)
  part=$((RANDOM % 1000))
  if [ $((RANDOM % 4)) = 0 ]; then
    early=$((early + 1))
    delay=$((span * part / 1000))
  else
    wait_for checked
    span=$(($(now) - since))
    [ "$span" -le "$longest" ] || span=$longest
    delay=$((span * 4 * part / 1000))
  fi
  sleep "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))"
  kill -KILL "$emulator"
  wait "$emulator" 2>/dev/null || true
  emulator=
  read_out
  [ $((cut % 10)) != 0 ] || note "$cut cuts, $violations violations, $updates updates ended, $((SECONDS - began)) s"
done
# What the last cut left is looked at, too. Then the guest damages it, and the checker has to see that.
cut=$((cuts + 1)) damage=yes
boot 5
wait_for checked
wait_for "damage .*"
kill -KILL "$emulator"
wait "$emulator" 2>/dev/null || true
emulator=
read_out
echo "$cuts cuts ($early of them during boot, check or recovery), $violations violations; $updates updates ended," \
  "$rollbacks of them by a rollback; $compared releases compared byte for byte; $((lines_app + lines_tool)) lines of data; $((SECONDS - began)) s; seed $seed"
[ "$unexpected" = 0 ] || note "$unexpected commands ended neither well nor with a rollback"
if [ "$sync" = yes ]; then
  grep -qx 'damage 4' "$work/out" ||
    { grep -E '^(seen|damage)' "$work/out" >&2; die "the checker does not see all damage: nothing it said means anything"; }
  [ "$violations" = 0 ]
else
  [ "$violations" != 0 ]
fi
