"""TLS, frames, requests and their answers, after Protocol/README.md."""

import json
import os
import socket
import ssl
import struct
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from difference import number

HELLO, FAILURE, GET_FILE, GET_BUCKETS, GET_ENTRIES, GET_LISTS, GET_UNIT, WATCH, GET_CHUNK = \
    1, 2, 0x10, 0x12, 0x14, 0x16, 0x18, 0x1A, 0x1C
FOLLOW, HAVE, JOIN, WELCOME, CLAIM, LEASE, END, GET_PEERS = 0x1E, 0x1F, 0x20, 0x21, 0x22, 0x23, 0x24, 0x82
K = 1024
LIMITS = {1: 256 * K, 2: 256 * K, 0x11: 256 * K + 13, 0x13: 4132, 0x15: 256 * K, 0x17: 16 * K + 8, 0x19: 64 * K + 8,
          0x1B: 256 * K, 0x1D: 64 * K + 8, HAVE: 64 * K, 0x21: 768 * K, LEASE: 5, 0x83: 32 * K}
BINARY = {GET_LISTS, GET_UNIT, GET_CHUNK}  # requests that have an answer and then no other
BINARY_ANSWERS = {0x11, 0x13, 0x17, 0x19, 0x1D}
NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, which Python has no name for


class Failure(Exception):
    """The other side's `failure`, or what would have been ours."""

    def __init__(self, code: str, message: str = ""):
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


def require(condition, code: str, message: str = "") -> None:
    if not condition:
        raise Failure(code, message)


def spelled(value: int) -> bytes:
    """A number as an index has it."""
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + spelled(value >> 7)


def key_id(key) -> str:
    return sha256(key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)).hexdigest()[:32]


def certificate_id(certificate: x509.Certificate) -> str:
    return key_id(certificate.public_key())


class Connection:
    """Frames over TLS."""

    def __init__(self, address: str, protocol: str, directory: Path | None = None):
        host, port = address.rsplit(":", 1)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False
        context.set_alpn_protocols([protocol])
        if directory:
            context.load_verify_locations(directory / "authority.pem")
            context.load_cert_chain(directory / "certificate.pem", directory / "key.pem")
            context.verify_flags |= NO_CHECK_TIME
        else:
            context.verify_mode = ssl.CERT_NONE  # who joins has nothing to check it with yet but the token
        plain = socket.create_connection((host.strip("[]"), int(port)), timeout=40)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = context.wrap_socket(plain, suppress_ragged_eofs=False)
        require(self.socket.selected_alpn_protocol() == protocol, "peer-untrusted", "no common ALPN")
        self.stream = self.socket.makefile("rb")
        self.requests = 0
        self.units: dict[int, set[int]] = {}  # by follow
        self.leases: set[int] = set()  # claims that have one

    def chain(self) -> list[x509.Certificate]:
        if hasattr(self.socket, "get_unverified_chain"):  # Python 3.13
            return [x509.load_der_x509_certificate(each) for each in self.socket.get_unverified_chain()]
        return [x509.load_pem_x509_certificate(each.public_bytes().encode())
                for each in self.socket._sslobj.get_unverified_chain()]

    def note(self, direction: str, kind: int, length: int) -> None:
        """Adds a line to the file that GTACH_CLIENT_TRACE names, if it does."""
        if path := os.environ.get("GTACH_CLIENT_TRACE"):
            with open(path, "a", encoding="ascii") as trace:
                print(self.socket.getsockname()[1], direction, f"{kind:#04x}", length, file=trace)

    def send(self, kind: int, body: bytes | dict) -> None:
        if isinstance(body, dict):
            body = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
        self.note("D", kind, len(body) + 1)
        self.socket.sendall(struct.pack(">IB", len(body) + 1, kind) + body)

    def exactly(self, count: int) -> bytes:
        data = self.stream.read(count)
        require(len(data) == count, "peer-closed")
        return data

    def receive(self) -> tuple[int, bytes]:
        while True:
            length, kind = struct.unpack(">IB", self.exactly(5))
            require(length, "frame-malformed")
            require(length - 1 <= min(LIMITS.get(kind, K * K), K * K - 1), "frame-oversize")
            body = self.exactly(length - 1)
            self.note("A", kind, length)
            if kind < 0x80 or kind in LIMITS:
                require(kind in LIMITS, "protocol-violation", f"a frame of type {kind:#x}")
                return kind, body

    def start(self, kind: int, body: bytes) -> int:
        """Sends a `follow` or a `claim`; what answers it may come at any time."""
        self.requests += 1
        self.send(kind, struct.pack(">I", self.requests) + body)
        return self.requests

    def notice(self, kind: int, body: bytes) -> bool:
        """Remembers what answers a `follow` or a `claim`; false for anything else."""
        if kind not in (HAVE, LEASE):
            return False
        identifier, place, end = struct.unpack(">I", body[:4])[0], 4, 0
        if kind == HAVE:
            units = self.units.setdefault(identifier, set())
            while place < len(body):
                gap, place = number(body, place)
                count, place = number(body, place)
                require(count and end + gap + count <= 2**27, "frame-malformed")
                units.update(range(end + gap, end + gap + count))
                end += gap + count
        elif body[4]:
            self.leases.add(identifier)
        else:
            self.leases.discard(identifier)
        return True

    def wait(self, happened) -> None:
        """Reads until it has; nothing else is under way."""
        while not happened():
            kind, body = self.receive()
            if kind == FAILURE:
                failure = json.loads(body)
                raise Failure(failure["code"], failure["message"])
            require(self.notice(kind, body), "protocol-violation", f"{kind:#x} answers nothing")

    def ask(self, questions, at_once: int = 64):
        """Asks all of them, so many under way at a time, and yields each one's answer, or its failure, in order.

        A question is a type, its body without the id, and what says of the bodies of an answer whether they are all."""
        waiting, questions = [], iter(questions)
        while True:
            while len(waiting) < at_once and (question := next(questions, None)):
                self.requests += 1
                kind, body, is_whole = question
                self.send(kind, {"id": self.requests, **body} if kind not in BINARY
                          else struct.pack(">I", self.requests) + body)
                waiting.append((self.requests, kind, is_whole))
            if not waiting:
                return
            identifier, kind, is_whole = waiting.pop(0)
            yield self.answer(identifier, kind, is_whole)

    def answer(self, identifier: int, kind: int, is_whole) -> list | Failure:
        bodies = []
        while not bodies or not is_whole(bodies):
            answer, body = self.receive()
            if self.notice(answer, body):
                continue
            body = (body[4:] if struct.unpack(">I", body[:4])[0] == identifier else None) \
                if answer in BINARY_ANSWERS else json.loads(body)
            if answer == FAILURE:
                failure = Failure(body["code"], body["message"])
                if body.get("id") == identifier:
                    return failure
                raise failure
            require(answer == kind + 1 and body is not None, "protocol-violation", f"{answer:#x} answers {kind:#x}")
            require(answer in BINARY_ANSWERS or body["id"] == identifier, "protocol-violation", "another id")
            bodies.append(body)
        return bodies

    def one(self, kind: int, body, is_whole=lambda bodies: True) -> list:
        answer, = self.ask([(kind, body, is_whole)])
        if isinstance(answer, Failure):
            raise answer
        return answer

    def close(self) -> None:
        try:
            self.socket.unwrap()
        except OSError:
            pass  # the other side was faster
        self.socket.close()
