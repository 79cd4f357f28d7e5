#!/usr/bin/env python3
"""Reads the vectors of Protocol/vectors that concern more than frames with the Python client's own code.

    check-vectors.py
"""

import json
import sys
from pathlib import Path

import difference
from client import index_digest
from invitation import read_token
from wire import Failure

VECTORS = Path(__file__).parents[3] / "Protocol/vectors"


def read(name: str):
    return json.loads((VECTORS / name).read_text())


def check(condition, what: str) -> None:
    if not condition:
        sys.exit(f"check-vectors.py: not so: {what}")


differences = read("differences.json")
for vector in differences:
    old, new, data = (bytes.fromhex(vector[member]) for member in ("old", "new", "difference"))
    # The vectors' new bytes stand there as they are, not in a frame.
    check(difference.apply(old, len(new), data, lambda frame, prefix, size: frame) == new, vector["name"])

digests = read("index-digests.json")
for vector in digests:
    buckets, root = index_digest(vector["entries"])
    check(root == vector["root"], vector["name"])
    check({str(i): digest.hex() for i, digest in buckets.items()}
          == {i: bucket["digest"] for i, bucket in vector["buckets"].items()}, vector["name"])

tokens = read("tokens.json")
for vector in tokens["valid"]:
    check(read_token(vector["token"]) == tuple(vector["fields"].values()), vector["name"])
for vector in tokens["invalid"]:
    try:
        read_token(vector["token"])
    except Failure as failure:
        check(failure.code == "token-invalid", vector["name"])
    else:
        check(False, vector["name"])
print(f"ok: {len(differences)} differences, {len(digests)} index digests, "
      f"{len(tokens['valid']) + len(tokens['invalid'])} tokens")
