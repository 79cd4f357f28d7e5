#!/usr/bin/env python3
"""Writes the vectors of frames as a capture (pcap), for Protocol/gtach.lua to read without TLS.

    write-vectors-capture.py CAPTURE EXPECTED

Each frame is a connection of its own to port 7421, once in segments of 1,400 bytes and, unless it is long, once in
single bytes. EXPECTED has a line for each connection: its port, and the name of the message or the error that it has to show.
Of the invalid frames only those are there that break the rules for lengths and types.
"""

import json
import struct
import sys
from pathlib import Path

VECTORS = Path(__file__).parents[2] / "Protocol/vectors"
RAW_IP, SERVER_PORT = 101, 7421


def packet(port: int, sequence: int, data: bytes) -> bytes:
    """An IPv4 packet from and to 127.0.0.1, without checksums."""
    tcp = struct.pack(">HHIIBBHHH", port, SERVER_PORT, sequence, 1, 5 << 4, 0x18, 65535, 0, 0) + data
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + b"\x7f\0\0\1" * 2 + tcp


def shown_errors(vector: dict) -> bool:
    """Whether the frame is wrong in a way that is seen without knowing what its fields mean."""
    data = bytes.fromhex(vector["frame"])
    return vector["error"] == "frame-oversize" or "unknown type" in vector["name"] or data == bytes(4)


def main(capture: str, expected: str) -> None:
    valid = json.loads((VECTORS / "frames-valid.json").read_text())
    invalid = json.loads((VECTORS / "frames-invalid.json").read_text())
    streams = [(bytes.fromhex(each["frame"]), each["message"]["type"]) for each in valid]
    streams = [(frame, "extension" if name == "unknown" else name) for frame, name in streams]
    streams += [(bytes.fromhex(each["frame"]), each["error"]) for each in invalid if shown_errors(each)]
    port = 10_000
    with open(capture, "wb") as pcap, open(expected, "w", encoding="ascii") as lines:
        pcap.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, RAW_IP))
        for data, what in streams:
            for size in (1400, 1) if len(data) < 1000 else (1400,):
                print(port, what, file=lines)
                for place in range(0, len(data), size):
                    each = packet(port, 1 + place, data[place : place + size])
                    pcap.write(struct.pack("<IIII", 0, 0, len(each), len(each)) + each)
                port += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
