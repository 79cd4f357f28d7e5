#!/usr/bin/env python3
"""Compares what Protocol/gtach.lua makes of a captured session with Protocol/README.md and with what was said.

    check-dissection.py PDML TRACE

PDML is tshark's output; TRACE has a line for each frame that the Python client sent or received, in its order.
Every message of the README's table must occur, with its name and all of its fields, and nothing may be malformed.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter, defaultdict
from pathlib import Path

PROTOCOL = Path(__file__).parents[2] / "Protocol"

# The fields of binary messages, a line for each message.
FIELDS = {
    "filePart": "id size total base bytes",
    "buckets": "id bitmap bucket",
    "getUnitLists": "id follow object",
    "unitList": "id object unit_digest",
    "getUnit": "id claim have unit",
    "unit": "id unit bytes",
    "getChunk": "id digest",
    "chunkPart": "id total bytes",
    "follow": "id index",
    "have": "id range",
    "claim": "id follow have urgent",
    "lease": "id granted",
    "end": "id",
}


def fail(what: str) -> None:
    sys.exit(f"check-dissection.py: {what}")


def limit(text: str) -> int:
    """`256 KiB + 13 bytes` in bytes."""
    units = {"KiB": 1024, "bytes": 1}
    parts = re.findall(r"([0-9,]+) (KiB|bytes)", text)
    return sum(int(number.replace(",", "")) * units[unit] for number, unit in parts)


def read_page() -> dict[int, tuple[str, str, int]]:
    """Name, form and limit of each message in the README."""
    rows = re.findall(r"^\| (0x\w\w) \| \[(\w+)\]\([^)]*\) \| [^|]* \| (JSON|binary) \| ([^|]+) \|$",
                      (PROTOCOL / "README.md").read_text(), re.M)
    return {int(kind, 16): (name, form, limit(text)) for kind, name, form, text in rows}


def read_dissector() -> dict[int, tuple[str, str, int]]:
    rows = re.findall(r'^  \[(0x\w\w)\] = \{ "(\w+)", ([^,]+),\s+("JSON"|\{)',
                      (PROTOCOL / "gtach.lua").read_text(), re.M)
    return {int(kind, 16): (name, "binary" if form == "{" else "JSON", eval(size, {"K": 1024}))
            for kind, name, size, form in rows}


def main(pdml: str, trace: str) -> None:
    page, known = read_page(), read_dissector()
    if len(page) < 25 or page != known:
        different = [f"0x{kind:02x}" for kind in sorted({*page, *known}) if page.get(kind) != known.get(kind)]
        fail(f"README.md and gtach.lua do not agree on {', '.join(different) or 'anything'}")
    counted, seen, checked = Counter(), defaultdict(lambda: defaultdict(list)), 0
    for packet in ElementTree.parse(pdml).getroot():
        number = packet.find("proto[@name='geninfo']/field[@name='num']").get("show")
        if packet.find(".//proto[@name='_ws.malformed']") is not None:
            fail(f"packet {number} is malformed")
        stream = packet.find(".//field[@name='tcp.stream']").get("show")
        ports = [packet.find(f".//field[@name='tcp.{end}port']").get("show") for end in ("src", "dst")]
        for frame in packet.findall("proto[@name='gtach']"):
            fields = Counter(field.get("name") for field in frame.findall("field"))
            for severity in frame.iter("field"):
                if severity.get("name") == "_ws.expert.severity":
                    fail(f"packet {number} has a frame with which something is wrong: {frame.get('showname')}")
            kind = int(frame.find("field[@name='gtach.type']").get("show"), 16)
            length = int(frame.find("field[@name='gtach.length']").get("show"))
            name, form, _ = page.get(kind, (f"0x{kind:02x}", "", 0))
            if frame.find("field[@name='gtach.name']").get("show") != name:
                fail(f"packet {number} has a {name} that is called something else")
            if form == "JSON" and frame.find("proto[@name='json']//field[@name='json.key']") is None:
                fail(f"packet {number} has a {name} without members")
            if form == "binary":
                if name not in FIELDS:
                    fail(f"say in FIELDS what {name} consists of")
                lacking = {f"gtach.{field}" for field in FIELDS[name].split()} - {*fields}
                # A node that holds nothing has no buckets and no units.
                if lacking - {"gtach.bucket", "gtach.range"}:
                    fail(f"packet {number} has a {name} without {', '.join(lacking)}")
            counted[name] += 1
            for port, direction in zip(ports, "DA"):
                seen[port, direction][stream].append(f"{kind:#04x} {length}")
    for key, said in sorted(read_trace(trace).items()):
        # A port may serve another connection later: the client's own, or the program's, of which the trace says nothing.
        shown = [*seen[key].values()]
        if said not in shown and said != sum(shown, []):
            fail(f"of port {key[0]} and direction {key[1]} it shows {[*map(len, shown)]} messages, but there were "
                 f"{len(said)}, or others")
        checked += len(said)
    lacking = [name for name, _, _ in page.values() if name not in counted]
    if lacking or not checked:
        fail(f"the session has no {', '.join(lacking) or 'trace'}")
    print("ok:", ", ".join(f"{count} {name}" for name, count in sorted(counted.items())))
    print(f"ok: {checked} of them are what the client sent and received, in its order")


def read_trace(path: str) -> dict[tuple[str, str], list[str]]:
    said = defaultdict(list)
    for line in Path(path).read_text().splitlines():
        port, direction, kind, length = line.split()
        said[port, direction].append(f"{kind} {length}")
    return said


if __name__ == "__main__":
    main(*sys.argv[1:])
