"""What the demo reads from gtach's JSON.

  observe.py ports N                      prints N free TCP ports of the loopback
  observe.py follow NODE LOG              shows what a node's daemon writes to its log, until it is ended
  observe.py runs < STATUS                ends with 0 where a daemon answered
  observe.py stands VERSION [REFUSED] < STATUS
                                          ends with 0 where VERSION is installed and REFUSED, where given, refused
  observe.py table LOG...                 the closing table, from the logs of the Pis; ends with 0 only where every
                                          one installed the first two releases and took the third one back
"""

import json
import os
import pathlib
import signal
import socket
import sys
import time

# The releases in their order, and whether each is to be kept.
RELEASES = {"1.6.2": True, "2.0.0": True, "2.0.1": False}
PACKAGE = "gpiozero"


def ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(count))]
    print(*(listener.getsockname()[1] for listener in sockets))


def failures(self_test):
    return [f"{check['expected']} read {check['actual']}" for check in self_test["results"] if not check["passed"]]


def self_test_text(self_test):
    if not self_test:
        return "none"
    count, failed = len(self_test["results"]), failures(self_test)
    text = ", ".join([f"{count - len(failed)} of {count} passed", *failed])
    return text + " (mock)" if self_test["mock"] else text


def shares_text(shares):
    return ", ".join(f"{share['peer']} {share['bytes']:,}" for share in shares) or "nobody"


def sentence(kind, fields):
    """What people are told of an event; None for what is no news to them."""
    value = fields.get("fetch") or fields.get("result")
    if kind == "listening":
        return f"listens on {fields['endpoint']}"
    if kind == "discoveryAvailable":
        return "advertises itself and browses"
    if kind == "nodeJoined":
        return f"{fields['name']} joined the fleet"
    if kind == "peerConnected":
        return f"met {fields['name']} at {fields['endpoint']}"
    if kind == "metadataUpdated":
        return f"verified metadata version {fields['version']} from {fields['from']}"
    if kind == "fetchStarted":
        holders = f"{fields['peers']} peer{'' if fields['peers'] == 1 else 's'}"
        return f"fetches {fields['release']}, {fields['bytes']:,} bytes, from {holders}"
    if kind == "fetchProgress":
        return f"has {fields['receivedBytes']:,} of {fields['totalBytes']:,} bytes of {fields['release']}"
    if kind == "fetchFinished":
        return f"has {value['release']} after {value['milliseconds']} ms, bytes from: {shares_text(value['shares'])}"
    if kind == "updateStep":
        return f"{fields['release']}: {fields['step']}"
    if kind == "updateFinished":
        return f"{value['message']}; self-tests: {self_test_text(value.get('selfTest'))}"
    error = fields.get("error")
    if isinstance(error, dict) and "code" in error:
        return f"{error['message']}: {error.get('reason', error['code'])}"
    return None


def news(line):
    try:
        ((kind, fields),) = json.loads(line)["event"].items()
        return sentence(kind, fields)
    except (ValueError, LookupError, TypeError):
        return line.rstrip()


def follow(node, log):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    name = f"\033[2m{node:5}\033[0m" if colour else f"{node:5}"
    pending = ""
    with open(log, encoding="utf-8", errors="replace") as lines:
        while True:
            pending += lines.readline()
            if not pending.endswith("\n"):
                time.sleep(0.05)
                continue
            if text := news(pending):
                # One write, or the lines of several nodes would mix.
                sys.stdout.write(f"{name} {text}\n")
                sys.stdout.flush()
            pending = ""


def runs():
    return json.load(sys.stdin)["daemon"]


def stands(version, refused=None):
    status = json.load(sys.stdin)
    entry = {entry["name"]: entry for entry in status["installed"]}.get(PACKAGE)
    if not entry or entry["version"] != version:
        return False
    return refused is None or refused in entry["refused"]


def table(*logs):
    rows = [("node", "release", "result", "bytes from", "self-tests")]
    right = True
    for log in map(pathlib.Path, logs):
        shares, results = {}, {}
        for line in log.read_text(encoding="utf-8").splitlines():
            if line.startswith("{"):
                event = json.loads(line)["event"]
                if "fetchFinished" in event:
                    fetch = event["fetchFinished"]["fetch"]
                    shares[fetch["release"]] = fetch["shares"]
                if "updateFinished" in event:
                    result = event["updateFinished"]["result"]
                    results[result["version"]] = result
        for version, kept in RELEASES.items():
            release, result = f"{PACKAGE}@{version}", results.get(version)
            if not result:
                outcome = "never tried"
            elif result["success"]:
                outcome = "installed"
            else:
                outcome = "rolled back" if result["rollbackPerformed"] else "failed"
            self_test = result and result.get("selfTest")
            rows.append((log.stem, release, outcome, shares_text(shares.get(release, [])), self_test_text(self_test)))
            right = right and outcome == ("installed" if kept else "rolled back")
            right = right and bool(self_test) and bool(failures(self_test)) != kept and bool(shares.get(release))
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    return right


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    commands = {"ports": ports, "follow": follow, "runs": runs, "stands": stands, "table": table}
    if commands[command](*arguments) is False:
        sys.exit(1)
