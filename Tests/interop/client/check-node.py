#!/usr/bin/env python3
"""Sends a node what Protocol/README.md allows and what it forbids, and checks that it answers as the page says.

    check-node.py DIR HOST:PORT [PART...]    DIR is a member's, made by `client.py DIR join`; parts are the functions
                                             that are called at the end

The node holds at least one release, and no invitation is open. Every line that is printed is a check that passed.
"""

import json
import socket
import ssl
import struct
import sys
import tempfile
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

import release
from client import Session
from swarm import Swarm, answered_unit, object_id, unit_digest
from wire import (CLAIM, END, FOLLOW, GET_BUCKETS, GET_CHUNK, GET_FILE, GET_LISTS, GET_PEERS, GET_UNIT, HELLO, WATCH,
                  Connection, Failure, spelled)

VECTORS = Path(__file__).parents[3] / "Protocol/vectors"
directory, address = Path(sys.argv[1]), sys.argv[2]


def check(condition, what: str) -> None:
    if not condition:
        sys.exit(f"check-node.py: not so: {what}")
    print(f"ok: {what}")


def frame(kind: int, body: bytes | dict) -> bytes:
    body = json.dumps(body).encode() if isinstance(body, dict) else body
    return struct.pack(">IB", len(body) + 1, kind) + body


def ending(connection: Connection) -> str:
    """The code with which the node ended the connection, once all of its other frames are read."""
    code = "none"
    try:
        while True:
            kind, body = connection.receive()
            if kind == 2 and "id" not in json.loads(body):
                code = json.loads(body)["code"]
    except Failure as failure:
        return code if failure.code == "peer-closed" else str(failure)
    except OSError as error:
        return f"{code}, then {error}"
    finally:
        connection.socket.close()


def note_frames(session: Connection, data: bytes) -> None:
    """Has the whole frames of what is sent in one piece in the trace, too."""
    while len(data) > 4 and 0 < (length := int.from_bytes(data[:4], "big")) <= len(data) - 4:
        session.note("D", data[4], length)
        data = data[4 + length:]


def refused(what: str, data: bytes, code: str) -> None:
    session = Session(directory, address)
    note_frames(session, data)
    session.socket.sendall(data)
    found = ending(session)
    check(found == code, f"{what}: {code}" + (f", but it was {found}" if found != code else ""))


def greeting_refused(what: str, code: str, **hello) -> None:
    try:
        ended = ending(Session(directory, address, **hello))
    except Failure as failure:
        ended = failure.code
    check(ended == code, f"{what}: {code}" + (f", but it was {ended}" if ended != code else ""))


def replay_vectors() -> None:
    """Every invalid frame for an accepter gets its word, and no valid one ends a connection."""
    count = 0
    for vector in json.loads((VECTORS / "frames-invalid.json").read_text()):
        if vector["stream"] != "requests" or vector["error"] == "peer-closed":
            continue
        data = bytes.fromhex(vector["frame"])
        first = data[4:5] == b"\1"
        connection = Connection(address, "gtach/1", directory) if first else Session(directory, address)
        connection.socket.sendall(data)
        found = ending(connection)
        if found != vector["error"]:
            check(False, f"{vector['name']}: {vector['error']}, but it was {found}")
        count += 1
    check(count > 50, f"{count} invalid vectors get their errors")
    session, count = Session(directory, address), 0
    for vector in json.loads((VECTORS / "frames-valid.json").read_text()):
        if vector["stream"] != "requests" or vector["message"]["type"] in ("hello", "failure"):
            continue
        message = vector["message"]
        session.socket.sendall(bytes.fromhex(vector["frame"]))
        # What is followed and claimed is answered some time, or never.
        if message["type"] not in ("unknown", "follow", "claim", "end"):
            kind = int(vector["frame"][8:10], 16)
            answer = session.answer(message["id"], kind, lambda bodies: not (kind == 0x14 and bodies[-1]["more"]))
            check(isinstance(answer, list) or answer.code in ("not-found", "chunk-missing", "no-lease"),
                  f"{vector['name']}: " + ("an answer" if isinstance(answer, list) else answer.code))
        count += 1
    session.one(GET_BUCKETS, {})
    session.close()
    check(count > 10, f"{count} valid vectors end no connection")


def frames() -> None:
    refused("a frame of 1 MiB and a byte, only its length sent", b"\0\x10\0\1", "frame-oversize")
    refused("a getChunk longer than its fields, only its header sent", struct.pack(">IB", 38, GET_CHUNK),
            "frame-oversize")
    refused("a frame of length 0", bytes(4), "frame-malformed")
    refused("type 0x7f", frame(0x7F, b"x"), "protocol-violation")
    refused("an answer from a dialler", frame(0x1B, {"id": 1}), "protocol-violation")
    refused("a second hello", frame(HELLO, Session(directory, address).peer), "protocol-violation")
    refused("JSON that is none", frame(GET_FILE, b"{"), "frame-malformed")
    session = Session(directory, address)
    for extension in (frame(0x80, b""), frame(0xFF, bytes(2**20 - 1))):
        session.socket.sendall(extension)
    session.send(GET_BUCKETS, {"id": 5, "colour": [None, {"of": "a later version"}]})
    check(session.answer(5, GET_BUCKETS, lambda _: True), "extensions and unknown members are ignored")
    session.close()
    # A byte at a time, an extension before hello, and then the end within a frame.
    session = Connection(address, "gtach/1", directory)
    session.socket.sendall(frame(0x80, b"before hello"))
    own = Session(directory, address)
    hello = frame(HELLO, {"versions": [9, 1], "node": own_id(), "name": "py", "fleet": own.fleet,
                          "indexRoot": "0" * 32, "metadataVersion": 0})
    for byte in hello + frame(GET_BUCKETS, {"id": 1}):
        session.socket.sendall(bytes([byte]))
    check([session.receive()[0], session.receive()[0]] == [1, 0x13], "single bytes are frames, too")
    session.socket.sendall(b"\0\0\0\x10\x12{")
    session.socket.close()  # without close_notify, within a frame
    own.one(GET_BUCKETS, {})
    own.close()
    check(True, "an end within a frame ends no other connection")
    early = Connection(address, "gtach/1", directory)
    early.send(GET_BUCKETS, {"id": 1})
    check(ending(early) == "protocol-violation", "a request before hello: protocol-violation")


def own_id() -> str:
    certificate = x509.load_pem_x509_certificate((directory / "certificate.pem").read_bytes())
    return sha256(certificate.public_key().public_bytes_raw()).hexdigest()[:32]


def greetings() -> None:
    greeting_refused("another fleet", "peer-untrusted", fleet="0" * 32)
    greeting_refused("another node's id", "peer-untrusted", node="0" * 32)
    greeting_refused("no common version", "protocol-version", versions=[2, 3])
    greeting_refused("no versions", "frame-malformed", versions=[])


def requests() -> None:
    session = Session(directory, address)
    missing = list(session.ask([
        (GET_FILE, {"kind": "metadata", "name": "9999.root.json"}, lambda _: True),
        (GET_FILE, {"kind": "manifest", "name": "0" * 64}, lambda _: True),
        (GET_CHUNK, bytes(32), lambda _: True),
        (GET_UNIT, struct.pack(">IIB", 1, 0, 0), lambda _: True),
    ]))
    codes = [each.code if isinstance(each, Failure) else "an answer" for each in missing]
    check(codes == ["not-found", "not-found", "chunk-missing", "no-lease"],
          f"what is not there: {', '.join(codes)}, and the connection goes on")
    check(not any("/" in each.message for each in missing), "no failure says where the node keeps its files")
    # Answers come in the order of the requests, watch's when there is something to tell.
    known = {member: session.peer[member] for member in ("indexRoot", "metadataVersion")}
    session.send(WATCH, {"id": 900, **known})
    for identifier in (7, 7, 3):
        session.send(GET_BUCKETS, {"id": identifier})
    ids = [struct.unpack(">I", session.receive()[1][:4])[0] for _ in range(3)]
    check(ids == [7, 7, 3], "answers in order, one for each of two requests with the same id, and none waits for watch")
    session.close()
    session = Session(directory, address)
    news = session.one(WATCH, {**known, "metadataVersion": 0})[0]
    check(news == {"id": 1, **known}, "a watch that knows less is answered at once")
    check(str(session.peer.get("port")) == address.rsplit(":", 1)[1], "hello says where the node listens")
    # Whom it tells of it has met, and the client does not listen.
    told = session.one(GET_PEERS, {})[0]
    nodes = [entry["node"] for entry in told["peers"]]
    check(session.node not in nodes and session.peer["node"] not in nodes, f"it tells of {len(nodes)} others")
    # 65 and more at a time: either it stops reading for a while, or says what is wrong.
    count = 300
    for i in range(count):
        session.send(GET_BUCKETS, {"id": 1000 + i})
    try:
        for i in range(count):
            session.answer(1000 + i, GET_BUCKETS, lambda _: True)
        check(True, f"{count} requests at once are all answered, in order")
    except Failure as failure:
        check(failure.code == "protocol-violation", f"{count} requests at once: {failure.code}")
    session.close()


def swarming() -> None:
    """Units one by one against their lists, and in another order; follows, claims and leases."""
    session = Session(directory, address)
    target = sorted(session.entries())[0].removesuffix("/manifest.json")
    wanted = session.manifest(target)["index"]
    index = release.Index(session.had("index", wanted["digest"], wanted["size"]))
    digest = bytes.fromhex(wanted["digest"])
    swarm = Swarm(session, index, digest)
    objects = [each for of in index.objects.values() for each in of]
    largest = max(objects, key=lambda each: each.size)
    units = objects[-1].units.stop
    chunks = range(units, units + len(index.sizes))
    check(all(swarm.has(of[0]) for of in index.objects.values()) and session.units[swarm.follow].issuperset(chunks),
          "it has all full objects, and all chunks as they are")
    follow = struct.pack(">I", swarm.follow)

    def ask(kind: int, body: bytes, count: int = 1) -> list | Failure:
        return next(session.ask([(kind, body, lambda bodies: len(bodies) == count)]))

    def code(answer: list | Failure) -> str:
        return answer.code if isinstance(answer, Failure) else "an answer"

    listed = swarm.lists([largest])[largest.number]
    check(len(listed) > 1 and object_id(listed) == largest.id, f"a list of {len(listed)} units has the object's id")
    short = next((each for each in objects if len(each.units) == 1), None)
    for what, number in [("beyond the last", len(objects)), ("of one unit", short and short.number)]:
        if number is not None:
            found = code(ask(GET_LISTS, follow + spelled(number)))
            check(found == "not-found", f"the list of an object {what}: {found}")

    def unit(*units: int) -> list | Failure:
        return ask(GET_UNIT, struct.pack(">II", swarm.claim or 0, 0) + b"".join(spelled(each) for each in units))

    found = code(unit(largest.units.start))
    check(found == "no-lease", f"a unit without a lease: {found}")
    swarm.lease()
    for place, number in reversed(list(enumerate(largest.units))):
        named, piece = answered_unit(unit(number)[0])
        if named != number or unit_digest(piece) != listed[place]:
            check(False, f"unit {number} is not as it is listed")
    check(True, "each unit has the digest that the list says")
    some = list(largest.units)[:2]
    named = [answered_unit(unit(*some)[0])[0] for _ in range(4)]
    check({*named} == {*some}, "of two units it sends the one that it has sent less often")
    for what, number in [("the number of a chunk", units), ("a number behind the last", chunks.stop)]:
        found = code(unit(number))
        check(found == "not-found", f"{what} instead of a unit's: {found}")
    session.send(END, struct.pack(">I", 4_000_000_000))
    session.send(END, struct.pack(">I", swarm.claim))
    found = code(unit(largest.units.start))
    check(found == "no-lease", f"a unit after the end of the claim: {found}")
    unknown = session.start(FOLLOW, bytes(32))
    session.wait(lambda: unknown in session.units)
    check(not session.units[unknown], "of an index that it does not know it has nothing")
    found = code(ask(GET_LISTS, struct.pack(">I", unknown) + spelled(0)))
    check(found == "chunk-missing", f"a list of that index: {found}")
    session.close()
    following, claiming = frame(FOLLOW, struct.pack(">I", 1) + digest), struct.pack(">IIB", 1, 0, 0)
    refused("two follows with one id", following * 2, "protocol-violation")
    refused("nine follows", b"".join(frame(FOLLOW, struct.pack(">I", i) + digest) for i in range(9)),
            "protocol-violation")
    refused("a claim without a follow", frame(CLAIM, struct.pack(">I", 2) + claiming), "protocol-violation")
    refused("a claim with the id of a follow", following + frame(CLAIM, struct.pack(">I", 1) + claiming),
            "protocol-violation")
    refused("nine claims", following + b"".join(frame(CLAIM, struct.pack(">I", 2 + i) + claiming) for i in range(9)),
            "protocol-violation")
    refused("lists without a follow", frame(GET_LISTS, struct.pack(">II", 1, 1) + b"\0"), "protocol-violation")


def stranger(where: Path) -> None:
    """A member of another fleet, whose authority has the same name."""
    authority, key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    real = x509.load_pem_x509_certificate((directory / "authority.pem").read_bytes())
    start, end = datetime(1970, 1, 1, tzinfo=timezone.utc), datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "py")])
    certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(real.subject).public_key(key.public_key())
                   .serial_number(7).not_valid_before(start).not_valid_after(end).sign(authority, None))
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (where / "key.pem").write_bytes(private)
    (where / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    (where / "authority.pem").write_bytes((directory / "authority.pem").read_bytes())


def transport() -> None:
    host, port = address.rsplit(":", 1)

    def shake(what: str, protocols: list[str], version=ssl.TLSVersion.TLSv1_3, member: Path | None = directory,
              alert: bool = True) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = version
        if protocols:
            context.set_alpn_protocols(protocols)
        if member:
            context.load_cert_chain(member / "certificate.pem", member / "key.pem")
        alerted = False
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout=40) as plain:
                with context.wrap_socket(plain, suppress_ragged_eofs=False) as secure:
                    found = secure.recv(5)  # in TLS 1.3 the accepter judges after the dialler's handshake
        except OSError as error:
            found, alerted = b"", True
            what += f" ({getattr(error, 'reason', None) or type(error).__name__})"
        check(found == b"" and alerted == alert, f"refused without a frame: {what}")

    shake("TLS 1.2", ["gtach/1"], ssl.TLSVersion.TLSv1_2)
    shake("no ALPN, with close_notify", [], alert=False)
    shake("another ALPN", ["h2"])
    shake("no certificate", ["gtach/1"], member=None)
    shake("to join while no invitation is open", ["gtach-join/1"], member=None)
    with tempfile.TemporaryDirectory() as where:
        stranger(Path(where))
        shake("a certificate of another authority", ["gtach/1"], member=Path(where))


parts = [transport, greetings, frames, requests, swarming, replay_vectors]
for part in parts:
    if len(sys.argv) == 3 or part.__name__ in sys.argv[3:]:
        part()
Session(directory, address).close()
print("the node answers as the page says")
