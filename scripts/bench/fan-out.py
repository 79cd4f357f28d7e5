"""The measurements of fan-out.sh, on its hosts: host 1 is the source, the receivers are 2 and on."""
import hashlib
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time

gtach, work = sys.argv[1], pathlib.Path(sys.argv[2])
receivers, rate, megabytes, runs = int(sys.argv[3]), sys.argv[4], int(sys.argv[5]), int(sys.argv[6])
only = sys.argv[7].split(",")
memory = work / "memory"
size = megabytes << 20
hosts = range(2, receivers + 2)
limit_seconds = 120


def address(host):
    return f"10.77.0.{host}"


def until(condition, what, seconds=limit_seconds, pause=0.002):
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise RuntimeError(f"not within {seconds} s: {what}")
        time.sleep(pause)


class Host:
    """A program on a host, which begins when it is told to: what it takes to get there is not measured."""

    def __init__(self, host, *command, log):
        self.name, self.log = f"{command[0]} on host {host}", log
        with open(log, "ab") as file:
            self.process = subprocess.Popen(
                ["scripts/lan.sh", "exec", str(host), "sh", "-c", 'echo; read -r go; exec "$@"', "sh",
                 *(str(word) for word in command)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file)
        self.process.stdout.readline()
        self.ended = None
        self.reader = threading.Thread(target=self.copy)
        self.reader.start()

    def copy(self):
        with open(self.log, "ab") as file:
            while data := self.process.stdout.read1():
                file.write(data)
                file.flush()
        self.process.wait()
        self.ended = time.time()

    def go(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.close()
        return self

    def finish(self):
        """Waits for its end, and returns when that was."""
        self.reader.join(limit_seconds)
        if self.process.returncode != 0:
            raise RuntimeError(f"{self.name} failed: {self.log.read_text(errors='replace')[-2000:]}")
        return self.ended

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.reader.join()

    def peak_megabytes(self):
        """The most that was resident at a time since it began, or since it was last asked."""
        directory = pathlib.Path(f"/proc/{self.process.pid}")
        status = (directory / "status").read_text()
        (directory / "clear_refs").write_text("5")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def processor(self):
        """User and system seconds."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(host, *command):
    done = subprocess.run(["scripts/lan.sh", "exec", str(host), *(str(word) for word in command)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise RuntimeError(f"{command} on host {host} failed: {done.stderr.decode(errors='replace')}")
    return done.stdout


def sent_by_source():
    for line in run(1, "cat", "/proc/net/dev").decode().splitlines():
        name, _, counters = line.strip().partition(":")
        if name == "eth0":
            return int(counters.split()[8])


class Fleet:
    """Daemons on all hosts, each connected to each other."""

    def __init__(self, place):
        self.place, self.daemons = place, {}
        run(1, gtach, "--quiet", "--home", self.home(1), "init", "--fleet", "bench", "--node", "h1")
        self.start(1, range(0))
        for host in hosts:
            token = run(1, gtach, "--quiet", "--home", self.home(1), "invite", f"h{host}", "--address",
                        f"{address(1)}:7420").split()[-1]
            run(host, gtach, "--quiet", "--home", self.home(host), "join", token.decode())
        self.daemons.pop(1).stop()
        for host in (1, *hosts):
            self.start(host, (1, *hosts))
        until(lambda: all(self.is_connected(host) for host in (1, *hosts)), "every node is connected to every other",
              pause=0.2)

    def home(self, host):
        return self.place / f"h{host}"

    def start(self, host, peers):
        command = [gtach, "--home", self.home(host), "--json", "node", "--no-mdns", "--listen", f"{address(host)}:7420"]
        for peer in peers:
            command += ["--peer", f"{address(peer)}:7420"] if peer != host else []
        self.daemons[host] = Host(host, *command, log=work / f"h{host}.log").go()
        until(lambda: (self.home(host) / "node.sock").exists() and self.answers(host), f"the daemon of h{host} answers",
              30, 0.05)

    def answers(self, host):
        return json.loads(run(host, gtach, "--home", self.home(host), "status", "--json"))["daemon"]

    def is_connected(self, host):
        done = subprocess.run([gtach, "--home", str(self.home(host)), "peers", "--json"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
        peers = json.loads(done.stdout)["peers"] if done.stdout else []
        return sum(peer["state"] == "connected" for peer in peers) >= receivers

    def processor(self):
        return sum(daemon.processor() for daemon in self.daemons.values())

    def peaks(self):
        """The most memory that the source took, and any receiver, in MiB."""
        peaks = {host: daemon.peak_megabytes() for host, daemon in self.daemons.items()}
        return peaks[1], max(peaks[host] for host in hosts)

    def publish(self, version):
        """Packs new bytes, and returns when they are visible, when each receiver has them, and what it cost the nodes."""
        tree = memory / "tree"
        tree.mkdir(exist_ok=True)
        with open(tree / "data", "wb") as file:
            for _ in range(megabytes):
                file.write(os.urandom(1 << 20))
        def manifest(host):
            return self.home(host) / "repository/packages/bench" / version / "any/manifest.json"

        waiting, visible, done, before = set(hosts), None, [], 0
        pack = Host(1, gtach, "--home", self.home(1), "--quiet", "pack", tree, "--name", "bench", "--version", version,
                    log=work / "pack.log").go()
        try:
            began = time.monotonic()
            while waiting:
                if visible is None and manifest(1).exists():
                    visible, before = time.time(), self.processor()
                    self.peaks()
                for host in [host for host in waiting if manifest(host).exists()]:
                    done.append(time.time())
                    waiting.remove(host)
                if time.monotonic() - began > limit_seconds:
                    raise RuntimeError(f"release {version} does not reach {sorted(waiting)}")
                time.sleep(0.002)
            pack.finish()
        finally:
            pack.stop()
        peaks = self.peaks()
        return visible, done, (f"nodes' processor s {self.processor() - before:.2f}, peak MiB of the source "
                               f"{peaks[0]:.0f}, of a receiver {peaks[1]:.0f}")

    def end(self):
        for daemon in self.daemons.values():
            daemon.stop()
        shutil.rmtree(self.place)


def measured(name, begin):
    """Runs what `begin` returns: when it began, when each receiver was done, and what more there is to say."""
    load, sent = os.getloadavg()[0], sent_by_source()
    began, done, *cost = begin()
    sent = sent_by_source() - sent
    seconds = sorted(instant - began for instant in done)
    rows.setdefault(name, []).append((seconds[-1], sent / size))
    print(f"{name:10} {seconds[-1]:7.2f} s  source {sent / size:5.2f}  receivers "
          + " ".join(f"{each:.2f}" for each in seconds)
          + "".join(f"  {each}" for each in cost) + f"  load {load:.1f}", flush=True)


def with_gtach(fleet, version):
    return lambda: fleet.publish(version)


def at_all(some, *command):
    """A program at each of some receivers, begun together."""
    def begin():
        programs = [Host(host, *(word(host) if callable(word) else word for word in command), log=work / f"at{host}.log")
                    for host in some]
        began = time.time()
        for program in programs:
            program.go()
        return began, [program.finish() for program in programs]
    return begin


def place(host):
    return memory / f"at{host}"


def bencoded(value):
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    return b"d" + b"".join(bencoded(key) + bencoded(value[key]) for key in sorted(value)) + b"e"


def make_torrent():
    piece = 256 << 10
    with open(web / "data", "rb") as file:
        pieces = b"".join(iter(lambda: hashlib.sha1(data).digest() if (data := file.read(piece)) else b"", b""))
    info = {b"length": size, b"name": b"data", b"piece length": piece, b"pieces": pieces}
    announce = f"http://{address(1)}:6969/announce".encode()
    (work / "data.torrent").write_bytes(bencoded({b"announce": announce, b"info": info}))
    # Debian's tracker serves only what it is told to; it changes its root directory to this one.
    (work / "tracker").mkdir()
    (work / "tracker/allowed").write_text(hashlib.sha1(bencoded(info)).hexdigest() + "\n")
    hook = work / "finished"
    hook.write_text('#!/bin/sh\n: >"$3.finished"\n')
    hook.chmod(0o755)


def aria2(host, directory, *more):
    return Host(host, "aria2c", "--no-conf=true", "--enable-dht=false", "--enable-dht6=false", "--bt-enable-lpd=false",
                "--seed-ratio=0", "--file-allocation=none", "--listen-port=6881", "--summary-interval=0",
                f"--dir={directory}", *more, work / "data.torrent", log=work / f"at{host}.log")


def with_aria2():
    tracker = Host(1, "opentracker", "-i", address(1), "-p", "6969", "-P", "6969", "-d", work / "tracker",
                   "-w", "allowed", log=work / "tracker.log").go()
    seed = aria2(1, web, "--check-integrity=true", f"--on-bt-download-complete={work / 'finished'}").go()
    programs = []
    try:
        until((web / "data.finished").exists, "aria2 seeds")
        time.sleep(2)  # the tracker is told of the seed before
        programs = [aria2(host, place(host), f"--on-bt-download-complete={work / 'finished'}") for host in hosts]
        files = [place(host) / "data.finished" for host in hosts]
        began = time.time()
        for program in programs:
            program.go()
        until(lambda: all(file.exists() for file in files), "aria2 is done")
        return began, [file.stat().st_mtime for file in files]
    finally:
        for program in (*programs, seed, tracker):
            program.stop()
        (web / "data.finished").unlink(missing_ok=True)


def other(name, begin):
    for host in hosts:
        place(host).mkdir()
    measured(name, begin)
    for host in hosts:
        if (place(host) / "data").exists() and (place(host) / "data").stat().st_size != size:
            raise RuntimeError(f"{name} did not bring all of it to host {host}")
        shutil.rmtree(place(host))


def serve():
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", f"/CN={address(1)}", "-days", "2",
                    "-addext", f"subjectAltName=IP:{address(1)}", "-keyout", work / "web.key", "-out", work / "web.pem"],
                   check=True, stderr=subprocess.DEVNULL)
    (work / "nginx.conf").write_text(
        f"daemon off; user root; pid {work}/nginx.pid; error_log stderr; events {{ }}\n"
        f"http {{ access_log off; sendfile on; server {{ listen {address(1)}:8080; listen {address(1)}:8443 ssl;\n"
        f"root {web}; ssl_certificate {work}/web.pem; ssl_certificate_key {work}/web.key; ssl_protocols TLSv1.3; }} }}\n")
    (work / "rsyncd.conf").write_text(
        f"uid = root\ngid = root\nuse chroot = no\npid file = {work}/rsyncd.pid\nlock file = {work}/rsyncd.lock\n"
        f"[web]\npath = {web}\n")
    (work / "nginx").mkdir()
    servers = [
        Host(1, "nginx", "-p", work / "nginx", "-e", "stderr", "-c", work / "nginx.conf", log=work / "nginx.log").go(),
        Host(1, "rsync", "--daemon", "--no-detach", f"--config={work}/rsyncd.conf", f"--address={address(1)}",
             "--port=8730", log=work / "rsyncd.log").go(),
    ]
    until(lambda: (work / "nginx.pid").exists() and (work / "rsyncd.pid").exists(), "nginx and rsync listen", 30)
    return servers


def median(name, field):
    return statistics.median(row[field] for row in rows[name])


def table():
    """Prints the medians, and returns whether the aims are met."""
    print(f"\nmedians of {runs} runs: {megabytes} MiB, {receivers} receivers, links {rate or 'as fast as they are'}")
    print(f"{'':10} {'seconds':>8} {'/ curl-one':>10} {'source sent':>12}")
    for name in rows:
        ratio = f"{median(name, 0) / median('curl-one', 0):10.2f}" if "curl-one" in rows else f"{'-':>10}"
        print(f"{name:10} {median(name, 0):8.2f} {ratio} {median(name, 1):12.2f}")
    aims = []
    if "gtach" in rows:
        if "curl-one" in rows and rate:
            aims.append(("gtach / curl-one", median("gtach", 0) / median("curl-one", 0), 1.05 if receivers == 1 else 1.15))
        if "curl-tls" in rows:
            aims.append(("gtach / curl-tls", median("gtach", 0) / median("curl-tls", 0), 1.3))
        if "aria2" in rows and receivers > 1:
            aims.append(("gtach / aria2", median("gtach", 0) / median("aria2", 0), 0.75))
        aims.append(("source sent / release", median("gtach", 1), 1.2))
    for name, value, most in aims:
        print(f"{name:22} {value:5.2f}  aim {most:4.2f}  {'met' if value <= most else 'MISSED'}")
    return all(value <= most for _, value, most in aims)


rows = {}
web = memory / "web"
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
servers, fleet = [], None
try:
    if set(only) & {"curl-one", "curl-tls", "curl-all", "rsync-all", "aria2"}:
        web.mkdir()
        with open(web / "data", "wb") as file:
            for _ in range(megabytes):
                file.write(os.urandom(1 << 20))
        make_torrent()
        servers = serve()
    if "gtach" in only:
        (memory / "homes").mkdir()
        fleet = Fleet(memory / "homes")
    curl = ["curl", "--silent", "--show-error", "--fail", "--output", lambda host: place(host) / "data",
            f"http://{address(1)}:8080/data"]
    rsync = ["rsync", "--whole-file", f"rsync://{address(1)}:8730/web/data", lambda host: place(host) / "data"]
    for number in range(runs):
        if "curl-one" in only:
            other("curl-one", at_all([2], *curl))
        if "curl-tls" in only:
            other("curl-tls", at_all([2], "sh", "-c", 'curl "$@" && sha256sum "$2"', "curl", "--output",
                                     lambda host: place(host) / "data", "--silent", "--show-error", "--fail", "--tlsv1.3",
                                     "--cacert", work / "web.pem", f"https://{address(1)}:8443/data"))
        if fleet:
            measured("gtach", with_gtach(fleet, f"1.{number}.0"))
        if "aria2" in only:
            other("aria2", with_aria2)
        if "curl-all" in only:
            other("curl-all", at_all(hosts, *curl))
        if "rsync-all" in only:
            other("rsync-all", at_all(hosts, *rsync))
    if fleet:
        fleet.end()
        fleet = None
    if "on-disk" in only:
        (work / "disk/homes").mkdir()
        fleet = Fleet(work / "disk/homes")
        for number in range(runs):
            measured("on-disk", with_gtach(fleet, f"1.{number}.0"))
    met = table()
except Exception:
    for log in sorted(work.glob("*.log")):
        print(f"== {log.name}", *log.read_text(errors="replace").splitlines()[-5:], sep="\n", file=sys.stderr)
    raise
finally:
    for server in servers:
        server.stop()
    if fleet:
        fleet.end()
sys.exit(0 if met else 1)
