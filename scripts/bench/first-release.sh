#!/usr/bin/env bash
# first-release.sh - what the first release of a real program costs on the wire, and to make.
#
#   scripts/bench/first-release.sh [SERIES...]      every series of update-series.sh unless told otherwise
#
# Of each tree: the bytes of all objects, of index and manifest, and the memory and seconds of `gtach pack`; beside it,
# from the same run, the same tree as one tar under zstd -19 (all processors, so that the seconds can be compared),
# casync's store of it at its defaults, and of what that store has the same tar under zstd -19 and under xz -9e, which says
# what there is to be had. Aims: at most 1.02 times the tar, and 0.6 times casync's store.
set -eu
. "$(dirname "$0")/../lib.sh"
. scripts/bench/update-series.sh

for tool in zstd xz casync; do have "$tool" || scripts/install-dependencies.sh bench; done
gtach=${GTACH_BINARY:-$(scripts/build.sh release | tail -1)}
work=$(scratch gtach-first)
trap 'rm -rf "$work"' EXIT
"$gtach" --quiet --home "$work/home" init --fleet bench --node dev

if [ $# = 0 ]; then mapfile -t names < <(update_series); else names=("$@"); fi
for name in "${names[@]}"; do update_series_trees "$name"; done | python3 -c '
import json, os, pathlib, subprocess, sys, time

gtach, work = sys.argv[1], pathlib.Path(sys.argv[2])


def run(*command, **options):
    """The output, the seconds, and the most memory in MB."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **options)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command} failed")
    return output, time.monotonic() - began, usage.ru_maxrss / 1024


def size(directory):
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


print("bytes, and seconds to make        gtach                     tar|zstd -19       casync store     gtach/tar  /casync     zstd     xz")
for line in sys.stdin:
    name, old, _ = line.rstrip("\n").split("\t")
    report, seconds, memory = run(gtach, "--home", work / "home", "--json", "pack", old, "--name", name, "--version", "1.0.0")
    report = json.loads(report)
    ours = report["objectBytes"] + report["manifest"]["index"]["size"] + len(json.dumps(report["manifest"]))
    tar = work / "tree.tar"
    run("tar", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--format=ustar",
        "-cf", tar, "-C", old, ".")
    _, zstd_seconds, _ = run("zstd", "-q", "-19", "-T0", "-f", tar, "-o", work / "tree.zst")
    zstd = (work / "tree.zst").stat().st_size
    run("xz", "-9e", "-T0", "-f", "-k", tar)
    xz = tar.with_name("tree.tar.xz").stat().st_size
    store = work / f"{name}.castr"
    _, casync_seconds, _ = run("casync", "make", f"--store={store}", work / f"{name}.caidx", old)
    casync = size(store)
    print(f"{name:17} {ours:>11,} {seconds:>6.1f} s {memory:>5.0f} MB  {zstd:>11,} {zstd_seconds:>5.1f} s"
          f" {casync:>11,} {casync_seconds:>4.1f} s     {ours / zstd:6.3f}   {ours / casync:6.3f}"
          f"  {zstd / casync:6.3f} {xz / casync:6.3f}", flush=True)
' "$gtach" "$work"
