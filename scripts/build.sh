#!/usr/bin/env bash
# build.sh - builds gtach; the one place that knows the compiler's flags.
#
#   scripts/build.sh [debug|release]    builds and prints the binary's path as the last line (release is the default)
#   scripts/build.sh simulator          the same of gtach-simulate, which needs none of the C libraries
#   scripts/build.sh test [ARGUMENT...] builds and runs the tests; arguments are those of `swift test`
#
# A release for Linux carries Swift's libraries in itself: it runs where no Swift is installed. Warnings are errors
# in tests and where CI=true. GTACH_SCRATCH_PATH: where to build (default: .build).
set -eu
. "$(dirname "$0")/lib.sh"

flags=(--scratch-path "${GTACH_SCRATCH_PATH:-.build}")
strict=(-Xswiftc -warnings-as-errors -Xcc -Werror)

if [ "$(system)" = macos ]; then
  for formula in openssl@3 libarchive zstd; do
    prefix=$(brew --prefix "$formula")
    flags+=(-Xcc "-I$prefix/include" -Xlinker "-L$prefix/lib")
  done
fi
# Two compilers at once would not fit into the memory of a small machine.
if [ -r /proc/meminfo ] && [ "$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)" -lt 3000 ]; then
  flags+=(--jobs 1)
fi

# SwiftPM leaves empty directories behind; here they have a place that is removed. Short, because the tests' Unix sockets
# may be in it.
TMPDIR=$(scratch gtach-build)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

mode=${1:-release}
product=gtach
[ $# = 0 ] || shift
case $mode in
  debug) ;;
  release | simulator)
    [ "$mode" = release ] || product=gtach-simulate
    flags+=(--configuration release)
    [ "$(system)" = macos ] || flags+=(--static-swift-stdlib) ;;
  test)
    swift test "${flags[@]}" "${strict[@]}" "$@"
    exit ;;
  *) die "usage: build.sh [debug|release|simulator|test]" ;;
esac
[ $# = 0 ] || die "$mode takes no arguments: $*"
[ "${CI:-}" != true ] || flags+=("${strict[@]}")
swift build --product "$product" "${flags[@]}" >&2
echo "$(swift build "${flags[@]}" --show-bin-path)/$product"
