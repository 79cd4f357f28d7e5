#!/usr/bin/env python3
"""Reads what gtach publishes with python-tuf, the reference implementation of TUF.

    read-with-python-tuf.py METADATA_DIRECTORY TARGET_PATH TARGET_FILE [--root FILE]

python-tuf's own client walks from the root (METADATA_DIRECTORY/1.root.json, or FILE) to the target
(NAME/VERSION/PLATFORM/manifest.json) as it would against a server, and compares TARGET_FILE with what the signed
metadata says of it. Exits with 0 if all of it is good, with 1 and the reason if not.

Needs: pip install 'tuf>=6' cryptography
"""

import argparse
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

from securesystemslib.signer import SSlibKey
from tuf.api.exceptions import DownloadError, DownloadHTTPError, RepositoryError
from tuf.api.metadata import Metadata, Root
from tuf.ngclient import Updater, UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface

SERVER = "http://localhost"


class DirectoryFetcher(FetcherInterface):
    """Serves the metadata directory and the one target, as a server would."""

    def __init__(self, metadata: Path, target_path: str, target: Path):
        self.metadata = metadata
        self.targets = {f"/targets/{target_path}": target}
        self.served: list[str] = []

    def _fetch(self, url: str):
        path = unquote(urlsplit(url).path)
        file = self.targets.get(path)
        if file is None and path.startswith("/metadata/"):
            file = self.metadata / path.removeprefix("/metadata/")
        if file is None or not file.is_file():
            raise DownloadHTTPError(f"{path} is not there", 404)
        self.served.append(path)
        return iter([file.read_bytes()])


def check_key_ids(root: bytes) -> None:
    """python-tuf takes any key id; the specification (4.3) wants the SHA-256 of the key's canonical form."""
    from hashlib import sha256

    from securesystemslib.formats import encode_canonical

    for key_id, key in Metadata[Root].from_bytes(root).signed.keys.items():
        assert isinstance(key, SSlibKey)
        calculated = sha256(encode_canonical(key.to_dict()).encode()).hexdigest()
        if calculated != key_id:
            raise RepositoryError(f"key id {key_id} is not {calculated}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Read what gtach publishes with python-tuf.")
    parser.add_argument("metadata", type=Path, help="the directory of the signed metadata")
    parser.add_argument("target_path", help="NAME/VERSION/PLATFORM/manifest.json")
    parser.add_argument("target_file", type=Path, help="the manifest")
    parser.add_argument("--root", type=Path, help="the trusted root (default: 1.root.json of the directory)")
    arguments = parser.parse_args()
    try:
        root = (arguments.root or arguments.metadata / "1.root.json").read_bytes()
        check_key_ids(root)
        fetcher = DirectoryFetcher(arguments.metadata, arguments.target_path, arguments.target_file)
        with tempfile.TemporaryDirectory() as directory:
            updater = Updater(
                metadata_dir=directory,
                metadata_base_url=f"{SERVER}/metadata/",
                target_dir=directory,
                target_base_url=f"{SERVER}/targets/",
                fetcher=fetcher,
                config=UpdaterConfig(prefix_targets_with_hash=False),
                bootstrap=root,
            )
            updater.refresh()
            target = updater.get_targetinfo(arguments.target_path)
            if target is None:
                raise RepositoryError(f"{arguments.target_path} is not listed")
            updater.download_target(target, filepath=str(Path(directory) / "target"))
    except (RepositoryError, DownloadError, OSError, ValueError) as error:
        print(f"python-tuf refuses it: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    read = ", ".join(path.rsplit("/", 1)[-1] for path in fetcher.served)
    print(f"python-tuf accepts {arguments.target_path} (read {read})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
