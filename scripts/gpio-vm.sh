#!/bin/bash
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
#   -s FILE      a shell script that makes the GPIO lines; the default is gpio-vm/lines
#   -v           the kernel's log on stderr afterwards
#
# The guest has /usr/lib/gtach/jumper (gpio-vm/jumper.c: a wire between two lines), busybox, and the gpio tools of the
# machine where they are installed. The kernel is built once from Debian's linux-source (a few minutes) and kept
# under ${XDG_CACHE_HOME:-~/.cache}/gtach/gpio-vm, named by the hash of its source and configuration.
# GTACH_GPIO_ACCELERATOR=kvm or tcg overrides the choice of QEMU's accelerator.
#
# Packages (Debian): bc bison busybox-static cpio flex gcc gpiod libelf-dev libssl-dev make qemu-system-x86 xz-utils.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)/gpio-vm
cache=${XDG_CACHE_HOME:-$HOME/.cache}/gtach/gpio-vm
work=
trap 'rm -rf "${work:-}"' EXIT

die() {
  echo "gpio-vm.sh: $*" >&2
  exit 69
}

need() {
  local program
  for program; do
    command -v "$program" >/dev/null || die "$program is missing: apt-get install $packages"
  done
}

packages="bc bison busybox-static cpio flex gcc gpiod libelf-dev libssl-dev make qemu-system-x86 xz-utils"

# --- the kernel ---------------------------------------------------------------------------------------------------

# Prints the path of a kernel made from this release's linux-source and kernel.config, building it if need be.
kernel() {
  [ "$(uname -m)" = x86_64 ] || die "the virtual machine needs an x86-64 host, this one is $(uname -m)"
  need apt-cache apt-get dpkg-deb
  local package version key image
  package=$(apt-cache depends linux-source 2>/dev/null | sed -n 's/^ *Depends: \(linux-source-[0-9.]*\)$/\1/p' | head -1)
  [ -n "$package" ] || die "no linux-source in the package lists: apt-get update"
  # The package's revision is left out of the key: a security update of the kernel is no reason to build it again here.
  version=${package#linux-source-}
  key=$(cat "$here/kernel.config" - <<<"$version" | sha256sum | cut -c1-16)
  image=$cache/bzImage-$version-$key
  if [ ! -s "$image" ]; then
    mkdir -p "$cache"
    # One builder at a time; whoever waited finds the image when the lock is free.
    exec 7>"$cache/build.lock"
    flock 7
    [ -s "$image" ] || build_kernel "$package" "$image" || exit
    exec 7>&-
  fi
  echo "$image"
}

# In a shell of its own, which removes its gigabyte however it ends.
build_kernel() ( # PACKAGE IMAGE
  package=$1 image=$2 log=$2.log
  need bc bison flex gcc make xz
  # Whoever was killed left its own; nobody else builds while we hold the lock.
  rm -rf "$cache"/build.??????
  echo "gpio-vm.sh: building a kernel from $package (a few minutes, once)" >&2
  place=$(mktemp -d "$cache/build.XXXXXX")
  trap 'rm -rf "$place"' EXIT
  (cd "$place" && apt-get -qq download "$package" 2>"$log") || { cat "$log" >&2; die "cannot download $package"; }
  dpkg-deb -x "$place"/*.deb "$place/package"
  tar -C "$place" -xJf "$place"/package/usr/src/linux-source-*.tar.xz
  rm -rf "$place"/*.deb "$place/package"
  source=$(echo "$place"/linux-source-*)
  (
    cd "$source"
    make KCONFIG_ALLCONFIG="$here/kernel.config" allnoconfig
    nice make -j"$(nproc)" bzImage
  ) >"$log" 2>&1 7>&- || { tail -30 "$log" >&2; die "the kernel does not build, see $log"; }
  for option in GPIO_SIM GPIO_CDEV_V1 HIGH_RES_TIMERS VIRTIO_CONSOLE CONFIGFS_FS DEVTMPFS; do
    grep -q "^CONFIG_$option=y" "$source/.config" || die "the kernel has no $option, see $here/kernel.config"
  done
  mv "$source/arch/x86/boot/bzImage" "$image"
  rm -f "$log"
)

# --- the guest ----------------------------------------------------------------------------------------------------

# Copies the shared libraries of programs to where the guest's loader looks without a cache: /usr/lib.
add_libraries() { # ROOT PROGRAM...
  local root=$1 library place
  shift
  { ldd "$@" 2>/dev/null || true; } |
    sed -nE 's/^.* => (\/[^ ]+) .*/\1/p; s/^[[:space:]]+(\/[^ ]+) .*/\1/p' | sort -u |
    while read -r library; do
      case $library in
        /lib64/ld-*) place=$root/lib64 ;;
        *) place=$root/usr/lib ;;
      esac
      mkdir -p "$place"
      [ -e "$place/${library##*/}" ] || cp -L "$library" "$place/"
    done
}

# Makes the guest's files: busybox, the jumper, DIR, libraries, and the command.
make_root() { # ROOT DIR LINES COMMAND...
  local root=$1 directory=$2 lines=$3 applet tool programs=()
  shift 3
  mkdir -p "$root"/{bin,sbin,usr/bin,usr/sbin,usr/lib/gtach,lib64,etc/gpio-vm,proc,sys,dev,tmp,run,root,sim}
  ln -s usr/lib "$root/lib"
  cp /bin/busybox "$root/bin/busybox"
  for applet in $(/bin/busybox --list); do
    [ "$applet" = busybox ] || ln -s /bin/busybox "$root/bin/$applet"
  done
  gcc -O2 -static -o "$root/usr/lib/gtach/jumper" "$here/jumper.c"
  for tool in gpiodetect gpioinfo gpioget gpioset; do
    [ ! -x /usr/bin/$tool ] || cp /usr/bin/$tool "$root/usr/bin/"
  done
  [ "$directory" = - ] || cp -a "$directory"/. "$root"/
  mapfile -d '' programs < <(find "$root" -type f \( -perm -u+x -o -name '*.so*' \) -print0)
  add_libraries "$root" "${programs[@]}"
  printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\n' >"$root/etc/group"
  printf '127.0.0.1 localhost\n' >"$root/etc/hosts"
  cp "$here/init" "$root/init"
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
  local limit=120 memory=512 lines=$here/lines verbose='' option OPTIND=1
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
  need busybox cpio gcc qemu-system-x86_64
  local image accelerator machine append kilohertz status emulator
  image=$(kernel)
  work=$(mktemp -d "${TMPDIR:-/tmp}/gtach-gpio-vm.XXXXXX")
  make_root "$work/root" "$1" "$lines" "${@:2}"
  (cd "$work/root" && find . -mindepth 1 -print0 | cpio --null -o -H newc -R 0:0 --quiet) >"$work/initrd"

  # A /dev/kvm that opens is not enough: without these flags a plain kernel cannot boot on it.
  accelerator=tcg
  [ -w /dev/kvm ] && grep -qwE 'vmx|svm' /proc/cpuinfo && accelerator=kvm
  accelerator=${GTACH_GPIO_ACCELERATOR:-$accelerator}
  append="console=ttyS0 reboot=t panic=-1 quiet loglevel=4 no_timer_check"
  # One processor: with two, gpio-sim merges edges.
  machine=(-smp 1 -m "$memory" -nodefaults -no-user-config -nographic -no-reboot -monitor none)
  if [ "$accelerator" = kvm ]; then
    machine+=(-M "microvm,accel=kvm,x-option-roms=off,pit=off,pic=off,rtc=off,acpi=off,isa-serial=on" -cpu host)
  else
    machine+=(-M "microvm,x-option-roms=off,pit=on,pic=on,rtc=on,acpi=off,isa-serial=on" -accel tcg -cpu max)
    # The guest sees the host's time stamp counter and has nothing to measure it by; without this its clock ticks in
    # milliseconds. Twice the counter's megahertz are the bogomips.
    kilohertz=$(awk '/^bogomips/ { printf "%d", $3 * 500; exit }' /proc/cpuinfo)
    append="$append tsc=reliable tsc_early_khz=$kilohertz lpj=$kilohertz"
  fi
  machine+=(-global virtio-mmio.force-legacy=false -device "virtio-serial-device,max_ports=8")
  local port
  for port in out err status; do
    : >"$work/$port"
    machine+=(-chardev "file,id=$port,path=$work/$port" -device "virtserialport,chardev=$port,name=$port")
  done
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
  sed -n '2,24s/^# \{0,1\}//p' "$0" >&2
  exit 64
}

case ${1:-} in
  kernel) kernel ;;
  run) run "${@:2}" ;;
  *) usage ;;
esac
