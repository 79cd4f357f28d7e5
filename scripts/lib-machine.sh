# shellcheck shell=bash
# lib-machine.sh - a machine with systemd as process 1, in namespaces of this one; sourced after lib.sh, never run.
#
#   machine_obstacle           prints why there can be none here; nothing where there can be one
#   machine_make DIR           makes the files of a machine in DIR that outlive its boots
#   machine_boot               boots it, and returns when all is started that starts with it
#   machine_run COMMAND...     runs a command in it, as root, with a small environment
#   machine_cut                ends everything in it at once, as a power cut does
#   machine_remove             the same, and leaves nothing behind
#
# Its /usr is this machine's, read-only, but for /usr/local; that, /etc, /opt, /root, /home and /var are its own, and stay from boot to boot; /run, /tmp and
# /dev are new each time. It has a loopback for network and a control group of its own. Needs root, and a kernel with the unified
# hierarchy of control groups. What is not on the disk when it is cut is not lost: scripts/power-cut.sh tries that.

machine_systemd=/usr/lib/systemd/systemd

# Where this machine has its unified hierarchy of control groups.
machine_groups() { findmnt --noheadings --types cgroup2 --output TARGET | head -1; }

machine_obstacle() {
  local groups
  if [ "$(uname -s)" != Linux ]; then
    echo "needs Linux, this is $(uname -s)"
  elif [ "$(id -u)" != 0 ]; then
    echo "needs root, for namespaces with a systemd in them"
  elif ! unshare --mount --pid --fork --uts --ipc --net --cgroup true 2>/dev/null; then
    echo "this machine's kernel or container allows no namespaces"
  else
    groups=$(machine_groups)
    if [ -z "$groups" ]; then
      echo "this machine has no unified hierarchy of control groups"
    elif ! [ -w "$groups/cgroup.procs" ] || ! mkdir "$groups/gtach-probe.$$" 2>/dev/null; then
      echo "no control group can be made in $groups"
    else
      rmdir "$groups/gtach-probe.$$"
    fi
  fi
}

machine_make() { # DIR
  local directory
  machine=$1 machine_init='' machine_parent=''
  machine_group=$(machine_groups)/gtach-machine.$$
  mkdir -p "$machine"/{local/bin,usr,proc,sys,dev,run,tmp,etc/systemd/system,opt,root,home,var/log}
  for directory in bin sbin lib lib64; do
    [ ! -e "/$directory" ] || ln -s "usr/$directory" "$machine/$directory"
  done
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$machine/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$machine/etc/group"
  cp /etc/ld.so.cache "$machine/etc/"
  tr -d - </proc/sys/kernel/random/uuid >"$machine/etc/machine-id"
  # Nothing of what a whole machine starts: only what the test wants, and the journal.
  cat >"$machine/etc/systemd/system/multi-user.target" <<'UNIT'
[Unit]
Description=The services of the machine
DefaultDependencies=no
Wants=systemd-journald.service
After=systemd-journald.service
AllowIsolate=yes
UNIT
  ln -s multi-user.target "$machine/etc/systemd/system/default.target"
  printf '[Unit]\nDefaultDependencies=no\n' >"$machine/etc/systemd/system/basic.target"
  printf '[Unit]\nDefaultDependencies=no\n' >"$machine/etc/systemd/system/sysinit.target"
}

# What the first process of the namespaces does before it is systemd. Argument: the machine's directory.
# shellcheck disable=SC2016
machine_start='
  cd "$1"
  mount --bind . . && cd "$1"
  mount --bind /usr usr
  mount -o remount,bind,ro usr
  mount --bind local usr/local
  mount -t proc proc proc
  mount -t sysfs -o ro sysfs sys
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  mount -t tmpfs -o mode=755 tmpfs dev
  for node in null zero full random urandom tty; do
    : >"dev/$node"
    mount --bind "/dev/$node" "dev/$node"
  done
  ln -s /proc/self/fd dev/fd
  # PrivateDevices= wants what a machine has there.
  mkdir dev/shm dev/mqueue dev/pts
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
  ln -s pts/ptmx dev/ptmx
  mount -t tmpfs -o mode=755 tmpfs run
  mount -t tmpfs -o mode=1777 tmpfs tmp
  mkdir -p tmp/.before
  pivot_root . tmp/.before
  umount -l /tmp/.before
  rmdir /tmp/.before
  ip link set lo up
  exec env -i container=gtach PATH=/usr/sbin:/usr/bin "$2" --system --log-target=null --show-status=no
'

machine_boot() {
  local tries
  mkdir -p "$machine_group"
  # Whoever starts it is in the group when the namespace of groups is made: that is its root, then.
  (
    echo "$BASHPID" >"$machine_group/cgroup.procs"
    exec unshare --mount --propagation private --pid --fork --kill-child --uts --ipc --net --cgroup -- \
      bash -euc "$machine_start" start "$machine" "$machine_systemd"
  ) </dev/null >>"$machine/../machine.log" 2>&1 &
  machine_parent=$!
  for ((tries = 0; tries < 300; tries++)); do
    machine_init=$(cat "/proc/$machine_parent/task/$machine_parent/children" 2>/dev/null) || machine_init=
    machine_init=${machine_init%% *}
    if [ -n "$machine_init" ] && [ "$(cat "/proc/$machine_init/comm" 2>/dev/null)" = systemd ] &&
      machine_run systemctl is-active --quiet multi-user.target 2>/dev/null &&
      [ -z "$(machine_run systemctl list-jobs --no-legend)" ]; then
      return
    fi
    kill -0 "$machine_parent" 2>/dev/null || { cat "$machine/../machine.log" >&2; die "the machine does not boot"; }
    sleep 0.1
  done
  cat "$machine/../machine.log" >&2
  die "the machine does not boot in 30 s"
}

machine_run() {
  nsenter --target "$machine_init" --all -- env -i HOME=/root PATH=/program:/usr/sbin:/usr/bin:/sbin:/bin \
    LC_ALL=C.UTF-8 "$@"
}

machine_cut() {
  [ -n "${machine_parent:-}" ] || return 0
  # The group has everything that the machine runs, but for what was sent into its namespaces.
  echo 1 >"$machine_group/cgroup.kill"
  wait "$machine_parent" 2>/dev/null || true
  machine_parent='' machine_init=''
}

machine_remove() {
  local tries
  [ -n "${machine_group:-}" ] || return 0
  machine_cut
  # A group is empty a moment after its last process has ended.
  for ((tries = 0; tries < 50; tries++)); do
    [ -d "$machine_group" ] || return 0
    find "$machine_group" -depth -type d -exec rmdir {} + 2>/dev/null && return 0
    sleep 0.1
  done
  note "$machine_group could not be removed"
}
