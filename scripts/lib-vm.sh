# shellcheck shell=bash
# lib-vm.sh - what the scripts with a small virtual machine share; sourced after lib.sh, never run.
#
#   vm_kernel                      prints the path of the guest's kernel, building it if need be
#   vm_root ROOT [DIR]             makes the guest's files: busybox, DIR laid over it, the libraries of every program
#   vm_machine MEMORY              sets `machine` (QEMU's arguments) and `append` (the kernel's)
#   vm_port NAME FILE              adds a port to `machine` that the guest writes to: what it writes stands in FILE
#
# The kernel is built once from Debian's linux-source (a few minutes) and kept under ${XDG_CACHE_HOME:-~/.cache}/gtach/vm,
# named by the hash of its source and configuration. GTACH_VM_ACCELERATOR=kvm or tcg overrides the choice of QEMU's
# accelerator.

vm_packages=$(packages vm)

vm_need() {
  local program
  for program; do
    have "$program" || die "$program is missing: apt-get install $vm_packages"
  done
}

# Prints the path of a kernel made from this release's linux-source and kernel.config.
vm_kernel() {
  [ "$(uname -m)" = x86_64 ] || die "the virtual machine needs an x86-64 host, this one is $(uname -m)"
  vm_need apt-cache apt-get dpkg-deb
  # shellcheck disable=SC2154
  local place=$cache/vm configuration=$PWD/scripts/vm/kernel.config package version key image
  package=$(apt-cache depends linux-source 2>/dev/null | sed -n 's/^ *Depends: \(linux-source-[0-9.]*\)$/\1/p' | head -1)
  [ -n "$package" ] || die "no linux-source in the package lists: apt-get update"
  # The package's revision is left out of the key: a security update of the kernel is no reason to build it again here.
  version=${package#linux-source-}
  key=$(cat "$configuration" - <<<"$version" | sha256sum | cut -c1-16)
  image=$place/bzImage-$version-$key
  if [ ! -s "$image" ]; then
    mkdir -p "$place"
    # One builder at a time; whoever waited finds the image when the lock is free.
    exec 7>"$place/build.lock"
    flock 7
    [ -s "$image" ] || vm_build_kernel "$place" "$configuration" "$package" "$image" || exit
    exec 7>&-
  fi
  echo "$image"
}

# In a shell of its own, which removes its gigabyte however it ends.
vm_build_kernel() ( # PLACE CONFIGURATION PACKAGE IMAGE
  configuration=$2 package=$3 image=$4 log=$4.log
  vm_need bc bison flex gcc make xz
  # Whoever was killed left its own; nobody else builds while we hold the lock.
  rm -rf "$1"/build.??????
  note "building a kernel from $package (a few minutes, once)"
  place=$(scratch build "$1")
  trap 'rm -rf "$place"' EXIT
  (cd "$place" && apt-get -qq download "$package" 2>"$log") || { cat "$log" >&2; die "cannot download $package"; }
  dpkg-deb -x "$place"/*.deb "$place/package"
  tar -C "$place" -xJf "$place"/package/usr/src/linux-source-*.tar.xz
  rm -rf "$place"/*.deb "$place/package"
  source=$(echo "$place"/linux-source-*)
  (
    cd "$source"
    make KCONFIG_ALLCONFIG="$configuration" allnoconfig
    nice make -j"$(nproc)" bzImage
  ) >"$log" 2>&1 7>&- || { tail -30 "$log" >&2; die "the kernel does not build, see $log"; }
  for option in GPIO_SIM GPIO_CDEV_V1 HIGH_RES_TIMERS VIRTIO_CONSOLE VIRTIO_BLK EXT4_FS CGROUPS CONFIGFS_FS DEVTMPFS; do
    grep -q "^CONFIG_$option=y" "$source/.config" || die "the kernel has no $option, see $configuration"
  done
  mv "$source/arch/x86/boot/bzImage" "$image"
  rm -f "$log"
)

# Copies the shared libraries of programs to where the guest's loader looks without a cache: /usr/lib.
vm_libraries() { # ROOT PROGRAM...
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

vm_root() { # ROOT [DIR]
  local root=$1 applet programs=()
  vm_need busybox
  mkdir -p "$root"/{bin,sbin,usr/bin,usr/sbin,usr/lib,lib64,etc,proc,sys,dev,tmp,run,root}
  ln -s usr/lib "$root/lib"
  cp /bin/busybox "$root/bin/busybox"
  for applet in $(/bin/busybox --list); do
    [ "$applet" = busybox ] || ln -s /bin/busybox "$root/bin/$applet"
  done
  [ $# -lt 2 ] || cp -a "$2"/. "$root"/
  mapfile -d '' programs < <(find "$root" -type f \( -perm -u+x -o -name '*.so*' \) -print0)
  vm_libraries "$root" "${programs[@]}"
  printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\n' >"$root/etc/group"
  printf '127.0.0.1 localhost\n' >"$root/etc/hosts"
}

vm_machine() { # MEMORY
  local accelerator=tcg kilohertz
  vm_need qemu-system-x86_64
  # A /dev/kvm that opens is not enough: without these flags a plain kernel cannot boot on it.
  [ -w /dev/kvm ] && grep -qwE 'vmx|svm' /proc/cpuinfo && accelerator=kvm
  accelerator=${GTACH_VM_ACCELERATOR:-$accelerator}
  append="console=ttyS0 reboot=t panic=-1 quiet loglevel=4 no_timer_check"
  # One processor: with two, gpio-sim merges edges.
  machine=(-smp 1 -m "$1" -nodefaults -no-user-config -nographic -no-reboot -monitor none)
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
}

vm_port() { # NAME FILE
  : >"$2"
  machine+=(-chardev "file,id=$1,path=$2" -device "virtserialport,chardev=$1,name=$1")
}
