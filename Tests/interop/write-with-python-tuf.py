#!/usr/bin/env python3
"""Writes the metadata of a small fleet with python-tuf, for gtach to read: Tests/interop/python-tuf.

    write-with-python-tuf.py DIRECTORY

The keys come from fixed seeds and Ed25519 is deterministic, so the same files come out every time. The second root
replaces the timestamp's key and asks for two signatures of the root's keys.

Needs: pip install 'tuf>=6' cryptography
"""

import sys
from datetime import datetime, timezone
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Key,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

EXPIRES = datetime(2126, 1, 1, tzinfo=timezone.utc)
MANIFEST = b'{"a manifest": "of python-tuf\'s making"}\n'


def signer(seed: int) -> CryptoSigner:
    return CryptoSigner(Ed25519PrivateKey.from_private_bytes(bytes([seed] * 32)))


def main(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    roots = [signer(1), signer(2)]
    targets, snapshot, timestamp, package = signer(3), signer(4), signer(5), signer(6)
    newer_timestamp = signer(7)

    def write(name: str, signed, *signers: CryptoSigner) -> MetaFile:
        metadata = Metadata(signed)
        for each in signers:
            metadata.sign(each, append=True)
        # Indented and in python-tuf's own order: gtach must verify what it parsed, not what it read.
        data = metadata.to_bytes(JSONSerializer(compact=False, validate=True))
        (directory / name).write_bytes(data)
        return MetaFile.from_data(signed.version, data, ["sha256"])

    def keys(*signers: CryptoSigner) -> list[Key]:
        return [each.public_key for each in signers]

    root = Root(version=1, expires=EXPIRES, consistent_snapshot=True)
    for role, signers in {
        "root": roots, "targets": [targets], "snapshot": [snapshot], "timestamp": [timestamp],
    }.items():
        for key in keys(*signers):
            root.add_key(key, role)
    write("1.root.json", root, *roots)
    root.version = 2
    root.roles["root"].threshold = 2
    root.revoke_key(timestamp.public_key.keyid, "timestamp")
    root.add_key(newer_timestamp.public_key, "timestamp")
    root.unrecognized_fields["x-ünknown"] = {"quote\"back\\slash": [1, -2, None, True, "\u0001\u2028\U0001f600"]}
    write("2.root.json", root, *roots)

    target = TargetFile.from_data("app/1.2.3/linux-arm64/manifest.json", MANIFEST, ["sha256", "sha512"])
    target.unrecognized_fields["custom"] = {"dependencies": {"hyperpixel": "^1.2"}, "platforms": [{"os": "linux"}]}
    app = Targets(version=4, expires=EXPIRES, targets={target.path: target})
    app_file = write("4.package-app.json", app, package)
    role = DelegatedRole("package-app", [package.public_key.keyid], 1, True, ["app/*/*/manifest.json"])
    delegations = Delegations({package.public_key.keyid: package.public_key}, {role.name: role})
    top = Targets(version=3, expires=EXPIRES, delegations=delegations)
    top_file = write("3.targets.json", top, targets)
    meta = {"targets.json": top_file, "package-app.json": app_file}
    snapshot_file = write("5.snapshot.json", Snapshot(version=5, expires=EXPIRES, meta=meta), snapshot)
    write("timestamp.json", Timestamp(version=6, expires=EXPIRES, snapshot_meta=snapshot_file), newer_timestamp)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
