"""The measurements of updates.sh: gtach's program, a directory of the run's own with the list of series in it."""
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time

gtach, work = sys.argv[1], pathlib.Path(sys.argv[2])
# How often an update is applied; medians are printed.
ROUNDS = 3


class Run:
    """A finished program: its output, wall and processor seconds, and the most memory in MB."""

    def __init__(self, *command, ok=(0,)):
        began = time.monotonic()
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        errors = []
        reader = threading.Thread(target=lambda: errors.append(process.stderr.read()))
        reader.start()
        self.output = process.stdout.read()
        reader.join()
        _, status, usage = os.wait4(process.pid, 0)
        if os.waitstatus_to_exitcode(status) not in ok:
            sys.exit(f"{command} failed: {errors[0].decode(errors='replace')}")
        self.wall = time.monotonic() - began
        self.processor = usage.ru_utime + usage.ru_stime
        self.memory = usage.ru_maxrss / 1024


class Relay:
    """Passes connections on to a port, and counts the bytes that come back, and the records of TLS that they are."""

    # Of each record (RFC 8446, 5.2): its header, the content's type, and the tag that it is authenticated with.
    RECORD_OVERHEAD = 5 + 1 + 16

    def __init__(self, target):
        self.target, self.received, self.records, self.sent = target, 0, 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.target))
            for source, sink, name in ((client, server, "sent"), (server, client, "received")):
                threading.Thread(target=self.copy, args=(source, sink, name), daemon=True).start()

    def copy(self, source, sink, name):
        head, rest = b"", 0
        try:
            while data := source.recv(65536):
                setattr(self, name, getattr(self, name) + len(data))
                sink.sendall(data)
                place = 0
                while name == "received" and place < len(data):
                    if rest == 0:
                        missing = 5 - len(head)
                        head, place = head + data[place:place + missing], place + missing
                        if len(head) == 5:
                            self.records += 1
                            head, rest = b"", int.from_bytes(head[3:5], "big")
                    taken = min(rest, len(data) - place) if rest else 0
                    rest, place = rest - taken, place + taken
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Daemon:
    """A node on loopback, without mDNS."""

    def __init__(self, home):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.log = open(work / "daemon.log", "ab")
        self.process = subprocess.Popen(
            [gtach, "--home", home, "node", "--no-mdns", "--listen", f"127.0.0.1:{self.port}"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        began = time.monotonic()
        while b'"daemon" : true' not in subprocess.run(
                [gtach, "--home", home, "status", "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout:
            if time.monotonic() - began > 30 or self.process.poll() is not None:
                sys.exit((work / "daemon.log").read_text())
            time.sleep(0.05)

    def memory(self):
        """Resident, in MB."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def tar(tree, path):
    Run("tar", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--format=ustar", "-cf", path,
        "-C", tree, ".")


def peers(old, new):
    """The bytes of other programs' differences between two trees."""
    one, two, patch = work / "old.tar", work / "new.tar", work / "patch"
    tar(old, one)
    tar(new, two)
    sizes = {}
    for name, command in {
            "xdelta3": ["xdelta3", "-9", "-f", "-e", "-B", str(max(one.stat().st_size, 1 << 20)), "-s", one, two, patch],
            "zstd": ["zstd", "-q", "-19", "-f", f"--patch-from={one}", two, "-o", patch],
            "bsdiff": ["bsdiff", one, two, patch]}.items():
        Run(*command)
        sizes[name] = patch.stat().st_size
    Run("zstd", "-q", "-19", "-T0", "-f", two, "-o", work / "new.zst")
    return sizes


def fleet():
    """A publisher's daemon, a relay to it, and a node that has joined the fleet and knows the relay only."""
    for home in ("dev", "node"):
        shutil.rmtree(work / home, ignore_errors=True)
    Run(gtach, "--quiet", "--home", work / "dev", "init", "--fleet", "bench", "--node", "dev")
    daemon = Daemon(work / "dev")
    relay = Relay(daemon.port)
    address = f"127.0.0.1:{relay.port}"
    token = Run(gtach, "--quiet", "--home", work / "dev", "invite", "node", "--address", address).output.split()[-1]
    Run(gtach, "--quiet", "--home", work / "node", "join", token.decode())
    return daemon, relay


def chunks(home):
    return sum(path.is_file() for path in (home / "repository/chunks").rglob("*"))


def measure(name, old, new):
    dev, node, out = work / "dev", work / "node", work / "out"
    daemon, relay = fleet()

    def pack(tree, version):
        return Run(gtach, "--home", dev, "--quiet", "pack", tree, "--name", name, "--version", version)

    def fetch():
        before, records = relay.received, relay.records
        run = Run(gtach, "--home", node, "--json", "sync", "--no-mdns", "--peer", f"127.0.0.1:{relay.port}")
        objects = sum(share["bytes"] for fetch in json.loads(run.output)["fetched"] for share in fetch["shares"])
        beside = relay.received - before - objects
        return run, objects, beside, (relay.records - records) * Relay.RECORD_OVERHEAD

    first = pack(old, "1.0.0")
    fetch()
    before = chunks(node)
    second = pack(new, "1.1.0")
    sizes = peers(old, new)

    # In turn, as whoever is first may have to wait for memory that the machine has not used yet.
    kept = work / "kept"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(node, kept, symlinks=True)
    updates, unpacks, packages = [], [], []
    for _ in range(ROUNDS):
        shutil.rmtree(node)
        shutil.copytree(kept, node, symlinks=True)
        update, objects, beside, transport = fetch()
        updates.append(update)
        (out / "tar").mkdir(parents=True)
        unpacks.append(Run(gtach, "--home", node, "extract", f"{name}@1.1.0", out / "release"))
        packages.append(Run("sh", "-c", f"zstd -dc {work}/new.zst | tar -xf - -C {out}/tar"))
        if subprocess.run(["diff", "-r", "--no-dereference", out / "release", out / "tar"]).returncode != 0:
            sys.exit(f"{name}: what was fetched is not the tree")
        shutil.rmtree(out)
    changed = chunks(node) - before
    idle = daemon.memory()
    daemon.end()

    best = min(sizes, key=sizes.get)
    update, unpack, package = (
        statistics.median(run.processor for run in runs) for runs in (updates, unpacks, packages))
    memory = statistics.median(run.memory for run in updates)
    print(f"{name:17} {objects:>9,} {sizes[best]:>9,} {best:7} {objects / sizes[best]:5.3f}"
          f" {beside - transport:>6,} {transport:>6,} {6144 + 80 * changed:>6,}"
          f"  {first.wall:5.1f} {second.wall:5.1f} {second.wall / first.wall:5.2f}"
          f"  {update:5.2f} {unpack:5.2f} {package:5.2f} {(update + unpack) / package:5.2f}"
          f"  {memory - idle:5.1f}", flush=True)


print("""                      patch      best peer         beside + TLS     aim  pack: seconds      apply: processor s        MB
                      bytes     bytes         ratio  bytes  bytes  bytes  first  next ratio  fetch  unpk  peer ratio   over""")
for line in (work / "series").read_text().splitlines():
    measure(*line.split("\t"))
