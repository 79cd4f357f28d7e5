#!/usr/bin/env bash
# pack-memory.sh - what `gtach pack` costs in memory and time at sizes that no test should have.
#
#   scripts/bench/pack-memory.sh [CASE...]      files, big-file, tree unless told otherwise
#
#   files     100,000 small files in 1,000 directories
#   big-file  one file of 2 GiB without holes
#   tree      1 GiB in 2,000 files, a third of it text, a third noise, a third repeated
#
# Of each case the seconds and the most memory (what `/usr/bin/time` calls the maximum resident set size) of packing at the
# usual level and with --fast; beside it, from the same run, the same tree as one tar under zstd -19 --long (all processors)
# and casync's store of it. BENCH_USUAL=0 leaves the usual level out, which takes a minute for 50 MB on a small machine.
# Aim: at most 300 MB, whatever is packed. The trees need 7 GB under TMPDIR while it runs.
set -eu
. "$(dirname "$0")/../lib.sh"

for tool in zstd casync; do have "$tool" || scripts/install-dependencies.sh bench; done
gtach=$(scripts/build.sh release | tail -1)
work=$(scratch gtach-memory)
trap 'rm -rf "$work"' EXIT

[ $# != 0 ] || set -- files big-file tree
python3 - "$gtach" "$work" "${BENCH_USUAL:-1}" "$@" <<'END'
import os, pathlib, random, shutil, subprocess, sys, time

gtach, work, usual, cases = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3] != "0", sys.argv[4:]
tree = work / "tree"


def run(*command):
    """The seconds, and the most memory in MB."""
    began = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command} failed: {errors.decode()}")
    return time.monotonic() - began, usage.ru_maxrss / 1024


def words(count, generator):
    lexicon = [bytes(generator.randrange(97, 123) for _ in range(generator.randrange(2, 9))) for _ in range(5000)]
    text = bytearray()
    while len(text) < count:
        text += b" ".join(generator.choices(lexicon, k=2000)) + b"\n"
    return bytes(text[:count])


def make(case):
    generator = random.Random(1)
    if case == "files":
        for directory in range(1000):
            place = tree / f"{directory % 10}" / f"{directory}"
            place.mkdir(parents=True)
            for number in range(100):
                (place / f"{number}.txt").write_bytes(f"{directory}/{number}\n".encode() * generator.randrange(1, 100))
    elif case == "big-file":
        tree.mkdir()
        with open(tree / "big", "wb") as file:
            for _ in range(2048):
                file.write(generator.randbytes(1 << 20))
    elif case == "tree":
        text, repeated = words(32 << 20, generator), generator.randbytes(8 << 20)
        for number in range(2000):
            place = tree / f"{number % 40}"
            place.mkdir(parents=True, exist_ok=True)
            size = 537_000
            kind = number % 3
            start = generator.randrange(0, (32 << 20) - size)
            content = [text[start:start + size], generator.randbytes(size), (repeated[number:] + repeated)[:size]][kind]
            (place / f"{number}").write_bytes(content)
    else:
        sys.exit(f"there is no case {case}")


print(f"{'case':10} {'size':>9} {'files':>8}  {'what':24} {'seconds':>8} {'memory':>9}")
for case in cases:
    make(case)
    files = [path for path in tree.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6

    def row(what, command):
        seconds, memory = run(*command)
        print(f"{case:10} {size:>6,.0f} MB {len(files):>8,}  {what:24} {seconds:>8.1f} {memory:>6,.0f} MB", flush=True)

    for what, options in [("gtach pack", []), ("gtach pack --fast", ["--fast"])]:
        if not options and not usual:
            continue
        home = work / "home"
        run(gtach, "--quiet", "--home", home, "init", "--fleet", "bench", "--node", "dev")
        row(what, [gtach, "--home", home, "pack", tree, "--name", "bench", "--version", "1.0.0", *options])
        shutil.rmtree(home)
    row("tar | zstd -19 --long", ["sh", "-c", f"tar -C {tree} -cf - . | zstd -q -19 --long -T0 -o {work}/tree.zst"])
    (work / "tree.zst").unlink()
    row("casync make", ["casync", "make", f"--store={work}/store", work / "tree.caidx", tree])
    shutil.rmtree(work / "store")
    shutil.rmtree(tree)
END
