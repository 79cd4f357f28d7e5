#!/usr/bin/env python3
"""Makes a repository of many releases and times what is done with it; many-releases.sh says what.

    many-releases.py GTACH WORK NUMBER
"""

import json
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys
import time

PER_PACKAGE = 50
# File systems limit how many names a file has; ext4 takes 65,000.
LINKS = 30_000
WORDS = ("motor sensor display tachometer fuel oil pressure logger bridge daemon panel camera gps radio clock lamp fan "
         "pump relay servo").split()


def timed(command, ok=(0,), environment=None):
    """The seconds of the processor and of the clock, and the number of lines."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
    lines = process.stdout.read().count(b"\n")
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in ok:
        sys.exit(f"{command} ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - began, lines


def rows(count):
    chance = random.Random(count)
    for number in range(count):
        package, release = divmod(number, PER_PACKAGE)
        yield {
            "name": f"{WORDS[package % 20]}-{WORDS[package // 20 % 20]}-{package}",
            "version": f"1.{release}.0",
            "platform": "linux-arm64" if number % 3 == 0 else "any",
            "description": " ".join(chance.choice(WORDS) for _ in range(8)),
            "author": chance.choice(["Ann Example", "Bob Muster", "José Pérez", "Kim Muster"]),
            "created": f"20{20 + release % 6}-0{1 + release % 9}-1{release % 10}T00:00:00Z",
        }


def fill(home, template, count):
    """The directories of that many releases, each a copy of one that gtach packed, under another description."""
    manifest = json.loads((template / "manifest.json").read_text())
    index = None
    for number, row in enumerate(rows(count)):
        directory = home / "repository/packages" / row["name"] / row["version"] / row["platform"]
        directory.mkdir(parents=True)
        (directory / "manifest.json").write_text(json.dumps(manifest | row, sort_keys=True, separators=(",", ":")))
        if number % LINKS == 0:
            index = shutil.copy(template / "chunks.index", directory / "chunks.index")
        else:
            os.link(index, directory / "chunks.index")


def tree(work, version):
    directory = work / "tree"
    directory.mkdir(exist_ok=True)
    (directory / "data").write_text(version)
    (directory / "gtach.json").write_text(json.dumps({
        "name": "measured", "version": version, "description": "a tachometer that is new", "author": "Ann Example"}))
    return directory


def daemon(gtach, home):
    """Seconds of the processor until a daemon answers, and of one sync in it."""
    def used(process):
        fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    began = time.monotonic()
    process = subprocess.Popen([gtach, "--home", home, "--quiet", "node", "--no-mdns", "--listen", "127.0.0.1:0"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            status = subprocess.run([gtach, "--home", home, "--json", "status"], capture_output=True)
            if status.returncode == 0 and json.loads(status.stdout)["daemon"]:
                break
            if process.poll() is not None:
                sys.exit("the daemon ended")
            time.sleep(0.05)
        start, clock = used(process), time.monotonic() - began
        syncs = 20
        for _ in range(syncs):
            subprocess.run([gtach, "--home", home, "--quiet", "sync"], capture_output=True)
        return (start, clock), ((used(process) - start) / syncs, 0)
    finally:
        process.terminate()
        process.wait()


def with_apt(work, count):
    """The same rows as a repository of apt's: seconds of update and of search."""
    root = work / "apt"
    for part in ["state/lists/partial", "cache/archives/partial", "etc", "repository"]:
        (root / part).mkdir(parents=True)
    (root / "state/status").touch()
    with open(root / "repository/Packages", "w") as packages:
        # Of one package apt shows one version: each release is a package of its own to it.
        for row in rows(count):
            packages.write(
                f"Package: {row['name']}-{row['version']}\nVersion: {row['version']}\nArchitecture: all\nMaintainer: {row['author']}\n"
                f"Description: {row['description']}\nFilename: ./{row['name']}_{row['version']}.deb\nSize: 1\n"
                f"SHA256: {'0' * 64}\n\n")
    (root / "etc/sources.list").write_text(f"deb [trusted=yes] file:{root}/repository ./\n")
    options = [f"-oDir::State={root}/state", f"-oDir::State::status={root}/state/status", f"-oDir::Cache={root}/cache",
               f"-oDir::Etc={root}/etc", "-oAPT::Sandbox::User="]
    update = timed(["apt-get", *options, "update"])
    timed(["apt-cache", *options, "search", "tacho"])
    search = timed(["apt-cache", *options, "search", "tacho"])
    listing = timed(["apt-cache", *options, "dumpavail"])
    shutil.rmtree(root)
    return update, search, listing


def with_sqlite(work, count):
    """Seconds of one question to FTS5."""
    path = work / "fts.sqlite"
    database = sqlite3.connect(path)
    database.execute("CREATE VIRTUAL TABLE r USING fts5(name, version, platform, description, author, created, prefix='2 3')")
    database.executemany("INSERT INTO r VALUES (:name, :version, :platform, :description, :author, :created)", rows(count))
    database.commit()
    database.close()
    question = "SELECT name, version, platform, created, description FROM r WHERE r MATCH 'tacho* AND author:ann'"
    result = timed(["sqlite3", path, question])
    path.unlink()
    return result


def main():
    gtach, work, count = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
    home = work / "home"
    subprocess.run([gtach, "--quiet", "--home", home, "init", "--fleet", "bench", "--node", "dev"], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run([gtach, "--quiet", "--home", home, "pack", tree(work, "0.1.0")], check=True, stdout=subprocess.DEVNULL)
    fill(home, next((home / "repository/packages").glob("*/*/*/")), count)
    run = [gtach, "--home", home]
    search = [*run, "search", "tacho*", "--author", "ann"]
    print(f"{count:,} releases                 processor     clock   per release   lines", flush=True)

    def show(what, result):
        lines = f"{result[2]:>8,}" if len(result) > 2 else ""
        clock = f"{result[1]:>8.3f}" if result[1] else " " * 8
        print(f"  {what:28} {result[0]:>8.3f}  {clock}  {result[0] / count * 1e6:>8.1f} us  {lines}", flush=True)

    show("list, the first time", timed([*run, "list"]))
    # What was changed within the last two seconds is looked at more closely.
    time.sleep(3)
    timed([*run, "list"])
    show("list", timed([*run, "list"]))
    show("search", timed(search))
    show("search --name", timed([*run, "search", "--name", "motor-motor-0"]))
    show("pack of one more", timed([*run, "pack", tree(work, "1.0.0")]))
    show("search after it", timed(search))
    show("reindex", timed([*run, "reindex"]))
    start, sync = daemon(gtach, home)
    show("daemon, until it answers", start)
    show("daemon, one sync", sync)
    packages = home / "repository/packages"
    jq = ('select((.name + " " + .description | test("\\\\btacho")) and (.author | test("Ann"))) '
          '| [.name, .version, .platform, .created, .description] | @tsv')
    show("find and jq: search", timed(["sh", "-c", f"find {packages} -name manifest.json -print0 | xargs -0 -n 1000 jq -r '{jq}'"]))
    update, apt, listing = with_apt(work, count)
    show("apt-get update", update)
    show("apt-cache dumpavail", listing)
    show("apt-cache search", apt)
    show("sqlite3 with FTS5: search", with_sqlite(work, count))
    shutil.rmtree(home)


main()
