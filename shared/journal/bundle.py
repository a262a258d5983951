"""A bundle: a directory of JSON-lines files and a manifest with their hashes, which needs no server to be checked.

`manifest.json` holds `manifest` (format, exported_at, files: name → sha256, bytes, lines) and the SHA-256 of its
canonical JSON. It guards against accidents; against people, journals hold their chains and time stamps.
"""

import hashlib
import json
from collections.abc import AsyncIterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.journal.commit import canonical_json

FORMAT = 1
MANIFEST = "manifest.json"
MAX_LINE_BYTES = 16 * 1024 * 1024


class BundleError(Exception):
    """A bundle that cannot be used; subclasses name why, the message is for people."""


class NoBundle(BundleError):
    """There is no manifest, or it cannot be read."""


class UnknownBundleFormat(BundleError):
    """Another version of the product wrote it."""


class BundleExists(BundleError):
    """The directory to write to holds something; nothing in it was touched."""


class FileMissing(BundleError):
    """A file the manifest names is not there."""


class BundleCut(BundleError):
    """A file ends before its end."""


class BundleChanged(BundleError):
    """A file, or the manifest, is not what was written."""


def plain(value: Any) -> Any:
    """A stored document as JSON; databases keep milliseconds, so that is what counts of a moment."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds")
        case Mapping():
            return {str(name): plain(one) for name, one in value.items()}
        case list() | tuple():
            return [plain(one) for one in value]
        case _:
            return value


async def write(directory: Path, files: Mapping[str, AsyncIterable[Mapping[str, Any]]], exported_at: datetime) -> None:
    """Write each file's rows in their order, then the manifest. Raises: BundleExists."""
    if directory.exists() and any(directory.iterdir()):
        raise BundleExists(f"{directory} n'est pas vide : rien n'a été écrit.")
    directory.mkdir(parents=True, exist_ok=True)
    described = {name: await _write_lines(directory / name, rows) for name, rows in files.items()}
    manifest = {"format": FORMAT, "exported_at": exported_at.astimezone(UTC).isoformat(), "files": described}
    (directory / MANIFEST).write_text(canonical_json({"manifest": manifest, "sha256": _hash_of(manifest)}) + "\n")


async def _write_lines(path: Path, rows: AsyncIterable[Mapping[str, Any]]) -> dict[str, Any]:
    digest, size, lines = hashlib.sha256(), 0, 0
    with path.open("wb") as file:
        async for row in rows:
            line = canonical_json(plain(row)).encode() + b"\n"
            file.write(line)
            digest.update(line)
            size, lines = size + len(line), lines + 1
    return {"sha256": digest.hexdigest(), "bytes": size, "lines": lines}


def _hash_of(manifest: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_json(manifest).encode()).hexdigest()


class Bundle:
    """A bundle whose every file is as the manifest says."""

    def __init__(self, directory: Path) -> None:
        """Raises: BundleError."""
        self.directory = directory
        self._files = self._manifest()["files"]
        for name, described in self._files.items():
            self._check(name, described)

    @property
    def exported_at(self) -> datetime:
        return datetime.fromisoformat(self._manifest()["exported_at"])

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def rows(self, name: str) -> Iterator[dict[str, Any]]:
        with (self.directory / name).open("rb") as file:
            for line in file:
                yield json.loads(line)

    def _manifest(self) -> dict[str, Any]:
        path = self.directory / MANIFEST
        try:
            read = json.loads(path.read_bytes())
            manifest, said = read["manifest"], read["sha256"]
        except FileNotFoundError:
            raise NoBundle(f"{path} : absent, ce n'est pas un export.") from None
        except (ValueError, KeyError, TypeError):
            raise NoBundle(f"{path} : illisible, coupé ou modifié.") from None
        if manifest.get("format") != FORMAT:
            raise UnknownBundleFormat(f"{path} : format {manifest.get('format')}, cette version lit le {FORMAT}.")
        if _hash_of(manifest) != said:
            raise BundleChanged(f"{path} : modifié après l'export.")
        return manifest

    def _check(self, name: str, described: Mapping[str, Any]) -> None:
        path = self.directory / name
        if not path.is_file():
            raise FileMissing(f"{path} : annoncé par le manifeste, absent.")
        size = path.stat().st_size
        if size < described["bytes"]:
            raise BundleCut(f"{path} : coupé, {size} octets au lieu de {described['bytes']}.")
        digest, lines = hashlib.sha256(), 0
        with path.open("rb") as file:
            while line := file.readline(MAX_LINE_BYTES):
                digest.update(line)
                lines += 1
        if digest.hexdigest() != described["sha256"]:
            raise BundleChanged(f"{path} : modifié après l'export ({lines} lignes, {described['lines']} attendues).")
