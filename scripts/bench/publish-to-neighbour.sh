#!/usr/bin/env bash
# publish-to-neighbour.sh - from `gtach pack` returning to the release being in every neighbour's repository.
#
#   scripts/bench/publish-to-neighbour.sh [RUNS [NEIGHBOURS]]      5 runs and 8 unless told otherwise (Linux, root)
#
# Hosts in network namespaces, each with its own Avahi; a release of 100 kB that does not compress. The nodes have
# had nothing to do with each other for 15 seconds, or else are still connected from the release before. Beside it, from
# the same run: how long a change of a TXT record takes to be seen with Avahi's own tools, which no program on top of
# Avahi can beat, and how long curl takes to fetch the same bytes from a web server whose address it is told.
set -eu
. "$(dirname "$0")/../lib.sh"
. scripts/lan-fleet.sh

runs=${1:-5} neighbours=${2:-8}
fleet_up $((neighbours + 1)) release
mkdir "$work/web"
scripts/lan.sh exec 1 python3 -m http.server --directory "$work/web" 8080 </dev/null >/dev/null 2>&1 &
daemons="$daemons $!"

python3 - "$gtach" "$work" "$runs" "$neighbours" <<'END'
import os, pathlib, statistics, subprocess, sys, time

gtach, work, runs = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
hosts = range(2, int(sys.argv[4]) + 2)
lan = ["scripts/lan.sh", "exec"]


def until(condition, what, limit=60):
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > limit:
            sys.exit(f"not within {limit} s: {what}")
        time.sleep(0.002)
    return time.monotonic() - began


def quiet(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def has_met_the_publisher(host):
    peers = subprocess.run([gtach, "--home", str(work / f"h{host}"), "peers", "--json"], stdout=subprocess.PIPE).stdout
    return b'"h1"' in peers


for host in hosts:
    until(lambda: has_met_the_publisher(host), f"h{host} meets h1")


def publish(version):
    tree = work / f"tree-{version}"
    tree.mkdir()
    (tree / "data").write_bytes(os.urandom(100_000))
    quiet(gtach, "--home", str(work / "h1"), "pack", str(tree), "--name", "bench", "--version", version)
    manifests = [work / f"h{host}/repository/packages/bench" / version / "any/manifest.json" for host in hosts]
    return until(lambda: all(manifest.exists() for manifest in manifests), f"release {version} everywhere")


by_multicast, in_touch, seen, fetched = [], [], [], []
for run in range(runs):
    time.sleep(15)  # connections without need are closed after 10 seconds: the news comes by mDNS
    by_multicast.append(publish(f"1.{run}.0"))
    in_touch.append(publish(f"1.{run}.1"))
    (work / "web" / f"data-{run}").write_bytes(os.urandom(100_000))

    browser = subprocess.Popen([*lan, "2", "avahi-browse", "--parsable", "--no-db-lookup", "_bench._tcp"],
                               stdout=subprocess.PIPE, text=True)
    time.sleep(0.5)
    publisher = subprocess.Popen([*lan, "1", "avahi-publish-service", f"bench-{run}", "_bench._tcp", "9", f"run={run}"],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    began = time.monotonic()
    for line in browser.stdout:
        if line.startswith("+") and f"bench-{run}" in line:
            break
    seen.append(time.monotonic() - began)
    for process in (browser, publisher):
        process.terminate()
        process.wait()

    began = time.monotonic()
    quiet(*lan, "2", "curl", "--silent", "--fail", "--output", "/dev/null", f"http://10.77.0.1:8080/data-{run}")
    fetched.append(time.monotonic() - began)


def row(name, values):
    print(f"{name:62} {min(values):7.3f} {statistics.median(values):7.3f} {max(values):7.3f}")


print(f"{'seconds, ' + str(runs) + ' runs':62} {'min':>7} {'median':>7} {'max':>7}")
row(f"gtach: pack returns -> in all {len(hosts)} repositories, by mDNS", by_multicast)
row("gtach: the same while they are connected", in_touch)
row("avahi-publish-service -> seen by avahi-browse", seen)
row("curl, told the address, the same bytes", fetched)
END
