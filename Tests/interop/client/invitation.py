"""What the section "Joining a fleet" of Protocol/README.md says."""

import base64
import json
import re
import struct
import zlib
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID
from tuf.api.metadata import Metadata, Root

from wire import FAILURE, JOIN, WELCOME, Connection, Failure, certificate_id, require


def read_token(text: str) -> tuple[str, str, str, str, list[str]]:
    """Secret, fleet, inviter, name and hints of an invitation."""
    text = text.strip()
    try:
        require(text.startswith("gtach1.") and len(text) <= 4096, "token-invalid")
        require(re.fullmatch("[A-Za-z0-9_-]*", text[7:]), "token-invalid")
        data = base64.urlsafe_b64decode(text[7:] + "=" * (-len(text[7:]) % 4))
        require(base64.urlsafe_b64encode(data).rstrip(b"=").decode() == text[7:], "token-invalid")
        require(struct.pack(">I", zlib.crc32(data[:-4])) == data[-4:], "token-invalid", "the checksum is wrong")
        end = 49 + data[48]
        name, hints, place = data[49:end].decode("ascii"), [], end + 1
        for _ in range(data[end]):
            hints.append(data[place + 1 : place + 1 + data[place]].decode("ascii"))
            place += 1 + data[place]
    except (IndexError, ValueError) as error:
        raise Failure("token-invalid", str(error)) from None
    require(place == len(data) - 4 and len(hints) <= 8, "token-invalid", "it does not end where it should")
    require(re.fullmatch("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name), "token-invalid", "the name is none")
    require(all(re.fullmatch(r".+:[0-9]{1,5}", hint) for hint in hints), "token-invalid", "a hint is no address")
    return data[:16].hex(), data[16:32].hex(), data[32:48].hex(), name, hints


def join(directory: Path, token: str) -> None:
    secret, fleet, inviter, name, hints = read_token(token)
    connection = Connection(hints[0], "gtach-join/1")
    leaf, *others = connection.chain()
    require(certificate_id(leaf) == inviter, "peer-untrusted", "this is not who invited")
    authority = next((each for each in others if certificate_id(each) == fleet), None)
    require(authority, "peer-untrusted", "the chain has no authority of the fleet")
    leaf.verify_directly_issued_by(authority)
    key = Ed25519PrivateKey.generate()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, None)
    pem = serialization.Encoding.PEM
    connection.send(JOIN, {"secret": secret, "request": request.public_bytes(pem).decode()})
    kind, body = connection.receive()
    welcome = json.loads(body)
    require(kind != FAILURE, welcome.get("code"), welcome.get("message"))
    require(kind == WELCOME, "protocol-violation")
    connection.close()
    certificate = x509.load_pem_x509_certificate(welcome["certificate"].encode())
    authority = x509.load_pem_x509_certificate(welcome["authority"].encode())
    require(certificate_id(authority) == fleet, "peer-untrusted", "another authority")
    require(certificate.public_key() == key.public_key(), "peer-untrusted", "another key")
    certificate.verify_directly_issued_by(authority)
    root = base64.b64decode(welcome["root"], validate=True)
    metadata = Metadata[Root].from_bytes(root)
    metadata.signed.verify_delegate(Root.type, metadata.signed_bytes, metadata.signatures)
    directory.mkdir(parents=True, exist_ok=True)
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for file, data in {"key.pem": private, "certificate.pem": welcome["certificate"].encode(),
                       "authority.pem": welcome["authority"].encode(), "root.json": root}.items():
        (directory / file).write_bytes(data)
    (directory / "key.pem").chmod(0o600)
    print(f"joined {fleet} as {certificate_id(certificate)} ({name})")
