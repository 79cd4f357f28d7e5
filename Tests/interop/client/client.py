#!/usr/bin/env python3
"""A gtach client of its own, written after Protocol/README.md and without a look at gtach.

    client.py DIR join TOKEN                              makes DIR a member of the fleet
    client.py DIR list HOST:PORT                          prints what the node holds
    client.py DIR watch HOST:PORT                         waits until there is news, and prints it
    client.py DIR fetch HOST:PORT NAME/VERSION/PLATFORM [--chunks]
                                                          fetches an archive to DIR; --chunks: without objects

Needs: pip install 'tuf>=6' securesystemslib cryptography zstandard
"""

import json
import os
import struct
import sys
from hashlib import sha256
from pathlib import Path

import zstandard
from cryptography import x509
from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import Updater
from tuf.ngclient.fetcher import FetcherInterface

import release
from invitation import join
from swarm import Swarm
from wire import (FAILURE, GET_BUCKETS, GET_CHUNK, GET_ENTRIES, GET_FILE, HELLO, WATCH, Connection, Failure,
                  certificate_id, require)


def unpack(frame: bytes, prefix: bytes, size: int, magic: bytes = b"\x28\xb5\x2f\xfd") -> bytes:
    """Decodes a bare frame that stands after a prefix."""
    before = zstandard.ZstdCompressionDict(prefix, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if prefix else None
    data = zstandard.ZstdDecompressor(dict_data=before).decompressobj().decompress(magic + frame)
    require(len(data) <= size, "object-corrupt", "it yields too much")
    return data


def index_digest(entries: dict[str, str]) -> tuple[dict[int, bytes], str]:
    """The digests of the buckets that are not empty, and the root."""
    buckets: dict[int, list[bytes]] = {}
    for target, manifest in entries.items():
        digest = sha256(f"{target}\n{manifest}\n".encode()).digest()
        buckets.setdefault(digest[0], []).append(digest)
    digests = {i: sha256(b"".join(sorted(each))).digest()[:16] for i, each in buckets.items()}
    return digests, sha256(b"".join(digests.get(i, bytes(16)) for i in range(256))).hexdigest()[:32]


class Session(Connection, FetcherInterface):
    """A connection between members: what a dialler does."""

    def __init__(self, directory: Path, address: str, **hello):
        super().__init__(address, "gtach/1", directory)
        FetcherInterface.__init__(self)
        self.directory, self.answered = directory, []
        own = x509.load_pem_x509_certificate((directory / "certificate.pem").read_bytes())
        authority = x509.load_pem_x509_certificate((directory / "authority.pem").read_bytes())
        self.fleet, self.name = certificate_id(authority), own.subject.rfc4514_string().removeprefix("CN=")
        self.node = certificate_id(own)
        self.send(HELLO, {"versions": [1], "node": self.node, "name": self.name, "fleet": self.fleet,
                          "indexRoot": index_digest({})[1], "metadataVersion": 0} | hello)
        kind, body = self.receive()
        self.peer = json.loads(body)
        require(kind != FAILURE, self.peer.get("code"), self.peer.get("message"))
        require(kind == HELLO, "protocol-violation")
        require(1 in self.peer["versions"], "protocol-version")
        shown = x509.load_der_x509_certificate(self.socket.getpeercert(binary_form=True))
        require((self.peer["node"], self.peer["fleet"]) == (certificate_id(shown), self.fleet), "peer-untrusted")

    def file(self, kind: str, name: str, bases: list[bytes], limit: int = 2**24) -> bytes:
        named = [sha256(base).hexdigest()[:32] for base in bases]

        def is_whole(parts: list[bytes]) -> bool:
            require(len({part[:9] for part in parts}) == 1, "protocol-violation", "parts of several files")
            size, total, base = struct.unpack(">IIB", parts[0][:9])
            require(size <= limit and total <= size + size // 256 + 1024, "frame-oversize", "the file is too large")
            require(base <= len(bases), "protocol-violation", "a base that was not named")
            return sum(len(part) - 9 for part in parts) >= total

        parts = self.one(GET_FILE, {"kind": kind, "name": name, "bases": named}, is_whole)
        size, total, base = struct.unpack(">IIB", parts[0][:9])
        frame = b"".join(part[9:] for part in parts)
        require(len(frame) == total, "protocol-violation")
        data = unpack(frame, bases[base - 1] if base else b"", size)
        require(len(data) == size, "protocol-violation", "the file is shorter than it should be")
        self.answered.append((name, total, base))
        return data

    def _fetch(self, url: str):
        """What python-tuf asks a server for."""
        name = url.rsplit("/", 1)[-1]
        earlier = self.directory / "tuf" / f"{name.split('.')[-2]}.json"
        try:
            return iter([self.file("metadata", name, [earlier.read_bytes()] if earlier.is_file() else [])])
        except Failure as failure:
            if failure.code != "not-found":
                raise
            raise DownloadHTTPError(str(failure), 404) from None

    def manifest(self, path: str) -> dict:
        """Verified: the peer is but a mirror."""
        (self.directory / "tuf").mkdir(exist_ok=True)
        updater = Updater(str(self.directory / "tuf"), "gtach:/metadata/", fetcher=self,
                          bootstrap=(self.directory / "root.json").read_bytes())
        updater.refresh()
        target = updater.get_targetinfo(f"{path}/manifest.json")
        require(target, "not-found", f"{path} is not listed")
        data = self.had("manifest", target.hashes["sha256"], target.length)
        target.verify_length_and_hashes(data)
        return json.loads(data)

    def had(self, kind: str, digest: str, size: int) -> bytes:
        """A manifest or an index, checked and kept for the next one."""
        kept = self.directory / kind
        kept.mkdir(exist_ok=True)
        bases = [file.read_bytes() for file in sorted(kept.iterdir(), key=os.path.getmtime, reverse=True)[:3]]
        data = self.file(kind, digest, bases, size)
        require((len(data), sha256(data).hexdigest()) == (size, digest), "digest-mismatch", kind)
        (kept / digest).write_bytes(data)
        return data

    def entries(self) -> dict[str, str]:
        body, = self.one(GET_BUCKETS, {})
        buckets = [i for i in range(256) if body[i // 8] >> 7 - i % 8 & 1]
        digests = dict(zip(buckets, (body[i : i + 16] for i in range(32, len(body), 16)), strict=True))
        held = []
        if buckets:
            for part in self.one(GET_ENTRIES, {"buckets": buckets}, lambda bodies: not bodies[-1]["more"]):
                held += [(each["target"], each["manifest"]) for each in part["entries"]]
        counted, root = index_digest(dict(held))
        require(counted == digests, "protocol-violation", "buckets and entries do not fit together")
        require(root == self.peer["indexRoot"], "protocol-violation", "the root is not that of the buckets")
        return dict(held)


def fetch(session: Session, path: str, chunks_only: bool) -> None:
    """Writes the release's archive to DIR/archive/SHA-256."""
    manifest = session.manifest(path)
    archive, listed = manifest["archive"], manifest["index"]
    index = release.Index(session.had("index", listed["digest"], listed["size"]))
    archives, chunks = session.directory / "archive", session.directory / "chunk"
    archives.mkdir(exist_ok=True)
    chunks.mkdir(exist_ok=True)
    older = {file.name: file.read_bytes() for file in archives.iterdir()}
    data = {chunk: (chunks / chunk.hex()).read_bytes() for chunk in index.sizes if (chunks / chunk.hex()).is_file()}
    counted = {"had": len(data), "bytes": 0}
    # The cheapest object of those that can be decoded; a full one always can, in the archive's order.
    plan = {chunk: min((each for each in index.objects[chunk] if not each.base or each.base.hex() in older),
                       key=lambda each: each.size) for chunk in index.sizes if chunk not in data}
    fetched = {}
    if plan and not chunks_only:
        swarm = Swarm(session, index, bytes.fromhex(listed["digest"]))
        fetched = swarm.objects(list(plan.values()))
        swarm.end()

    def get_chunk(chunk: bytes):
        def is_whole(parts: list[bytes]) -> bool:
            total, length = struct.unpack(">I", parts[0][:4])[0], index.sizes[chunk]
            require(total <= length + length // 256 + 1024, "frame-oversize")
            return sum(len(part) - 4 for part in parts) >= total
        return GET_CHUNK, chunk, is_whole

    # What the peer has no object for, it has as a chunk.
    bare = [chunk for chunk, each in plan.items() if each.id not in fetched]
    answers = dict(zip(bare, list(session.ask(get_chunk(chunk) for chunk in bare))))
    names = {each[:8]: each for each in reversed(index.sizes)}
    for chunk, each in plan.items():
        if each.id in fetched:
            data[chunk], how = release.decode(fetched[each.id], index.sizes[chunk],
                                              older.get(each.base and each.base.hex()),
                                              lambda name: data[names[name]], unpack)
            counted["bytes"] += each.size
            kind = f"{'patch' if each.base else 'full'} {how}"
        else:
            if isinstance(answers[chunk], Failure):
                raise answers[chunk]
            frame, kind = b"".join(part[4:] for part in answers[chunk]), "bare"
            data[chunk] = unpack(frame, b"", index.sizes[chunk], magic=b"")
            counted["bytes"] += len(frame)
        counted[kind] = counted.get(kind, 0) + 1
        require(sha256(data[chunk]).digest() == chunk, "chunk-corrupt", chunk.hex())
        (chunks / chunk.hex()).write_bytes(data[chunk])
    whole = b"".join(data[chunk] for chunk, _ in index.chunks)
    digest = sha256(whole).hexdigest()
    require((digest, len(whole)) == (archive["digest"], archive["size"]), "digest-mismatch", "the archive")
    (archives / digest).write_bytes(whole)
    print(json.dumps({"archive": digest, "chunks": counted, "files": session.answered}))


def main() -> int:
    directory, command, *rest = Path(sys.argv[1]), *sys.argv[2:]
    try:
        if command == "join":
            join(directory, *rest)
            return 0
        session = Session(directory, rest[0])
        if command == "list":
            for target, manifest in sorted(session.entries().items()):
                print(target, manifest)
        elif command == "watch":
            known = {member: session.peer[member] for member in ("indexRoot", "metadataVersion")}
            print(json.dumps(known), flush=True)
            while (news := session.one(WATCH, known)[0]) | known == news:
                pass  # a sign of life
            print(json.dumps(news))
        elif command == "fetch":
            fetch(session, rest[1], "--chunks" in rest)
        session.close()
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
