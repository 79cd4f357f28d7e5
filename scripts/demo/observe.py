"""What the demo reads from `gtach --json`.

  observe.py stands VERSION [REFUSED] < STATUS    ends with 0 where VERSION is installed, its self-tests passed, and
                                                  REFUSED, where given, was tried and taken back
  observe.py table DIRECTORY                      the closing table, from the PI.VERSION.status and PI.VERSION.peers in it
  observe.py ports N                              N free TCP ports of the loopback
"""

import json
import pathlib
import socket
import sys

VERSIONS = ["1.6.2", "2.0.0", "2.0.1"]


def installed(status):
    return {entry["name"]: entry for entry in status["installed"]}.get("gpiozero")


def stands(version, refused=None):
    entry = installed(json.load(sys.stdin))
    if not entry or entry["version"] != version:
        return False
    return refused is None or refused in entry["refused"]


def self_tests(entry):
    report = entry.get("selfTest")
    if not report:
        return "none"
    failed = [f"{result['expected']} read {result['actual']}" for result in report["results"] if not result["passed"]]
    total = len(report["results"])
    text = ", ".join([f"{total - len(failed)} of {total} passed", *failed])
    return text + " (mock)" if report["mock"] else text


def received(peers):
    return {peer["name"]: peer["receivedBytes"] for peer in peers if peer.get("name")}


def table(directory):
    rows = [("node", "release", "result", "from (bytes)", "self-tests")]
    directory = pathlib.Path(directory)
    for node in sorted({path.name.split(".")[0] for path in directory.glob("*.status")}):
        before = {}
        for version in VERSIONS:
            status, peers = (
                json.loads((directory / f"{node}.{version}.{kind}").read_text()) for kind in ("status", "peers"))
            entry, now = installed(status), received(peers)
            result = "installed" if entry["version"] == version else f"taken back to {entry['version']}"
            shares = {name: now[name] - before.get(name, 0) for name in now}
            sources = ", ".join(f"{name} {shares[name]:,}" for name in sorted(shares) if shares[name])
            rows.append((node, f"gpiozero@{version}", result, sources or "nobody", self_tests(entry)))
            before = now
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(count))]
    print(*(listener.getsockname()[1] for listener in sockets))


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if {"stands": stands, "table": table, "ports": ports}[command](*arguments) is False:
        sys.exit(1)
