#!/usr/bin/env bash
# gpio-vm.sh - run a program against simulated GPIO lines (Linux's gpio-sim) in a small virtual machine.
#
#   gpio-vm.sh kernel                    build the kernel if it is not cached; prints its path
#   gpio-vm.sh run [OPTION...] DIR COMMAND [ARGUMENT...]
#
# DIR is laid over the guest's / (DIR/usr/bin/foo becomes /usr/bin/foo; `-` for none); the shared libraries of every
# program in it are added. COMMAND runs in the guest as root, in /root; a single word with blanks is a line for the shell.
# Its stdout, stderr and exit status come back as this script's own. 124: no result in time; 125: the guest died.
#
#   -t SECONDS   how long the machine may live (120)
#   -m MIB       its memory (512)
#   -s FILE      a shell script that makes the GPIO lines; the default is vm/lines
#   -v           the kernel's log on stderr afterwards
#
# The guest has /usr/lib/gtach/jumper (vm/jumper.c: a wire between two lines), busybox, and the gpio tools of the
# machine where they are installed. lib-vm.sh has its kernel and its machine. Paths are absolute.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. scripts/lib-vm.sh

work=
trap 'rm -rf "${work:-}"' EXIT

# Makes the guest's files: the jumper, the gpio tools, DIR, the lines and the command.
make_root() { # ROOT DIR LINES COMMAND...
  local root=$1 directory=$2 lines=$3 own=$1.own tool
  shift 3
  mkdir -p "$own"/usr/{bin,lib/gtach} "$own/etc/gpio-vm" "$own/sim"
  gcc -O2 -static -o "$own/usr/lib/gtach/jumper" scripts/vm/jumper.c
  for tool in gpiodetect gpioinfo gpioget gpioset; do
    [ ! -x /usr/bin/$tool ] || cp /usr/bin/$tool "$own/usr/bin/"
  done
  [ "$directory" = - ] || cp -a "$directory"/. "$own"/
  vm_root "$root" "$own"
  rm -r "$own"
  cp scripts/vm/gpio-init "$root/init"
  chmod +x "$root/init"
  cp "$lines" "$root/etc/gpio-vm/lines"
  if [ $# -eq 1 ]; then
    printf '%s\n' "$1"
  else
    printf 'exec'
    printf " '%s'" "${@//\'/\'\\\'\'}"
    echo
  fi >"$root/etc/gpio-vm/command"
}

run() { # [OPTION...] DIR COMMAND...
  local limit=120 memory=512 lines=scripts/vm/lines verbose='' option OPTIND=1
  while getopts t:m:s:v option; do
    case $option in
      t) limit=$OPTARG ;;
      m) memory=$OPTARG ;;
      s) lines=$OPTARG ;;
      v) verbose=yes ;;
      *) exit 64 ;;
    esac
  done
  shift $((OPTIND - 1))
  [ $# -ge 2 ] || usage
  vm_need cpio gcc
  local image machine append status emulator port
  image=$(vm_kernel)
  work=$(scratch gtach-gpio-vm)
  make_root "$work/root" "$1" "$lines" "${@:2}"
  (cd "$work/root" && find . -mindepth 1 -print0 | cpio --null -o -H newc -R 0:0 --quiet) >"$work/initrd"

  vm_machine "$memory"
  for port in out err status; do vm_port "$port" "$work/$port"; done
  timeout -k 2 "$limit" qemu-system-x86_64 "${machine[@]}" -kernel "$image" -initrd "$work/initrd" \
    -append "$append" -serial "file:$work/log" </dev/null 2>"$work/emulator.log" &
  emulator=$!
  # timeout(1) hands a signal on to QEMU.
  trap 'kill $emulator 2>/dev/null; exit 143' TERM INT HUP
  status=0
  wait $emulator || status=$?
  trap - TERM INT HUP
  cat "$work/out"
  cat "$work/err" >&2
  [ -z "$verbose" ] || cat "$work/log" "$work/emulator.log" >&2
  if [ $status = 124 ] || [ $status = 137 ]; then
    echo "gpio-vm.sh: no result after $limit s" >&2
    exit 124
  fi
  if read -r status <"$work/status"; then exit "$status"; fi
  {
    echo "gpio-vm.sh: the guest died without a result"
    cat "$work/emulator.log"
    tail -30 "$work/log"
  } >&2
  exit 125
}

usage() {
  sed -n '2,18s/^# \{0,1\}//p' scripts/gpio-vm.sh >&2
  exit 64
}

case ${1:-} in
  kernel) vm_kernel ;;
  run) run "${@:2}" ;;
  *) usage ;;
esac
